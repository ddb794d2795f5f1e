import { z } from 'zod';

/**
 * How often an account was asked of late, kept over a restart by whoever owns the store. All times are milliseconds
 * since 1970.
 */
export const pushAttempts = z.strictObject({
  /** The first had none. */
  version: z.literal(1).optional(),
  /** When requests were sent that were not approved: still open, unanswered or answered wrongly. */
  failed: z.array(z.number()),
  /** Wrong numbers since the last approval. */
  wrongInARow: z.number(),
  /** Push is refused until then; 0 where it is not. */
  lockedUntil: z.number(),
});
export type PushAttempts = z.infer<typeof pushAttempts>;

export const noAttempts: PushAttempts = { failed: [], wrongInARow: 0, lockedUntil: 0 };

const minute = 60_000;
const windowMs = 10 * minute;
const failuresInWindow = 3;
const longestLockMs = 24 * 60 * minute;

// A wrong number is a slip of the finger or a guess by somebody who reads the topic and cannot see the screen. One slip
// is forgiven; the second locks for an hour, every further one for a day. Each guess is right in one case of three, so
// no lock makes guessing hopeless: it makes it slow, and each try shows on the phone.
function wrongLock(wrongInARow: number): number {
  if (wrongInARow < 2) return 0;
  return wrongInARow === 2 ? 60 * minute : longestLockMs;
}

/** Until when push is refused, or undefined where the account may be asked. */
export function lockedUntil(attempts: PushAttempts, now: number): number | undefined {
  // A clock that was set back must not stretch a lock beyond its length.
  const lock = Math.min(attempts.lockedUntil, now + longestLockMs);
  const recent = recentFailures(attempts, now);
  const oldest = recent.length < failuresInWindow ? 0 : (recent.at(-failuresInWindow) ?? 0) + windowMs;
  const until = Math.max(lock, oldest);
  return until > now ? until : undefined;
}

/** A request is counted before it is sent, so that neither a crash nor a cancelled login makes it unasked. */
export function countRequest(attempts: PushAttempts, now: number): PushAttempts {
  return { ...attempts, failed: [...recentFailures(attempts, now), now] };
}

/** The request certainly never left: it is taken out again. */
export function uncountRequest(attempts: PushAttempts, at: number): PushAttempts {
  const index = attempts.failed.lastIndexOf(at);
  return { ...attempts, failed: attempts.failed.filter((_time, place) => place !== index) };
}

export function countWrong(attempts: PushAttempts, now: number): PushAttempts {
  const wrongInARow = attempts.wrongInARow + 1;
  const lockMs = wrongLock(wrongInARow);
  return { ...attempts, wrongInARow, lockedUntil: lockMs === 0 ? attempts.lockedUntil : now + lockMs };
}

function recentFailures(attempts: PushAttempts, now: number): number[] {
  return attempts.failed.map((time) => Math.min(time, now)).filter((time) => now - time < windowMs);
}
