import type { EntraFault } from '../contract/errors.ts';

/**
 * What a refusal of the authority means for the sign-in that is stored:
 *
 * - `grant-dead`: the refresh token, or the account behind it, is of no more use for anything;
 * - `resource-refused`: a policy, or a missing consent, refuses what was asked for; other resources may still be had;
 * - `try-later`: nothing is refused, the same request may do later;
 * - `unknown`: it does not say. Then only the renewal of the sign-in itself decides (see {@link isGrantDead}).
 */
export type Verdict = 'grant-dead' | 'resource-refused' | 'try-later' | 'unknown';

/**
 * The one list, by the meaning that Microsoft documents for each number
 * (learn.microsoft.com/entra/identity-platform/reference-error-codes). A number in no row is `unknown`.
 */
const numbers: Readonly<Record<Exclude<Verdict, 'unknown'>, readonly number[]>> = {
  'grant-dead': [
    // The account: unknown, guest removed or not yet one, disabled, deleted, not in this directory.
    50014, 50020, 50034, 50057, 51004, 500341,
    // Its password has expired or was changed; the session or the token was revoked.
    50055, 50089, 50132, 50133, 50144, 50173,
    // The token: invalid, unused for too long, at its greatest age.
    70000, 70008, 700081, 700082, 700084,
  ],
  'resource-refused': [
    // A second factor: to be enrolled, asked for, too old for this resource, not passed, asked for elsewhere.
    50072, 50074, 50076, 50078, 50079, 50158, 53010, 500121,
    // Sign-in frequency: the sign-in is too old for what was asked for.
    70043, 70044,
    // The device or the application on it.
    50005, 50097, 50129, 50131, 53000, 53001, 53002, 53009, 530003, 530033, 530084,
    // Conditional Access and risk, security defaults.
    53003, 53004, 53011, 530032, 530034, 530035, 530036,
    // Assignment, consent, and resources that the tenant or the registration does not have.
    50105, 65001, 90094, 500011, 650052, 650056, 650057,
  ],
  'try-later': [
    // A loop: the same was asked for too often.
    50196,
    // The service, or a directory on the premises behind it, could not answer.
    40010, 50000, 80001, 80002, 80005, 80007, 90006, 90012, 90024, 90033,
  ],
};

/** `suberror`, as MSAL's own clients read it (learn.microsoft.com/entra/msal/dotnet/advanced/exceptions). */
const suberrors: Readonly<Record<string, Verdict>> = {
  bad_token: 'grant-dead',
  token_expired: 'grant-dead',
  basic_action: 'resource-refused',
  additional_action: 'resource-refused',
  message_only: 'resource-refused',
  consent_required: 'resource-refused',
  protection_policy_required: 'resource-refused',
  device_authentication_failed: 'resource-refused',
};

const passing = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

export function verdictOf({ aadsts, error, suberror }: EntraFault): Verdict {
  for (const verdict of ['grant-dead', 'resource-refused', 'try-later'] as const)
    if (numbers[verdict].includes(aadsts ?? 0)) return verdict;
  if (passing.has(error ?? '')) return 'try-later';
  if (error === 'consent_required') return 'resource-refused';
  return suberrors[suberror ?? ''] ?? 'unknown';
}

/**
 * Whether an answer to the renewal of the sign-in itself leaves nothing to renew. `invalid_grant` says so where no number
 * says otherwise (RFC 6749 section 5.2); real answers to a revoked token carry ever new numbers. Of a token for another
 * resource this is only a suspicion, which such a renewal has to confirm.
 */
export function isGrantDead(fault: EntraFault | undefined): boolean {
  if (fault === undefined) return false;
  const verdict = verdictOf(fault);
  return verdict === 'grant-dead' || (verdict === 'unknown' && fault.error === 'invalid_grant');
}

/** Sign-in frequency, and a second factor that is too old: whatever claims come along, only a new proof helps. */
const tooOld: ReadonlySet<number> = new Set([50078, 70043, 70044]);

/** Something of the person is missing, mostly the second factor: claims say what, where there are any. */
const needsPerson: ReadonlySet<number> = new Set([50072, 50074, 50076, 50079, 50158, 53010, 500121]);

/**
 * Whether only a sign-in helps that really asks the person: one that the browser's own session answers would be as old as the
 * one that was refused.
 */
export function asksAnew(fault: EntraFault): boolean {
  const { aadsts = 0, error = '', suberror = '', claims } = fault;
  if (tooOld.has(aadsts)) return true;
  if (claims !== undefined) return false;
  if (needsPerson.has(aadsts)) return true;
  const isKnown = verdictOf({ aadsts }) !== 'unknown';
  return (
    !isKnown &&
    (error === 'interaction_required' ||
      error === 'login_required' ||
      suberror === 'basic_action' ||
      suberror === 'additional_action')
  );
}

const consentNumbers = new Set([65001, 90094]);

/** Whether the authority asks the person to consent (or an administrator to) before it issues such a token. */
export function isConsentMissing(fault: EntraFault | undefined): boolean {
  if (fault === undefined) return false;
  return fault.suberror === 'consent_required' || consentNumbers.has(fault.aadsts ?? 0);
}
