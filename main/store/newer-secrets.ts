import { LatchkeyError } from '../contract/errors.ts';
import type { SecretStore } from './secret-store.ts';
import { isNewer, newerThanThis, versionOfJson } from './versioned.ts';

interface Form {
  /** What it is to people. */
  what: string;
  /** The latest version that this Latchkey reads. */
  version: number;
  /**
   * What one of a newer version means. `refused`: reading and writing it fail with `stored-newer`. `for-now`: it counts
   * as none, and what is written instead lasts as long as this process.
   */
  newer: 'refused' | 'for-now';
}

/**
 * The sealed values that are JSON with a version, by how their names begin; the longest beginning counts. The others
 * (passwords, application secrets, keys of authenticators) are bare bytes whose version is that of their envelope.
 */
const forms: Record<string, Form> = {
  session: { what: 'The stored session', version: 1, newer: 'for-now' },
  'msal-': { what: 'The stored sign-in', version: 1, newer: 'for-now' },
  'local-authority': { what: 'The stored certificate authority', version: 1, newer: 'for-now' },
  handles: { what: 'The list of saved passwords', version: 1, newer: 'refused' },
  'push-': { what: "A phone's enrolment", version: 1, newer: 'refused' },
  'push-attempts-': { what: 'The count of push requests', version: 1, newer: 'refused' },
  'local-account-': { what: 'A break-glass account', version: 1, newer: 'refused' },
  'audit-key': { what: "The audit's key", version: 1, newer: 'refused' },
};

/**
 * A secret store that leaves alone what a newer Latchkey has written: after a downgrade nothing of it is misread, and
 * nothing is written over or deleted. Each is told once, by `log`.
 */
export function leaveNewer(secrets: SecretStore, log: (line: string) => void): SecretStore {
  const newer = new Map<string, LatchkeyError>();
  const known = new Set<string>();
  /** What stands in for newer values until the end of the process. */
  const forNow = new Map<string, Uint8Array>();

  async function read(name: string): Promise<Uint8Array | undefined> {
    const bytes = await secrets.get(name).catch((thrown: unknown) => {
      if (isNewer(thrown)) note(name, thrown);
      throw thrown;
    });
    const form = formOf(name);
    if (bytes !== undefined && form !== undefined && versionOfJson(bytes) > form.version)
      throw note(name, newerThanThis(form.what));
    known.add(name);
    return bytes;
  }

  function note(name: string, error: LatchkeyError): LatchkeyError {
    if (!newer.has(name)) log(`${error.message} ${error.remedy ?? ''}`);
    newer.set(name, error);
    return error;
  }

  /** Before it is written over: true where it must not be. */
  async function isLeft(name: string): Promise<boolean> {
    if (!newer.has(name) && !known.has(name)) {
      try {
        await read(name);
      } catch (thrown) {
        // Damaged, and put aside by now; or not to be had now, which the call that follows will say itself.
        if (!isNewer(thrown) && !(thrown instanceof LatchkeyError)) throw thrown;
      }
    }
    const error = newer.get(name);
    if (error === undefined) return false;
    if (formOf(name)?.newer !== 'for-now') throw error;
    return true;
  }

  return {
    async get(name) {
      const error = newer.get(name);
      if (error === undefined) {
        try {
          return await read(name);
        } catch (thrown) {
          if (!isNewer(thrown)) throw thrown;
        }
      }
      if (formOf(name)?.newer === 'for-now') return forNow.get(name);
      throw newer.get(name) ?? error ?? newerThanThis(name);
    },
    async set(name, secret) {
      if (await isLeft(name)) forNow.set(name, Uint8Array.from(secret));
      else await secrets.set(name, secret);
    },
    async delete(name) {
      if (await isLeft(name)) forNow.delete(name);
      else await secrets.delete(name);
    },
    list: async () => [...new Set([...forNow.keys(), ...(await secrets.list())])].toSorted(),
  };
}

function formOf(name: string): Form | undefined {
  const beginnings = Object.keys(forms).filter((beginning) => name.startsWith(beginning));
  const [longest] = beginnings.toSorted((a, b) => b.length - a.length);
  return longest === undefined ? undefined : forms[longest];
}
