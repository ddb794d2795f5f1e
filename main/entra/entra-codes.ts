import type { SignInWay } from '../contract/clouds.ts';
import { LatchkeyError, type EntraFault } from '../contract/errors.ts';
import { askingPolicy } from './asking-policy.ts';
import { entraGuidance, type Guidance } from './entra-guidance.ts';
import { verdictOf } from '../session/entra-verdicts.ts';

const again = 'Sign in again.';

/** By OAuth error name, for answers without a number that is known (RFC 6749 section 5.2, RFC 8628 section 3.5). */
const namedGuidance: Readonly<Record<string, number>> = {
  authorization_declined: 65004,
  access_denied: 65004,
  expired_token: 70020,
  code_expired: 70020,
  bad_verification_code: 70018,
  invalid_tenant: 90002,
  consent_required: 65001,
  temporarily_unavailable: 90033,
  server_error: 90033,
};

/**
 * The error for a person after the authority said no. The fault stays attached, so number, trace id and claims
 * challenge reach the screen and the audit.
 */
export function explainFault(fault: EntraFault, way: SignInWay = 'device-code'): LatchkeyError {
  const guidance =
    entraGuidance[fault.aadsts ?? 0] ??
    entraGuidance[namedGuidance[fault.error ?? ''] ?? 0] ??
    (verdictOf(fault) === 'try-later' ? entraGuidance[90033] : undefined) ??
    unknown(fault);
  const { message: what, remedy } = (way === 'browser' ? guidance.browser : undefined) ?? guidance;
  const policy = fault.claims === undefined ? '' : askingPolicy(fault);
  const message = policy === '' ? what : `${what.replace(/\.$/, '')} (${policy}).`;
  return new LatchkeyError(guidance.code, message, { remedy, entra: fault });
}

const newSignIn = new Set(['invalid_grant', 'interaction_required', 'login_required', 'consent_required']);

/**
 * The same for a silent renewal: whatever OAuth error asks for the person becomes `sign-in-required`, with the
 * sentence of the number where it is known. Only a disabled or deleted account keeps its own code, since signing in
 * again would not help. What only asks to come later, or says nothing about the sign-in, ends none.
 */
export function explainRefreshFault(fault: EntraFault): LatchkeyError {
  const error = explainFault(fault);
  if (verdictOf(fault) === 'try-later') return error;
  const isKnown = entraGuidance[fault.aadsts ?? 0] !== undefined;
  if (!newSignIn.has(fault.error ?? '')) {
    if (isKnown || namedGuidance[fault.error ?? ''] !== undefined) return error;
    return new LatchkeyError('authority-invalid', error.message, { remedy: error.remedy, entra: fault });
  }
  if (error.code === 'sign-in-required' || error.code === 'account-disabled') return error;
  return new LatchkeyError(
    'sign-in-required',
    isKnown ? error.message : `The sign-in is no longer valid${label(fault)}.`,
    {
      remedy: isKnown ? error.remedy : again,
      entra: fault,
    },
  );
}

function unknown(fault: EntraFault): Guidance {
  const lookUp =
    fault.aadsts === undefined
      ? 'Try again; if it stays, give these ids to your administrator.'
      : `Look ${fault.aadsts} up at https://login.microsoftonline.com/error?code=${fault.aadsts}, or give number and trace id to your administrator.`;
  return {
    code: 'sign-in-refused',
    message: `Entra ID refused the sign-in${label(fault)}.`,
    remedy: lookUp,
  };
}

function label(fault: EntraFault): string {
  const parts = [
    fault.aadsts === undefined ? fault.error : `AADSTS${fault.aadsts}`,
    fault.traceId === undefined ? undefined : `trace id ${fault.traceId}`,
  ].filter((part) => part !== undefined && /^[\w .-]{1,80}$/.test(part));
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
