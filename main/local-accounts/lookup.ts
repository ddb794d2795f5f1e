import type { Account } from '../contract/state.ts';
import { usernameOf, type StoredAccount, type StoredAccounts } from './stored-accounts.ts';

/** What the configuration file says: which accounts there are, and what they count as members of. */
export interface BreakGlassAccounts {
  enabled: boolean;
  accounts: readonly NamedAccount[];
}

export interface NamedAccount {
  /** In lower case. */
  username: string;
  displayName: string;
  /** Object ids. */
  groups: readonly string[];
}

/** An account that the file names and that has a password. */
export interface UsableAccount {
  account: Account;
  /** Object ids. */
  groups: readonly string[];
  /** Not turned off, neither itself nor all of them in the file. */
  enabled: boolean;
}

/** The tenant id of every local account. */
export const localTenant = 'local';

export type AccountLookup = ReturnType<typeof createAccountLookup>;

/**
 * Puts together what the configuration file says of an account and what is stored of it. Names are as a person has typed
 * them.
 * @param file what the file says now
 * @param providerName for {@link Account}
 */
export function createAccountLookup(
  stored: StoredAccounts,
  file: () => Promise<BreakGlassAccounts>,
  providerName: () => string,
) {
  /** @param displayName of the file; without it the account is for its keys only */
  function accountOf({ objectId, username }: StoredAccount, displayName = username): Account {
    return { provider: providerName(), tenantId: localTenant, objectId, username, displayName };
  }

  /** What the file says of it; `isOn` is false where it turns all of them off. */
  async function named(name: string): Promise<(NamedAccount & { isOn: boolean }) | undefined> {
    const username = usernameOf(name);
    const { enabled, accounts } = await file();
    const found = accounts.find((account) => account.username === username);
    return found && { ...found, isOn: enabled };
  }

  async function usable(name: string): Promise<UsableAccount | undefined> {
    const inFile = await named(name);
    const found = inFile && (await stored.read(inFile.username));
    if (inFile === undefined || found === undefined) return undefined;
    return {
      account: accountOf(found, inFile.displayName),
      groups: inFile.groups,
      enabled: found.enabled && inFile.isOn,
    };
  }

  return { accountOf, named, usable };
}
