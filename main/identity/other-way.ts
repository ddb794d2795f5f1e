import type { Problem } from '../contract/errors.ts';

/**
 * AADSTS numbers with which a policy refuses the way rather than the person (learn.microsoft.com/entra, "Conditional
 * Access: authentication flows" and "Azure AD authentication error codes"): the other way may pass. It is offered, never
 * taken by itself: a device code that starts again on its own is what phishing looks like.
 */
const wayFaults = new Set([
  50097, // a registered device is asked for, which a code on another device cannot prove
  53000, // a compliant device is asked for
  53001, // a domain-joined device is asked for
  53003, // blocked by Conditional Access, often a rule against the device code flow
  530036, // the authentication flow is blocked by a policy
  7000218, // public client flows are off
]);

export function offersOtherWay(problem: Problem): boolean {
  return problem.entra?.aadsts !== undefined && wayFaults.has(problem.entra.aadsts);
}
