import type { Account } from '../contract/state.ts';
import { isSamePerson } from '../contract/which-account.ts';
import type { People } from './people.ts';

/** What ends a sign-in, and which account is meant where none is named. */
export function createAccountActions({
  session,
  accounts,
  chosen,
}: Pick<People, 'session' | 'accounts' | 'chosen'>) {
  return {
    /**
     * Signs one account out, or all of them; without either the only one there is.
     * @throws LatchkeyError `sign-in-required`, `account-ambiguous`, `store-failed`
     */
    async signOut({ as, all }: { as?: string | undefined; all?: true | undefined } = {}): Promise<void> {
      const isOneOfSeveral = all !== true && session.all().length > 1;
      const live = as !== undefined || isOneOfSeveral ? accounts.required(as) : undefined;
      const account = live?.account;
      await (live === undefined ? session.signOut() : session.signOutOf(live.id));
      const left = chosen.account;
      if (left !== undefined && (account === undefined || isSamePerson(left, account)))
        await chosen.choose(undefined);
    },

    /**
     * Remembers the account that is meant where none is named; null forgets it.
     * @throws LatchkeyError `sign-in-required`, `account-ambiguous`, `store-failed`
     */
    async useAccount(as: string | null): Promise<Account | undefined> {
      const account = as === null ? undefined : accounts.required(as).account;
      await chosen.choose(account);
      return account;
    },
  };
}

/** Answers at prompts, and the ends of enrolments: these take a code of the key that the enrolment has shown. */
export function createFactorAnswers({ secondFactor, accounts }: Pick<People, 'secondFactor' | 'accounts'>) {
  return {
    prompts: secondFactor.prompts,
    confirmTotp: async (code: string, as?: string): Promise<string[]> =>
      secondFactor.confirmTotp(accounts.required(as).account, code),
    confirmPush: async (as?: string): Promise<void> =>
      secondFactor.confirmPush(accounts.required(as).account),
  };
}
