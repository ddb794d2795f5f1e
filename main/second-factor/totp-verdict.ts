import { LatchkeyError } from '../contract/errors.ts';
import type { Failures, Lock } from './lockout.ts';
import { stepAt, stepSeconds } from './totp-code.ts';

/**
 * What became of a submitted code, for the caller to audit. `error` is what the person is told; it never tells whether
 * a code was right that was refused for another reason.
 */
export type Verdict =
  | { kind: 'accepted'; method: 'totp' | 'recovery'; recoveryCodesLeft: number }
  /** Neither six digits nor a recovery code. Nobody guesses like that, so it is not counted. */
  | { kind: 'malformed'; error: LatchkeyError }
  /** Counted. `lock` is set where this failure locked the account. */
  | { kind: 'wrong'; failures: number; lock?: Lock; error: LatchkeyError }
  /** A code whose step, or a later one, has been accepted before. Not counted. */
  | { kind: 'replayed'; error: LatchkeyError }
  | { kind: 'locked'; lock: Lock; error: LatchkeyError };

/** Every verdict but the good one. */
type Refusal = Exclude<Verdict, { kind: 'accepted' }>;

export function malformed(): Refusal {
  return {
    kind: 'malformed',
    error: new LatchkeyError('mfa-wrong', 'That is not a code: it should be six digits or a recovery code.', {
      remedy: 'Type the six digits that your authenticator application shows now.',
    }),
  };
}

export function wrong({ count, lock }: Failures): Refusal {
  if (lock !== undefined) {
    const error = lockedError('mfa-wrong', 'The code is wrong, and there were too many wrong ones.', lock);
    return { kind: 'wrong', failures: count, lock, error };
  }
  const error = new LatchkeyError('mfa-wrong', 'The code is wrong.', {
    remedy:
      'Type the six digits that your authenticator application shows now; if they stay wrong, check the clocks of the phone and of this computer.',
  });
  return { kind: 'wrong', failures: count, error };
}

/** @param lastStep the latest step accepted: far ahead where this computer's clock was set back since */
export function replayed(lastStep: number, now: number): Refusal {
  const clockWentBack = lastStep > stepAt(now) + 1;
  return {
    kind: 'replayed',
    error: clockWentBack
      ? new LatchkeyError(
          'mfa-wrong',
          `Codes up to ${new Date(lastStep * stepSeconds * 1000).toISOString()} have been used already, but the clock of this computer is behind that.`,
          { remedy: 'Set the clock right, or use a recovery code.' },
        )
      : new LatchkeyError('mfa-wrong', 'This code has been used already.', {
          remedy: 'Wait until your authenticator application shows the next one.',
        }),
  };
}

export function locked(lock: Lock): Refusal {
  return { kind: 'locked', lock, error: lockedError('mfa-locked', 'There were too many wrong codes.', lock) };
}

function lockedError(code: 'mfa-wrong' | 'mfa-locked', what: string, { until }: Lock): LatchkeyError {
  if (until === undefined) {
    return new LatchkeyError(code, `${what} The account is locked until an administrator unlocks it.`, {
      remedy: 'Ask an administrator to unlock the second factor of this account.',
    });
  }
  const time = clockTime(until);
  return new LatchkeyError(code, `${what} The account is locked until ${time}.`, {
    remedy: `Wait until ${time}, then use the code that is shown then.`,
  });
}

/** Hours and minutes on this computer's clock, rounded up, so that the lock is over when the clock shows them. */
function clockTime(until: number): string {
  const minute = 60_000;
  const time = new Date(Math.ceil(until / minute) * minute);
  return time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}
