import { LatchkeyError } from '../contract/errors.ts';

/** Smaller differences are no sign of a wrong clock; Entra ID takes as much. */
export const maxClockDriftMs = 5 * 60_000;

/** What to do about a wrong clock, as the start of a sentence of its own. */
export const correctTheClock = 'Turn on automatic time (NTP), or correct the clock, and try again.';

/** Such as `3 hours behind the authority's`. */
export function drift(behindMs: number): string {
  const minutes = Math.round(Math.abs(behindMs) / 60_000);
  const hours = Math.round(minutes / 60);
  const amount =
    minutes < 120 ? `${minutes} minutes` : hours < 72 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
  return `${amount} ${behindMs > 0 ? 'behind' : 'ahead of'} the authority's`;
}

/**
 * A clock that was set back while Latchkey did not run would make a sign-in last longer than it may. How long it was off
 * cannot be told then, so that the sign-in has to wait until the clock is right.
 * @param seen the latest time that this clock has shown, milliseconds since 1970
 * @param behindMs how far it is behind the authority's, where that is known
 * @throws LatchkeyError `clock-wrong`
 */
export function checkClockGoesOn(seen: number, now: number, behindMs: number | undefined): void {
  if (now >= seen - maxClockDriftMs && (behindMs ?? 0) <= maxClockDriftMs) return;
  const what =
    behindMs !== undefined && behindMs > maxClockDriftMs
      ? `is ${drift(behindMs)}`
      : `says ${utc(now)}, but it was ${utc(seen)} here before`;
  throw new LatchkeyError(
    'clock-wrong',
    `The clock of this computer ${what}, so that nobody can say how long the last sign-in has still to go.`,
    { remedy: `${correctTheClock} The sign-in then goes on by itself; or sign in again.` },
  );
}

/** Such as `2026-01-31 08:15 UTC`. */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
