import { randomUUID } from 'node:crypto';
import { defined } from '../../base/defined.ts';
import { jsonReply, type Reply } from './http.ts';

export interface StsErrorKind {
  /** The OAuth error code of the token endpoint. */
  error: string;
  /** 400 where it is left out. */
  status?: number;
  /** The sentence after the AADSTS number; `{}` stands for the detail. Own words: clients must not read it. */
  text: string;
  suberror?: string;
  /** The OAuth error code where the answer goes back from the authorize endpoint, if it is another one. */
  authorizeError?: string;
}

/**
 * What the tenant can refuse with, by AADSTS number. The pairs of number and OAuth error follow Microsoft's reference
 * of error codes and answers of the live service; `slow_down` has no published number, 90055 is its throttling code.
 */
export const stsErrors = {
  16000: { error: 'interaction_required', text: 'Several accounts could be meant; one has to be picked.' },
  28000: { error: 'invalid_scope', text: 'The scopes asked for belong to more than one resource: {}.' },
  50011: { error: 'invalid_request', text: 'The redirect URI {} is not registered for the application.' },
  50013: { error: 'invalid_grant', text: 'The assertion has been used before.' },
  50020: {
    error: 'invalid_grant',
    text: 'The account {} belongs to another tenant and has not been invited to this one as a guest.',
    authorizeError: 'access_denied',
  },
  50027: { error: 'invalid_request', text: 'The JWT is malformed or lacks a claim.' },
  50034: { error: 'invalid_grant', text: 'The account {} does not exist in this directory.' },
  50053: { error: 'invalid_grant', text: 'The account is locked after too many wrong tries.' },
  50057: { error: 'invalid_grant', text: 'The user account is disabled.' },
  50058: { error: 'login_required', text: 'A silent sign-in was asked for, but nobody is signed in.' },
  50076: {
    error: 'invalid_grant',
    text: 'A policy asks for multifactor authentication before access to {}.',
    suberror: 'basic_action',
    authorizeError: 'interaction_required',
  },
  50078: {
    error: 'invalid_grant',
    text: 'The second factor of the session is older than a policy allows for {}.',
    suberror: 'basic_action',
    authorizeError: 'interaction_required',
  },
  50097: {
    error: 'invalid_grant',
    text: 'The device has to authenticate itself.',
    suberror: 'additional_action',
    authorizeError: 'interaction_required',
  },
  50105: {
    error: 'invalid_grant',
    text: 'The administrator lets only assigned users into the application, and {} is not assigned.',
    authorizeError: 'access_denied',
  },
  50126: { error: 'invalid_grant', text: 'The user name or the password is wrong.' },
  50131: {
    error: 'invalid_grant',
    text: 'Conditional Access refuses the request.',
    suberror: 'message_only',
    authorizeError: 'access_denied',
  },
  50173: {
    error: 'invalid_grant',
    text: 'The grant was revoked; a new sign-in is needed. It was issued at {}.',
  },
  50194: {
    error: 'invalid_request',
    text: 'The application {} is registered for one tenant and cannot be used through a shared endpoint.',
  },
  50196: {
    error: 'invalid_grant',
    text: 'The client has asked for the same again and again; the server has ended the loop.',
  },
  53000: {
    error: 'invalid_grant',
    text: 'A policy asks for a compliant device, and this one is not.',
    suberror: 'message_only',
    authorizeError: 'access_denied',
  },
  53003: {
    error: 'invalid_grant',
    text: 'Conditional Access policies block this sign-in: no token may be issued.',
    suberror: 'message_only',
    authorizeError: 'access_denied',
  },
  53009: {
    error: 'invalid_grant',
    text: 'The application has to enforce protection policies.',
    suberror: 'protection_policy_required',
    authorizeError: 'access_denied',
  },
  53010: {
    error: 'invalid_grant',
    text: 'Security information can be set up from a trusted place only.',
    suberror: 'basic_action',
    authorizeError: 'interaction_required',
  },
  53011: {
    error: 'invalid_grant',
    text: 'The account is blocked because of a risk in its home tenant.',
    suberror: 'message_only',
    authorizeError: 'access_denied',
  },
  54005: { error: 'invalid_grant', text: 'The authorization code or device code was already redeemed.' },
  65001: {
    error: 'invalid_grant',
    text: 'Neither the user nor an administrator has consented to the application for: {}.',
    suberror: 'consent_required',
    authorizeError: 'consent_required',
  },
  65004: { error: 'authorization_declined', text: 'The user declined.', authorizeError: 'access_denied' },
  70000: { error: 'invalid_grant', text: 'The value of {} is not valid.' },
  70003: { error: 'unsupported_grant_type', text: 'The grant type {} is not supported.' },
  70008: { error: 'invalid_grant', text: 'The authorization code has expired.' },
  70011: { error: 'invalid_scope', text: 'The scope {} is not valid.' },
  70016: { error: 'authorization_pending', text: 'The user has not finished signing in yet.' },
  70018: { error: 'bad_verification_code', text: 'The device code is not valid.' },
  70020: { error: 'expired_token', text: 'The device code has expired.' },
  70043: {
    error: 'invalid_grant',
    text: 'The refresh token is older than the sign-in frequency of a policy allows.',
    suberror: 'basic_action',
    authorizeError: 'interaction_required',
  },
  70044: {
    error: 'invalid_grant',
    text: 'The session is older than the sign-in frequency of a policy allows.',
    suberror: 'basic_action',
    authorizeError: 'interaction_required',
  },
  90002: {
    error: 'invalid_tenant',
    text: "Tenant '{}' not found. Check the tenant id, and that this is the right cloud.",
  },
  90014: { error: 'invalid_request', text: 'The request lacks the field {}.' },
  90033: { error: 'temporarily_unavailable', status: 503, text: 'A transient fault occurred; try again.' },
  90055: { error: 'slow_down', text: 'The client asks too often.' },
  500011: { error: 'invalid_resource', text: 'The resource {} was not found in this tenant.' },
  500121: {
    error: 'invalid_grant',
    text: 'The second factor was not passed.',
    suberror: 'basic_action',
    authorizeError: 'access_denied',
  },
  500341: { error: 'invalid_grant', text: 'The user account was deleted from the directory.' },
  501481: { error: 'invalid_grant', text: 'The code verifier does not match the code challenge.' },
  530036: {
    error: 'invalid_grant',
    text: 'A policy of the organisation does not allow this authentication flow.',
    suberror: 'message_only',
    authorizeError: 'access_denied',
  },
  530084: {
    error: 'invalid_grant',
    text: 'A policy asks for tokens that are bound to the device.',
    suberror: 'message_only',
    authorizeError: 'access_denied',
  },
  700016: {
    error: 'unauthorized_client',
    text: 'No application with the identifier {} is registered in this directory.',
  },
  700081: { error: 'invalid_grant', text: 'The refresh token has reached its maximum age.' },
  700082: { error: 'invalid_grant', text: 'The refresh token expired because nobody used it. Issued at {}.' },
  900144: { error: 'invalid_request', text: "The request body must contain the parameter '{}'." },
  700021: {
    error: 'invalid_client',
    status: 401,
    text: 'The client assertion is for another application than {}.',
  },
  700023: {
    error: 'invalid_client',
    status: 401,
    text: 'The audience of the client assertion is not this authority.',
  },
  700024: { error: 'invalid_client', status: 401, text: 'The client assertion is outside its time.' },
  700027: {
    error: 'invalid_client',
    status: 401,
    text: 'No registered certificate that is still good has signed the client assertion.',
  },
  900561: { error: 'invalid_request', status: 405, text: 'The endpoint accepts POST requests only.' },
  1002012: {
    error: 'invalid_scope',
    text: 'Client credentials need a scope that ends in /.default; {} does not.',
  },
  7000215: {
    error: 'invalid_client',
    status: 401,
    text: 'The client secret is wrong. The secret id does not serve.',
  },
  7000222: { error: 'invalid_client', status: 401, text: 'The client secret has expired.' },
  7000218: {
    error: 'invalid_client',
    status: 401,
    text: "The request body must contain 'client_assertion' or 'client_secret'.",
  },
} as const satisfies Record<number, StsErrorKind>;

export type StsErrorCode = keyof typeof stsErrors;

export function isStsErrorCode(code: number): code is StsErrorCode {
  return Object.hasOwn(stsErrors, code);
}

/** A refusal on its way to a client. */
export interface StsError {
  code: StsErrorCode;
  /** Fills the gap of the sentence. */
  detail?: string | undefined;
  /** JSON text of the claims that the next request has to ask for. */
  claims?: string | undefined;
  suberror?: string | undefined;
}

export interface StsErrorContext {
  /** Milliseconds since 1970. */
  now: number;
  /** The client's own correlation id, echoed. */
  correlationId: string | undefined;
  authorityOrigin: string;
}

/** The JSON body that the token and device code endpoints answer with, all fields of the live service. */
export function stsErrorBody(error: StsError, context: StsErrorContext): Record<string, unknown> {
  const kind: StsErrorKind = stsErrors[error.code];
  const traceId = randomUUID();
  const correlationId = context.correlationId ?? randomUUID();
  const timestamp = `${new Date(context.now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const lines = [
    `AADSTS${error.code}: ${sentenceOf(error)}`,
    `Trace ID: ${traceId}`,
    `Correlation ID: ${correlationId}`,
    `Timestamp: ${timestamp}`,
  ];
  return {
    error: kind.error,
    error_description: lines.join('\r\n'),
    error_codes: [error.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `${context.authorityOrigin}/error?code=${error.code}`,
    ...defined({ suberror: error.suberror ?? kind.suberror, claims: error.claims }),
  };
}

/** The sentence with its gap filled, without the number. */
export function sentenceOf(error: StsError): string {
  return stsErrors[error.code].text.replace('{}', () => error.detail ?? 'unknown');
}

export function stsErrorReply(error: StsError, context: StsErrorContext): Reply {
  const { status = 400 }: StsErrorKind = stsErrors[error.code];
  return { ...jsonReply(status, stsErrorBody(error, context)), errorCode: error.code };
}
