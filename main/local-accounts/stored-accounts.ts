import { z } from 'zod';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { passwordHash } from './password.ts';

/** What the local accounts need of the secret store. */
export interface AccountSecrets {
  get(name: string): Promise<Uint8Array | undefined>;
  set(name: string, secret: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
  list(): Promise<string[]>;
}

const prefix = 'local-account-';
const namePattern = /^[a-z0-9][a-z0-9._-]{0,39}$/;
/** Earlier versions kept name and groups here too; they count for nothing. */
const record = z.object({
  objectId: z.uuid(),
  username: z.string().regex(namePattern),
  enabled: z.boolean(),
  password: passwordHash,
});
export type StoredAccount = z.infer<typeof record>;

export type StoredAccounts = ReturnType<typeof createStoredAccounts>;

/** What is sealed of local accounts, by their names in lower case. */
export function createStoredAccounts(secrets: AccountSecrets) {
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

  return {
    /** @throws LatchkeyError `sealed-unreadable` */
    read,

    write(value: StoredAccount): Promise<void> {
      return secrets.set(prefix + value.username, jsonBytes({ version: 1, ...value }));
    },

    delete: (username: string): Promise<void> => secrets.delete(prefix + username),

    /** Also of those that cannot be read. */
    async names(): Promise<string[]> {
      const all = await secrets.list();
      return all.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    },

    /** @param name as a person has typed it @throws LatchkeyError `request-invalid` where there is none */
    async existing(name: string): Promise<StoredAccount> {
      const username = usernameOf(name);
      const found = username === undefined ? undefined : await read(username);
      if (found !== undefined) return found;
      throw new LatchkeyError('request-invalid', `There is no local account "${name}".`, {
        remedy: 'Look at the list of local accounts.',
      });
    },
  };
}

/** The name as it is stored, or undefined for what cannot be one. */
export function usernameOf(name: string): string | undefined {
  const username = name.trim().toLowerCase();
  return namePattern.test(username) ? username : undefined;
}
