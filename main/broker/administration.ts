import { defined } from '../base/defined.ts';
import type { WhichAccount } from '../access/which-account.ts';
import type { Proof } from '../contract/proof.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { Actor, Deed, StepUp, StepUpRules } from './step-up.ts';

/** One thing that can be administered. */
export interface Administered<Input, Result> {
  /** For the audit; in the past tense. */
  action: string;
  /** @param actor who is to do it */
  subject(input: Input, actor: Actor): string;
  /** New settings without secrets, for the audit. */
  detail?(input: Input): string;
  rules?(input: Input): StepUpRules;
  /** @param actor who has proved that it is they; undefined where nobody had to */
  run(input: Input, actor: LiveSession | undefined): Promise<Result>;
}

type Actions = Record<string, Administered<never, unknown>>;
export type Administration<Of extends Actions> = {
  [Name in keyof Of]: (
    input: Parameters<Of[Name]['subject']>[0],
    proof: Proof,
  ) => ReturnType<Of[Name]['run']>;
};

/**
 * Puts the step-up before each of the actions. What administers is handed out by this alone, so that no route, window
 * or command can come to an action past it.
 */
export function createAdministration<Of extends Actions>(
  actions: Of,
  stepUp: StepUp,
  accounts: Pick<WhichAccount, 'one'>,
): Administration<Of> {
  const guarded = Object.entries(actions).map(([name, { action, subject, detail, rules, run }]) => [
    name,
    async (input: never, proof: Proof) => {
      const actor: Actor = () => accounts.one(proof.as);
      const deed: Deed = {
        action,
        subject: subject(input, actor),
        ...defined({ detail: detail?.(input) }),
      };
      // One account proves it, and the same one does it.
      const proved = await stepUp.demand(deed, proof, rules?.(input) ?? {}, actor);
      try {
        return await run(input, proved);
      } catch (error) {
        await stepUp.failed(deed, error, proved);
        throw error;
      }
    },
  ]);
  return Object.fromEntries(guarded) as Administration<Of>;
}
