import { timingSafeEqual } from 'node:crypto';
import { HOTP, Secret } from 'otpauth';
import { readRecoveryCode } from './recovery-codes.ts';

/** What every common authenticator application takes; many ignore other values in the URI (RFC 6238 sections 4 and 5.2). */
export const digits = 6;
export const stepSeconds = 30;
/** Of the key: the length of SHA-1's output, RFC 4226 section 4 R6. */
export const keyLength = 20;
/** Steps accepted before and after the current one, for clocks that differ (RFC 6238 section 6). */
const drift = 1;

export type SubmittedCode = { method: 'totp' | 'recovery'; code: string };

/**
 * Reads a code as people type and paste it: with blanks and dashes, in full-width characters, recovery codes in any
 * case. Undefined for anything that can be neither six digits nor a recovery code.
 */
export function readCode(text: string): SubmittedCode | undefined {
  if (text.length > 200) return undefined;
  const bare = text.normalize('NFKC').replaceAll(/[\s\p{Pd}\u200b\u2060\ufeff]/gu, '');
  if (/^[0-9]{6}$/.test(bare)) return { method: 'totp', code: bare };
  const recovery = readRecoveryCode(bare);
  return recovery === undefined ? undefined : { method: 'recovery', code: recovery };
}

/** The number of the step at `now` (milliseconds since 1970): T of RFC 6238 section 4.2. */
export function stepAt(now: number): number {
  return Math.floor(now / 1000 / stepSeconds);
}

/** The six digits for a step. */
export function codeAt(key: Uint8Array, step: number): string {
  const secret = new Secret({ buffer: Uint8Array.from(key).buffer });
  return HOTP.generate({ secret, algorithm: 'SHA1', digits, counter: step });
}

/** The steps about `now` that have this code, in ascending order: seldom more than one. All of them are always looked at. */
export function matchingSteps(key: Uint8Array, code: string, now: number): number[] {
  const steps = Array.from({ length: 2 * drift + 1 }, (_, index) => stepAt(now) - drift + index);
  const submitted = Buffer.from(code);
  return steps.filter((step) => step >= 0 && timingSafeEqual(Buffer.from(codeAt(key, step)), submitted));
}
