import { createHmac, randomBytes } from 'node:crypto';
import type { ScramParameters } from '../ports.ts';
import { type ScramKeys, scramKeys } from './scram.ts';

export type ScramKeyCache = ReturnType<typeof createScramKeyCache>;

/**
 * Remembers what PBKDF2 made of an upstream's password, so that only the first login with it pays for it. RFC 5802
 * section 9 allows clients to do so. Entries are found by a keyed digest: the password itself is not kept.
 *
 * @param limit entries to hold; the one used longest ago goes.
 */
export function createScramKeyCache(limit = 64) {
  const digestKey = randomBytes(32);
  const entries = new Map<string, Promise<ScramKeys>>();
  return {
    /** Logins that ask at the same time share one computation. */
    keys(password: string, parameters: ScramParameters): Promise<ScramKeys> {
      const { salt, iterations } = parameters;
      const digest = createHmac('sha256', digestKey)
        .update(`${iterations},${salt.length},`)
        .update(salt)
        .update(password)
        .digest('base64');
      const keys = entries.get(digest) ?? scramKeys(password, parameters);
      entries.delete(digest);
      entries.set(digest, keys);
      const [oldest] = entries.keys();
      if (entries.size > limit && oldest !== undefined) entries.delete(oldest);
      return keys;
    },
    get size() {
      return entries.size;
    },
  };
}
