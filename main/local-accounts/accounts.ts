import { randomUUID } from 'node:crypto';
import { LatchkeyError } from '../contract/errors.ts';
import { createMutex } from '../base/mutex.ts';
import type { Account } from '../contract/state.ts';
import type { Totp } from '../second-factor/totp.ts';
import { createAuthentication, type Authenticate } from './authentication.ts';
import {
  createAccountLookup,
  type BreakGlassAccounts,
  type NamedAccount,
  type UsableAccount,
} from './lookup.ts';
import { createPasswordHasher, scryptCost, type ScryptCost } from './password.ts';
import {
  createStoredAccounts,
  usernameOf,
  type AccountSecrets,
  type StoredAccount,
} from './stored-accounts.ts';

export interface LocalAccount extends NamedAccount {
  /** Whether it has not been turned off. */
  enabled: boolean;
  /** Whether it has a password. */
  isSetUp: boolean;
  /** One that the file does not name opens nothing; an older version, or an older file, has left it behind. */
  isInFile: boolean;
}

/**
 * Accounts for the day on which the directory cannot be reached. Which there are, and their groups, stands in the
 * configuration file alone; the secret store keeps their passwords, and one process at a time may change them. All user
 * names are compared in lower case.
 */
export interface LocalAccounts {
  /**
   * Gives an account of the file its first password. It can sign in once its second factor is enrolled and confirmed
   * ({@link Totp.begin}), which is for the administrator to do at once. Who is added again after
   * {@link LocalAccounts.remove} is somebody else.
   *
   * @param person.password see {@link checkPassword}
   * @throws LatchkeyError `request-invalid`, also for a name that the file does not have; `store-failed`,
   *   `seal-unavailable`
   */
  add(person: { username: string; password: string }): Promise<Account>;
  /** Those of the file in its order, then those that are only stored. */
  list(): Promise<LocalAccount[]>;
  /** Undefined where the file does not name it, or it has no password. Throws `sealed-unreadable` for a damaged one. */
  usable(username: string): Promise<UsableAccount | undefined>;
  /** Whether the file names it. */
  knows(username: string): Promise<boolean>;
  /** With its second factor. Throws LatchkeyError `request-invalid` where there is none, like all that follow. */
  remove(username: string): Promise<void>;
  setPassword(username: string, password: string): Promise<void>;
  setEnabled(username: string, enabled: boolean): Promise<void>;
  authenticate: Authenticate;
}

/**
 * @param options.provider the provider's name as it is configured now, for {@link Account}
 * @param options.cost of new passwords; each stored one keeps the cost that it was made with
 */
export function createLocalAccounts(options: {
  secrets: AccountSecrets;
  totp: Totp;
  /** What the configuration file says now. */
  file(): Promise<BreakGlassAccounts>;
  readonly provider?: string;
  cost?: ScryptCost;
}): LocalAccounts {
  const { secrets, totp, file, cost = scryptCost } = options;
  const hasher = createPasswordHasher(cost);
  const mutex = createMutex();
  const stored = createStoredAccounts(secrets);
  const lookup = createAccountLookup(stored, file, () => options.provider ?? 'local');
  const { accountOf, named, usable } = lookup;

  /** One after the other: each reads the account first. */
  function change(
    name: string,
    changed: (value: StoredAccount) => Promise<StoredAccount> | StoredAccount,
  ): Promise<void> {
    return mutex.run(async () => stored.write(await changed(await stored.existing(name))));
  }

  return {
    add: ({ username: name, password }) =>
      mutex.run(async () => {
        const inFile = await named(name);
        if (inFile === undefined) throw notInFile(name);
        const { username, displayName } = inFile;
        if ((await stored.names()).includes(username)) throw setUpAlready(username);
        const added = {
          objectId: randomUUID(),
          username,
          enabled: true,
          password: await hasher.hash(password),
        };
        await stored.write(added);
        return accountOf(added, displayName);
      }),

    async list() {
      const { accounts } = await file();
      const names = await stored.names();
      const listed = await Promise.all(
        accounts.map(async ({ username, displayName, groups }): Promise<LocalAccount> => {
          const found = await stored.read(username);
          const isSetUp = found !== undefined;
          return { username, displayName, groups, enabled: found?.enabled ?? true, isSetUp, isInFile: true };
        }),
      );
      const left = names.filter((name) => !accounts.some(({ username }) => username === name));
      const unknown = { groups: [], enabled: false, isSetUp: true, isInFile: false };
      return [...listed, ...left.map((username) => ({ username, displayName: username, ...unknown }))];
    },

    usable,
    knows: async (name) => (await named(name)) !== undefined,

    remove: (name) =>
      mutex.run(async () => {
        // One that cannot be read can be removed all the same; its second factor serves nobody then.
        const removed = await stored.existing(name).catch((thrown: unknown) => {
          if (thrown instanceof LatchkeyError && thrown.code === 'sealed-unreadable') return undefined;
          throw thrown;
        });
        await stored.delete(usernameOf(name) ?? '');
        if (removed !== undefined) await totp.reset(accountOf(removed));
      }),

    setPassword: (name, password) =>
      change(name, async (value) => ({ ...value, password: await hasher.hash(password) })),
    setEnabled: (name, enabled) => change(name, (value) => ({ ...value, enabled })),

    authenticate: createAuthentication(stored, lookup, hasher, totp),
  };
}

function notInFile(name: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `The configuration names no local account "${name}".`, {
    remedy: 'Whoever owns the file adds it under "accounts" of the provider of type "local" first.',
  });
}

function setUpAlready(username: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `The local account "${username}" is set up already.`, {
    remedy: 'Set a new password or authenticator, or remove what is stored of it first.',
  });
}
