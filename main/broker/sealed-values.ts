import { join } from 'node:path';
import { z } from 'zod';
import type { HandleRecord } from '../access/handle-record.ts';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { SessionRecord } from '../session/live-session.ts';
import type { RecordKey, RecordPort } from '../session/stored-sessions.ts';
import { accountSecret } from '../store/account-secrets.ts';
import {
  type LocalAuthority,
  type LocalAuthorityOptions,
  openLocalAuthority,
} from '../store/local-authority.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import type { SecretStore } from '../store/secret-store.ts';
import { isNewer } from '../store/versioned.ts';

const record = z.object({
  id: z.string(),
  provider: z.string(),
  objectId: z.string(),
  since: z.number(),
  until: z.number(),
  seen: z.number().optional(),
});

/** Where a Latchkey that knew one account at a time kept its record, and its tokens: `msal-<provider>`. */
const oldRecord = 'session';
const oldCache = (provider: string): string => `msal-${provider}`;

/**
 * The deadlines of the accounts' sessions over a restart, each by itself; a record of another form counts as none, and one
 * that cannot be opened any more is left out.
 */
export function sessionRecords(secrets: SecretStore, log: (line: string) => void): RecordPort {
  const nameOf = ({ provider, objectId }: RecordKey): string => accountSecret('session', provider, objectId);
  const write = (value: SessionRecord): Promise<void> =>
    secrets.set(nameOf(value), jsonBytes({ version: 1, ...value }));
  const names = async (): Promise<string[]> =>
    (await secrets.list()).filter((name) => name.startsWith(`${oldRecord}-`));

  async function recordIn(name: string): Promise<SessionRecord | undefined> {
    const bytes = await secrets.get(name);
    return bytes === undefined ? undefined : record.safeParse(jsonOf(bytes)).data;
  }

  /** One that can never be opened keeps none of the others back. @throws what reading it has thrown, where it is alone */
  async function readable(): Promise<SessionRecord[]> {
    const tried = await Promise.allSettled((await names()).map(recordIn));
    const found = tried.flatMap((one) => (one.status === 'fulfilled' ? (one.value ?? []) : []));
    for (const one of tried) {
      if (one.status === 'fulfilled') continue;
      const error: unknown = one.reason;
      const isDamaged = error instanceof LatchkeyError && error.code === 'sealed-unreadable';
      if (!isDamaged || found.length === 0) throw error;
      log(`${error.message} ${error.remedy ?? ''}`);
    }
    return found;
  }

  /** Tokens first, the old record last: where it breaks off, it is done once more. */
  async function migrate(): Promise<void> {
    const old = await recordIn(oldRecord);
    if (old === undefined) return;
    const cache = oldCache(old.provider);
    const tokens = await secrets.get(cache);
    if (tokens !== undefined) await secrets.set(accountSecret('msal', old.provider, old.objectId), tokens);
    await write(old);
    await secrets.delete(cache);
    await secrets.delete(oldRecord);
  }

  return {
    async read() {
      await migrate();
      return readable();
    },
    write,
    clear: (of) => secrets.delete(nameOf(of)),
    async clearAll() {
      for (const name of [oldRecord, ...(await names())]) await secrets.delete(name);
    },
  };
}

const parametersFile = 'scram.json';
const parameters = z.object({
  version: z.literal(1),
  salt: z.base64(),
  iterations: z.number().int().min(4096).max(100_000),
});

/**
 * The handles, which only a seal that outlives the process can keep. Those of a newer Latchkey are no list of ours.
 * @param home the state folder
 */
export function handleRecord(secrets: SecretStore, lasting: boolean, home: string): HandleRecord {
  const file = join(home, parametersFile);
  return {
    lasting,
    read: () =>
      secrets.get('handles').catch((thrown: unknown) => {
        if (isNewer(thrown)) return new Uint8Array();
        throw thrown;
      }),
    write: (bytes) => secrets.set('handles', bytes),
    parameters: {
      async read() {
        const found = parameters.safeParse(jsonOf((await readIfThere(file)) ?? new Uint8Array())).data;
        return found && { salt: Buffer.from(found.salt, 'base64'), iterations: found.iterations };
      },
      async write({ salt, iterations }) {
        const bytes = jsonBytes({ version: 1, salt: Buffer.from(salt).toString('base64'), iterations });
        if ((await readIfThere(file))?.equals(bytes) !== true) await writeDurably(file, bytes);
      },
    },
  };
}

/**
 * The authority for clients that insist on TLS. One that could not be opened has been put aside, and a new one is made;
 * while the seal cannot be opened, one of this process stands in, and the lasting one is left as it is.
 */
export async function localAuthority(
  options: LocalAuthorityOptions,
  log: (line: string) => void,
): Promise<LocalAuthority> {
  try {
    return await openLocalAuthority(options);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    if (error.code === 'seal-unavailable') {
      const secrets = { get: async () => undefined, set: async () => undefined };
      return openLocalAuthority({ ...options, secrets, lasting: false });
    }
    if (error.code !== 'sealed-unreadable') throw error;
    log(`${error.message} ${error.remedy ?? ''}`);
    return openLocalAuthority(options);
  }
}
