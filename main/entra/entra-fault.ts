import { z } from 'zod';
import type { EntraFault } from '../contract/errors.ts';

const text = z.string().min(1).max(20_000).optional().catch(undefined);
const errorBody = z.object({
  error: text,
  error_description: text,
  error_codes: z.array(z.number().int()).min(1).optional().catch(undefined),
  suberror: text,
  claims: text,
  trace_id: text,
  correlation_id: text,
});

/**
 * What an error answer of the authority says (RFC 6749 section 5.2 and Entra ID's fields beside it), or undefined for
 * a body that reports no error. `error_description` is read for its number only and not kept: it names people.
 */
export function readFault(body: Record<string, unknown>): EntraFault | undefined {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const { error, error_description: description, error_codes: codes, ...rest } = parsed.data;
  if (error === undefined && description === undefined && codes === undefined) return undefined;
  const number = codes?.[0] ?? Number(/\bAADSTS(\d{4,8})\b/.exec(description ?? '')?.[1] ?? Number.NaN);
  const fault: EntraFault = {};
  if (Number.isInteger(number)) fault.aadsts = number;
  if (error !== undefined) fault.error = error;
  if (rest.suberror !== undefined) fault.suberror = rest.suberror;
  if (rest.claims !== undefined) fault.claims = rest.claims;
  if (rest.trace_id !== undefined) fault.traceId = rest.trace_id;
  if (rest.correlation_id !== undefined) fault.correlationId = rest.correlation_id;
  return fault;
}

/**
 * The same for the parameters of an authorization error response (RFC 6749 section 4.1.2.1). There the ids stand in
 * the description only.
 */
export function readAuthorizeFault(parameters: URLSearchParams): EntraFault {
  const description = parameters.get('error_description') ?? '';
  const id = (label: string) =>
    new RegExp(`${label} ID: ([0-9a-f-]{36})(?![0-9a-f-])`, 'i').exec(description)?.[1];
  const fault = readFault({
    error: parameters.get('error'),
    error_description: description,
    suberror: parameters.get('error_subcode') ?? parameters.get('suberror'),
    claims: parameters.get('claims'),
    trace_id: parameters.get('trace_id') ?? id('Trace'),
    correlation_id: parameters.get('correlation_id') ?? id('Correlation'),
  });
  return fault ?? {};
}

/** RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5, OpenID Connect Core section 3.1.2.6, and Entra ID's own. */
const oauthErrors = new Set([
  'access_denied',
  'authorization_declined',
  'authorization_pending',
  'bad_verification_code',
  'code_expired',
  'consent_required',
  'expired_token',
  'interaction_required',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_resource',
  'invalid_scope',
  'invalid_tenant',
  'login_required',
  'server_error',
  'slow_down',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
]);

/**
 * The same for an HTTP answer, where it is the authority's at all. Errors come with 400, or 401 for the client (RFC 6749
 * section 5.2), and with a name or number that is known. JSON with an `error` of something in between is none: it may not
 * end what the authority alone can end.
 */
export function readAnswerFault(status: number, body: Record<string, unknown>): EntraFault | undefined {
  const isPlausible = status < 300 || status === 400 || status === 401;
  const fault = isPlausible ? readFault(body) : undefined;
  if (fault === undefined) return undefined;
  return fault.aadsts !== undefined || oauthErrors.has(fault.error ?? '') ? fault : undefined;
}
