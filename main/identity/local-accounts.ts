import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account, Group } from '../contract/state.ts';
import type { Lock } from '../mfa/lockout.ts';
import { readCode } from '../mfa/totp-code.ts';
import { locked, malformed, type Verdict } from '../mfa/totp-verdict.ts';
import type { Totp } from '../mfa/totp.ts';
import { createPasswordHasher, passwordHash, scryptCost, type ScryptCost } from './local-password.ts';
import { createMutex } from './mutex.ts';

/** What the local accounts need of the secret store. */
export interface AccountSecrets {
  get(name: string): Promise<Uint8Array | undefined>;
  set(name: string, secret: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
  list(): Promise<string[]>;
}

export interface LocalAccount {
  account: Account;
  /** Object ids. */
  groups: string[];
  enabled: boolean;
}

/** For the audit only. Nobody who signs in may learn it. */
export type LocalRefusal =
  | 'unknown-account'
  | 'disabled'
  | 'wrong-password'
  | 'no-second-factor'
  | 'wrong-code'
  | 'malformed-code'
  | 'locked';

export type LocalVerdict =
  | {
      kind: 'accepted';
      account: Account;
      /** By id; the names are empty, as no directory is asked. */
      groups: Group[];
      method: 'totp' | 'recovery';
      recoveryCodesLeft: number;
    }
  | {
      kind: 'refused';
      why: LocalRefusal;
      /** The account of that name, where there is one. */
      account?: Account;
      /** The lock that stands, or that this failure began. */
      lock?: Lock;
      /** `sign-in-refused`, the same whatever was wrong, or `mfa-locked`; `mfa-wrong` for what cannot be a code. */
      error: LatchkeyError;
    };

/**
 * Accounts for the day on which the directory cannot be reached. They are kept in the secret store; only one process
 * at a time may change them. All user names are compared in lower case.
 */
export interface LocalAccounts {
  /**
   * The account can sign in once its second factor is enrolled and confirmed ({@link Totp.begin}), which is for the
   * administrator to do at once. Who is added again after {@link LocalAccounts.remove} is somebody else.
   *
   * @param person.password see {@link checkPassword}
   * @param person.groups object ids
   * @throws LatchkeyError `request-invalid`; `store-failed`, `seal-unavailable`
   */
  add(person: {
    username: string;
    password: string;
    groups: string[];
    displayName: string;
  }): Promise<Account>;
  /** By user name. Throws LatchkeyError `sealed-unreadable` for a damaged one; it is then put aside. */
  list(): Promise<LocalAccount[]>;
  /** With its second factor. Throws LatchkeyError `request-invalid` where there is none, like all that follow. */
  remove(username: string): Promise<void>;
  setPassword(username: string, password: string): Promise<void>;
  setGroups(username: string, groups: string[]): Promise<void>;
  setEnabled(username: string, enabled: boolean): Promise<void>;
  /**
   * Judges user name, password and code together; the code is a six-digit or a recovery code. Failures of either count
   * for the same lock, ten in a row, and names that do not exist are locked alike. For each, one scrypt hash is
   * computed, one at a time, so that neither the answer nor its time tells which of the three was wrong. (Only names
   * whose hash was made with another cost than today's take another time.)
   *
   * @throws LatchkeyError `mfa-unavailable`, `sealed-unreadable` where an account cannot be checked; `limit-reached`
   */
  authenticate(username: string, password: string, code: string): Promise<LocalVerdict>;
}

/** The tenant id of every local account. */
export const localTenant = 'local';

const prefix = 'local-account-';
const namePattern = /^[a-z0-9][a-z0-9._-]{0,39}$/;
const groupId = z.string().trim().min(1).max(200);
const record = z.object({
  objectId: z.uuid(),
  username: z.string().regex(namePattern),
  displayName: z.string().trim().min(1).max(200),
  groups: z.array(groupId).max(1000),
  enabled: z.boolean(),
  password: passwordHash,
});
type StoredAccount = z.infer<typeof record>;

/**
 * @param options.provider the provider's name, for {@link Account}
 * @param options.cost of new passwords; each stored one keeps the cost that it was made with
 */
export function createLocalAccounts(options: {
  secrets: AccountSecrets;
  totp: Totp;
  provider?: string;
  cost?: ScryptCost;
}): LocalAccounts {
  const { secrets, totp, provider = 'local', cost = scryptCost } = options;
  const hasher = createPasswordHasher(cost);
  const mutex = createMutex();

  async function read(username: string): Promise<StoredAccount | undefined> {
    const bytes = await secrets.get(prefix + username);
    if (bytes === undefined) return undefined;
    const parsed = record.safeParse(jsonOf(bytes));
    if (parsed.success && parsed.data.username === username) return parsed.data;
    throw new LatchkeyError(
      'sealed-unreadable',
      `The local account "${username}" is stored in an unknown form.`,
      {
        remedy: 'Use the version of Latchkey that wrote it, or remove the account and add it again.',
      },
    );
  }

  async function write(value: StoredAccount): Promise<void> {
    await secrets.set(prefix + value.username, Buffer.from(JSON.stringify(value)));
  }

  async function existing(name: string): Promise<StoredAccount> {
    const username = usernameOf(name);
    const found = username === undefined ? undefined : await read(username);
    if (found !== undefined) return found;
    throw new LatchkeyError('request-invalid', `There is no local account "${name}".`, {
      remedy: 'Look at the list of local accounts.',
    });
  }

  /** One after the other: each reads the account first. */
  function change(
    name: string,
    changed: (value: StoredAccount) => Promise<StoredAccount> | StoredAccount,
  ): Promise<void> {
    return mutex.run(async () => write(await changed(await existing(name))));
  }

  function accountOf({ objectId, username, displayName }: StoredAccount): Account {
    return { provider, tenantId: localTenant, objectId, username, displayName };
  }

  return {
    add: ({ username: name, password, groups, displayName }) =>
      mutex.run(async () => {
        const username = usernameOf(name);
        if (username === undefined) {
          throw new LatchkeyError('request-invalid', `"${name}" cannot be the name of a local account.`, {
            remedy: 'Take 1 to 40 of a to z, 0 to 9, ".", "_" and "-", beginning with a letter or digit.',
          });
        }
        if ((await secrets.list()).includes(prefix + username)) {
          throw new LatchkeyError('request-invalid', `There is a local account "${username}" already.`, {
            remedy: 'Take another name, or remove that account first.',
          });
        }
        const added = {
          objectId: randomUUID(),
          username,
          displayName: checked(record.shape.displayName, displayName, 'The displayed name'),
          groups: checkedGroups(groups),
          enabled: true,
          password: await hasher.hash(password),
        };
        await write(added);
        return accountOf(added);
      }),

    async list() {
      const names = (await secrets.list()).filter((name) => name.startsWith(prefix));
      const accounts: LocalAccount[] = [];
      for (const name of names) {
        const found = await read(name.slice(prefix.length));
        if (found === undefined) continue;
        accounts.push({ account: accountOf(found), groups: found.groups, enabled: found.enabled });
      }
      return accounts;
    },

    remove: (name) =>
      mutex.run(async () => {
        const username = usernameOf(name);
        // One that cannot be read can be removed all the same; its second factor serves nobody then.
        const removed = await existing(name).catch((thrown: unknown) => {
          if (thrown instanceof LatchkeyError && thrown.code === 'sealed-unreadable') return undefined;
          throw thrown;
        });
        await secrets.delete(prefix + (username ?? ''));
        if (removed !== undefined) await totp.reset(accountOf(removed));
      }),

    setPassword: (name, password) =>
      change(name, async (value) => ({ ...value, password: await hasher.hash(password) })),
    setGroups: (name, groups) => change(name, (value) => ({ ...value, groups: checkedGroups(groups) })),
    setEnabled: (name, enabled) => change(name, (value) => ({ ...value, enabled })),

    async authenticate(name, password, code) {
      // Before the password is looked at, so that nobody can try passwords with something that is not counted.
      if (readCode(code) === undefined) {
        return { kind: 'refused', why: 'malformed-code', error: malformed().error };
      }
      const username = usernameOf(name);
      const found = username === undefined ? undefined : await read(username);
      const passwordRight = await hasher.matches(password, found?.password);
      const key = found === undefined ? nobody(name) : accountOf(found);
      const { enrolled } = await totp.state(key);
      const firstFactor = found !== undefined && found.enabled && enrolled && passwordRight;
      const verdict = await totp.verify(key, code, { firstFactor });
      if (found === undefined) return refused('unknown-account', verdict);
      const account = accountOf(found);
      if (verdict.kind === 'accepted') {
        // The hash took its time: what an administrator changed meanwhile counts.
        const current = await read(found.username);
        const same = current?.objectId === found.objectId && current.password.hash === found.password.hash;
        if (!same || !current.enabled) return refused('disabled', verdict, account);
        const { method, recoveryCodesLeft } = verdict;
        const groups = current.groups.map((id) => ({ id, name: '' }));
        return { kind: 'accepted', account: accountOf(current), groups, method, recoveryCodesLeft };
      }
      if (!found.enabled) return refused('disabled', verdict, account);
      if (!passwordRight) return refused('wrong-password', verdict, account);
      return refused(enrolled ? 'wrong-code' : 'no-second-factor', verdict, account);
    },
  };
}

function refused(why: LocalRefusal, verdict: Verdict, account?: Account): LocalVerdict {
  const lock = 'lock' in verdict ? verdict.lock : undefined;
  const error =
    lock === undefined
      ? new LatchkeyError('sign-in-refused', 'The user name, the password or the code is wrong.', {
          remedy: 'Type all three again; wait for the next code if this one was used already.',
        })
      : locked(lock).error;
  return {
    kind: 'refused',
    why: verdict.kind === 'locked' ? 'locked' : why,
    ...(account === undefined ? {} : { account }),
    ...(lock === undefined ? {} : { lock }),
    error,
  };
}

/** What a name that nobody has is counted under. Object ids are UUIDs, so it meets none. */
function nobody(name: string): { tenantId: string; objectId: string } {
  return { tenantId: localTenant, objectId: `nobody:${name.trim().slice(0, 200)}` };
}

function usernameOf(name: string): string | undefined {
  const username = name.trim().toLowerCase();
  return namePattern.test(username) ? username : undefined;
}

function checkedGroups(groups: string[]): string[] {
  return [...new Set(checked(record.shape.groups, groups, 'The list of groups'))];
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LatchkeyError('request-invalid', `${what} is empty, too long or not text.`, {
    remedy: 'Correct it and try again.',
  });
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
