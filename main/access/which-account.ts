import type { ConnectionSettings } from '../config/schema.ts';
import type { Account } from '../contract/state.ts';
import { accountForConnection, nobody, oneAccount } from '../contract/which-account.ts';
import type { LiveSession } from '../session/live-session.ts';
import { permissions } from './policy.ts';

export interface WhichAccountOptions {
  /** The accounts that are signed in now. */
  all(): readonly LiveSession[];
  /** The account that the person has chosen to be meant where nothing else is said. */
  chosen(): Account | undefined;
}

/** Finds the account that a person means, among those that are signed in now. */
export type WhichAccount = ReturnType<typeof createWhichAccount>;

export function createWhichAccount({ all, chosen }: WhichAccountOptions) {
  const meant = (as: string | undefined) => ({ as, chosen: chosen() });

  /**
   * @param as sign-in name or object id
   * @returns undefined where nobody is signed in
   * @throws LatchkeyError `sign-in-required` where the account that is meant is not, `account-ambiguous`
   */
  const one = (as: string | undefined): LiveSession | undefined => oneAccount(all(), meant(as));

  return {
    one,

    /** @throws LatchkeyError `sign-in-required`, `account-ambiguous` */
    required(as: string | undefined): LiveSession {
      const found = one(as);
      if (found !== undefined) return found;
      throw nobody();
    },

    /**
     * For a connection: of several accounts the only one that may use it, or has the role there. Whether it really may is
     * for the rules to say afterwards.
     * @throws LatchkeyError `sign-in-required`, `account-ambiguous`, `not-allowed`
     */
    forConnection(
      connection: ConnectionSettings,
      role: string | undefined,
      as: string | undefined,
    ): LiveSession {
      const able = all().filter((live) => mayUse(live, connection, role));
      return accountForConnection(connection.name, all(), able, meant(as));
    },
  };
}

function mayUse({ groups }: LiveSession, connection: ConnectionSettings, role: string | undefined): boolean {
  const ways = permissions(connection, groups, '15m');
  return role === undefined ? ways.length > 0 : ways.some(({ rule }) => rule.role === role);
}
