import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { createMutex } from '../base/mutex.ts';

/** RFC 7914 section 2. One hash takes 128 * N * r bytes. */
export interface ScryptCost {
  N: number;
  r: number;
  p: number;
}

/** 128 MiB, the first of the settings that OWASP's Password Storage Cheat Sheet recommends. Argon2 is not in Electron. */
export const scryptCost: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };

/** A password as it is stored. */
export const passwordHash = z.object({
  // Bounded, so that a record cannot ask for more memory than a machine has.
  N: z
    .number()
    .int()
    .min(2)
    .max(2 ** 20),
  r: z.number().int().min(1).max(16),
  p: z.number().int().min(1).max(4),
  salt: z.base64(),
  hash: z.base64(),
});
export type PasswordHash = z.infer<typeof passwordHash>;

const hashLength = 32;
const saltLength = 16;
const shortest = 14;
const longest = 1024;
const longestQueue = 20;

/** @throws LatchkeyError `request-invalid` for a password that is too short or that nobody could type again */
export function checkPassword(password: string): void {
  const length = [...normalised(password)].length;
  if (password.isWellFormed() && length >= shortest && length <= longest) return;
  throw new LatchkeyError('request-invalid', `A password has ${shortest} to ${longest} characters.`, {
    remedy:
      'Take a longer one: some words that do not belong together are easy to remember and hard to guess.',
  });
}

export type PasswordHasher = ReturnType<typeof createPasswordHasher>;

/**
 * Hashes and compares passwords, one at a time: each takes much memory, and one of the few threads that serve the
 * disk too. No more than 20 wait.
 */
export function createPasswordHasher(cost: ScryptCost = scryptCost) {
  const mutex = createMutex();
  let waiting = 0;

  async function derived(
    password: string,
    salt: Uint8Array,
    { N, r, p }: ScryptCost,
    length: number,
  ): Promise<Buffer> {
    if (waiting > longestQueue) {
      throw new LatchkeyError('limit-reached', 'Too many people are signing in at once.', {
        remedy: 'Try again in a minute.',
      });
    }
    waiting += 1;
    try {
      return await mutex.run(() => scryptAsync(normalised(password), salt, length, { N, r, p }));
    } finally {
      waiting -= 1;
    }
  }

  return {
    async hash(password: string): Promise<PasswordHash> {
      checkPassword(password);
      const salt = randomBytes(saltLength);
      const hash = await derived(password, salt, cost, hashLength);
      return { ...cost, salt: salt.toString('base64'), hash: hash.toString('base64') };
    },

    /** Whether it is that password; with no hash at hand, false after the same work. Throws `limit-reached`. */
    async matches(password: string, stored: PasswordHash | undefined): Promise<boolean> {
      const salt = stored === undefined ? randomBytes(saltLength) : Buffer.from(stored.salt, 'base64');
      const hash = stored === undefined ? randomBytes(hashLength) : Buffer.from(stored.hash, 'base64');
      // No stored password is that long: what is hashed in its stead only has to take as much time.
      const bounded = password.length > 4 * longest ? '' : password;
      const found = await derived(bounded, salt, stored ?? cost, hash.length);
      return timingSafeEqual(found, hash) && bounded === password;
    },
  };
}

/** One form for what looks the same on every keyboard (NIST SP 800-63B-4 section 3.1.1.2). */
function normalised(password: string): string {
  return password.normalize('NFKC');
}

function scryptAsync(password: string, salt: Uint8Array, length: number, cost: ScryptCost): Promise<Buffer> {
  const maxmem = 256 * cost.N * cost.r * cost.p;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { ...cost, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
