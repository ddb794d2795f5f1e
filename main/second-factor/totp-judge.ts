import type { DatabaseSync } from 'node:sqlite';
import { clearFailures, countFailure, lockOf } from './lockout.ts';
import { recoveryCodesLeft, spendRecoveryCode } from './recovery-codes.ts';
import { matchingSteps, type SubmittedCode } from './totp-code.ts';
import { acceptStep, keyRow } from './totp-keys.ts';
import { locked, replayed, wrong, type Verdict } from './totp-verdict.ts';

/** A code handed in for an account, and what it is to be judged by. */
export interface Attempt {
  account: string;
  submitted: SubmittedCode;
  /** The account's active key as it was read before; undefined where there is none. */
  held: { id: string; key: Uint8Array } | undefined;
  /** Whether the password that came with the code was right; undefined where none is asked for. */
  firstFactor: boolean | undefined;
}

/**
 * Everything that decides is read and written in the one transaction that this runs in, so that of many attempts at
 * once each sees what the ones before it did. `other-key`: another key has come into force since `held` was read.
 */
export function judge(
  database: DatabaseSync,
  { account, submitted, held, firstFactor }: Attempt,
  now: number,
): Verdict | 'other-key' {
  const lock = lockOf(database, account, now);
  if (lock !== undefined) return locked(lock);
  const active = keyRow(database, account, 'active');
  if (active?.id !== held?.id) return 'other-key';
  const fail = (): Verdict => wrong(countFailure(database, account, now));
  if (active === undefined || held === undefined || firstFactor === false) return fail();

  if (submitted.method === 'recovery') {
    if (!spendRecoveryCode(database, held.id, submitted.code)) return fail();
  } else {
    const { lastStep = -1 } = active;
    const steps = matchingSteps(held.key, submitted.code, now);
    const step = steps.find((step) => step > lastStep);
    if (step === undefined) {
      return steps.length > 0 && firstFactor === undefined ? replayed(lastStep, now) : fail();
    }
    acceptStep(database, held.id, step);
  }
  clearFailures(database, account);
  return {
    kind: 'accepted',
    method: submitted.method,
    recoveryCodesLeft: recoveryCodesLeft(database, held.id),
  };
}
