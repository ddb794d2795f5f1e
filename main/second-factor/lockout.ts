import type { DatabaseSync } from 'node:sqlite';

/** While it stands no code is looked at. */
export interface Lock {
  /** Milliseconds since 1970. Absent: until an administrator unlocks the account. */
  until?: number;
}

export interface Failures {
  /** In a row, since the last success. */
  count: number;
  /** Set where this failure locked the account. */
  lock?: Lock;
}

export const failuresToLock = 10;
export const lockMs = 15 * 60_000;
/** NIST SP 800-63B-4 section 3.2.2: at most 100 failures in a row. */
export const failuresToLockForGood = 100;

const dayMs = 24 * 60 * 60_000;

/**
 * The account's lock at `now` (milliseconds since 1970). The wall clock counts, since a lock outlives the process. If
 * it was set back, a lock lasts 15 minutes from the moment when that is noticed, and not until the old time comes again;
 * a lock once seen to be over does not come back.
 */
export function lockOf(database: DatabaseSync, account: string, now: number): Lock | undefined {
  const row = database.prepare('SELECT count, locked_until FROM failure WHERE account = ?').get(account);
  if (row === undefined) return undefined;
  if (Number(row['count']) >= failuresToLockForGood) return {};
  if (row['locked_until'] === null) return undefined;
  const until = Math.min(Number(row['locked_until']), now + lockMs);
  if (until === row['locked_until'] && until > now) return { until };
  const setLock = database.prepare('UPDATE failure SET locked_until = ? WHERE account = ?');
  if (until <= now) {
    setLock.run(null, account);
    return undefined;
  }
  setLock.run(until, account);
  return { until };
}

/**
 * Counts one more failure in a row. Every tenth locks the account for 15 minutes, the hundredth until
 * {@link clearFailures}. A success must call that too; time alone never lowers the count. Called in the transaction
 * that also looked at the lock and at the code, it lets no number of processes have an eleventh answer.
 *
 * Accounts without a confirmed key are forgotten a day after their last failure: these are names that somebody made up.
 */
export function countFailure(database: DatabaseSync, account: string, now: number): Failures {
  database
    .prepare(
      `DELETE FROM failure WHERE last_at < ? AND NOT EXISTS
         (SELECT 1 FROM totp_key WHERE totp_key.account = failure.account AND state = 'active')`,
    )
    .run(now - dayMs);
  const row = database
    .prepare(
      `INSERT INTO failure (account, count, last_at) VALUES (?, 1, ?)
         ON CONFLICT (account) DO UPDATE SET count = count + 1, last_at = excluded.last_at RETURNING count`,
    )
    .get(account, now);
  const count = Number(row?.['count']);
  if (count >= failuresToLockForGood) return { count, lock: {} };
  if (count % failuresToLock !== 0) return { count };
  const until = now + lockMs;
  database.prepare('UPDATE failure SET locked_until = ? WHERE account = ?').run(until, account);
  return { count, lock: { until } };
}

export function clearFailures(database: DatabaseSync, account: string): void {
  database.prepare('DELETE FROM failure WHERE account = ?').run(account);
}
