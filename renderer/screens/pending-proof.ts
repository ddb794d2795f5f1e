import type { Outcome as OutcomeOf } from '../../main/contract/bridge.ts';
import type { Problem } from '../../main/contract/errors.ts';
import type { Proof } from '../../main/contract/proof.ts';
import type { SignedInAccount } from '../../main/contract/state.ts';

/** What proves the person who is signed in; `sign-in` where they have no second factor. */
export type Means = 'code' | 'phone' | 'sign-in';
export type Outcome = OutcomeOf<'removeProvider'>;

export interface Pending {
  means: Means;
  /** Whose proof it is. */
  account: SignedInAccount | undefined;
  /** Why it was asked for, where main has said so. */
  problem?: Problem;
  send(proof: Proof): Promise<Outcome>;
  /** Undefined where the person has cancelled. */
  settle(outcome: Outcome | undefined): void;
}
