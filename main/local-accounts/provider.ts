import { LatchkeyError } from '../contract/errors.ts';
import type { LocalAccounts } from './accounts.ts';
import type { UsableAccount } from './lookup.ts';
import type { Provider } from '../session/provider-port.ts';

/** Who is signed in with a break-glass account, by object id; it outlives a change of the other providers. */
export type LocalSignIns = Map<string, UsableAccount>;

/** Break-glass accounts as a provider. They do not outlive a restart: whoever needs them signs in again. */
export function localProvider(
  name: string,
  enabled: boolean,
  accounts: LocalAccounts,
  signedIn: LocalSignIns,
): Provider {
  /** The account as it was at the sign-in: one that has been turned off, regrouped or taken away ends the session. */
  async function unchanged(objectId: string): Promise<UsableAccount> {
    const current = signedIn.get(objectId);
    if (current === undefined) {
      throw new LatchkeyError('sign-in-required', 'Nobody is signed in with this local account.', {
        remedy: 'Sign in again.',
      });
    }
    const now = await accounts.usable(current.account.username);
    if (now?.enabled === true && now.account.objectId === current.account.objectId && haveSame(now, current))
      return now;
    throw changedAccount();
  }

  return {
    name,
    type: 'local',
    enabled,
    domains: [],
    knows: accounts.knows,
    tenant: 'local',
    applicationId: '',
    ways: [],
    async signIn() {
      throw new LatchkeyError('request-invalid', 'Local accounts have a password.', {
        remedy: 'Sign in with: latchkey login --local',
      });
    },
    async signInWithPassword(username, password, code) {
      const verdict = await accounts.authenticate(username, password, code);
      if (verdict.kind === 'refused') throw verdict.error;
      const { account, groups } = verdict;
      const names = [account.username];
      return {
        account,
        names,
        membership: async () => ({ account, groups, names }),
        async keep() {
          signedIn.set(account.objectId, { account, groups: groups.map(({ id }) => id), enabled: true });
        },
      };
    },
    restore: async () => undefined,
    renew: async (objectId) => (await unchanged(objectId)).account,
    async membership(objectId) {
      const { account, groups } = await unchanged(objectId);
      return { account, groups: groups.map((id) => ({ id, name: '' })) };
    },
    async signOut(objectId) {
      if (objectId === undefined) signedIn.clear();
      else signedIn.delete(objectId);
    },
    close: async () => undefined,
  };
}

export function changedAccount(): LatchkeyError {
  return new LatchkeyError('account-disabled', 'The local account has been changed, turned off or removed.', {
    remedy: 'Sign in again, or ask an administrator.',
  });
}

function haveSame({ groups: left }: UsableAccount, { groups: right }: UsableAccount): boolean {
  return left.length === right.length && left.every((id) => right.includes(id));
}
