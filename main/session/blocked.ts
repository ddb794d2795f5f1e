import type { SignInWay } from '../contract/clouds.ts';
import type { EntraFault } from '../contract/errors.ts';

/**
 * AADSTS numbers with which a policy or the registration refuses the device code, while the browser of this computer
 * may pass (learn.microsoft.com/entra/identity-platform/reference-error-codes).
 */
const blocksDeviceCode: ReadonlySet<number> = new Set([
  // Conditional Access, often a rule against the device code as such (condition "Authentication flows").
  53003, 530036,
  // Rules about the device: who enters a code proves nothing of the computer that gets the tokens.
  50097, 50129, 50131, 53000, 53001, 530003, 530033,
  // Security defaults and security policies.
  530032, 530035,
  // "Allow public client flows" is off; the browser's redirect does not need it.
  7000218,
]);

/** Only what may be about the flow or about this computer: a rule about devices holds for a code no less. */
const blocksBrowser: ReadonlySet<number> = new Set([53003, 530036]);

/**
 * Whether the other way to sign in is to be offered after this failure of `way`. Offered, not taken: a device code
 * that starts by itself is what phishing looks like, and a policy is not to be got round behind somebody's back.
 */
export function blocked(
  error: { readonly entra?: EntraFault | undefined },
  way: SignInWay = 'device-code',
): boolean {
  const number = error.entra?.aadsts;
  if (number === undefined) return false;
  return (way === 'device-code' ? blocksDeviceCode : blocksBrowser).has(number);
}
