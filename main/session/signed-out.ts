import { defined } from '../base/defined.ts';
import type { SignInWay } from '../contract/clouds.ts';
import type { Problem } from '../contract/errors.ts';
import type { Account, SignInState } from '../contract/state.ts';

/** What there is to say of the last sign-in that came to nothing, and of sessions that have ended. */
export class SignedOut {
  /** Why the last session ended, or the last attempt failed. */
  problem: Problem | undefined;
  /** What a person may choose instead. */
  otherWay: { provider: string; way: SignInWay } | undefined;

  /** Whose problem it was at a restart, so that the return of another account leaves it. */
  #kept: string | undefined;

  clear(): void {
    this.problem = undefined;
    this.otherWay = undefined;
    this.#kept = undefined;
  }

  /** The account was signed in before the restart and did not come back. */
  notRestored(problem: Problem, { objectId }: Pick<Account, 'objectId'>): void {
    this.problem = problem;
    this.#kept = objectId;
  }

  /** The account has come back after a restart. */
  restored({ objectId }: Pick<Account, 'objectId'>): void {
    if (this.#kept === undefined || this.#kept === objectId) this.clear();
  }

  state(): SignInState {
    const { problem, otherWay } = this;
    return {
      kind: 'signed-out',
      ...defined({ problem, otherWay }),
    };
  }
}

/** Of several accounts it has to be said whose problem it is. */
export function named(problem: Problem, { username }: Pick<Account, 'username'>): Problem {
  return { ...problem, message: `${username}: ${problem.message}` };
}
