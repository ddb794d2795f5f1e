import { z } from 'zod';
import type { HandleRecord } from '../access/handles.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { SessionRecord } from '../identity/session-ports.ts';
import {
  type LocalAuthority,
  type LocalAuthorityOptions,
  openLocalAuthority,
} from '../store/local-authority.ts';
import type { SecretStore } from '../store/secret-store.ts';

const record = z.object({
  id: z.string(),
  provider: z.string(),
  objectId: z.string(),
  since: z.number(),
  until: z.number(),
});

/** The deadline of the session over a restart; a record of another form counts as none. */
export function sessionRecord(secrets: SecretStore) {
  return {
    async read(): Promise<SessionRecord | undefined> {
      const bytes = await secrets.get('session');
      return bytes === undefined ? undefined : record.safeParse(jsonOf(bytes)).data;
    },
    write: (value: SessionRecord) => secrets.set('session', encode(JSON.stringify(value))),
    clear: () => secrets.delete('session'),
  };
}

/** Named texts of one kind: passwords of database roles (`password`), application secrets of providers (`secret`). */
export function storedTexts(secrets: SecretStore, kind: 'password' | 'secret') {
  const key = (name: string): string => `${kind}-${name}`;
  return {
    async get(name: string): Promise<string | undefined> {
      const bytes = await secrets.get(key(name));
      return bytes === undefined ? undefined : decode(bytes);
    },
    set: (name: string, value: string) => secrets.set(key(name), encode(value)),
    delete: (name: string) => secrets.delete(key(name)),
    /** Which of the names have been stored. */
    async known(names: Iterable<string>): Promise<{ name: string; stored: boolean }[]> {
      const kept = new Set(await secrets.list());
      return [...names].map((name) => ({ name, stored: kept.has(key(name)) }));
    },
  };
}

/** The handles, which only a seal that outlives the process can keep. */
export function handleRecord(secrets: SecretStore, lasting: boolean): HandleRecord {
  return {
    lasting,
    read: () => secrets.get('handles'),
    write: (bytes) => secrets.set('handles', bytes),
  };
}

/** The authority for clients that insist on TLS; one that could not be opened has been put aside, and a new one is made. */
export async function localAuthority(
  options: LocalAuthorityOptions,
  log: (line: string) => void,
): Promise<LocalAuthority> {
  try {
    return await openLocalAuthority(options);
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'sealed-unreadable') throw error;
    log(`${error.message} ${error.remedy ?? ''}`);
    return openLocalAuthority(options);
  }
}

export type StoredTexts = ReturnType<typeof storedTexts>;

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decode(bytes));
  } catch {
    return undefined;
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
