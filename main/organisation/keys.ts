import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { systemReason } from '../store/system-reason.ts';

/** The public half of an Ed25519 key as RFC 8037 writes it, and nothing beside it. */
export const publicJwk = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .refine(
      (text) => Buffer.from(text, 'base64url').toString('base64url') === text,
      'is not in canonical form',
    ),
});
export type PublicJwk = z.output<typeof publicJwk>;

/** Its SHA-256 thumbprint (RFC 7638: the required members in the order of their names, without white space). */
export function fingerprintOf({ crv, kty, x }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}

/** Of a private key. Throws for one of another kind. */
export function publicJwkOf(key: KeyObject): PublicJwk {
  const { kty, crv, x } = createPublicKey(key).export({ format: 'jwk' });
  return publicJwk.parse({ kty, crv, x });
}

/**
 * Makes a key and writes it to a file that was not there and that its owner alone may read.
 * @returns the fingerprint
 * @throws LatchkeyError `store-failed`
 */
export async function makeKeyFile(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(pem);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unusable(path, 'written', cause);
  }
  return fingerprintOf(publicJwkOf(privateKey));
}

/** @throws LatchkeyError `request-refused` for a file that others may read, `request-invalid` for no Ed25519 key in it */
export async function readKeyFile(path: string): Promise<KeyObject> {
  let pem: string;
  let mode: number;
  try {
    ({ mode } = await stat(path));
    pem = await readFile(path, 'utf8');
  } catch (cause) {
    throw unusable(path, 'read', cause);
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new LatchkeyError(
      'request-refused',
      `The key ${path} may be read by other users of this computer.`,
      {
        remedy: `Close it with: chmod 600 '${path}'. If anybody may have read it, go over to another key.`,
      },
    );
  }
  try {
    const key = createPrivateKey(pem);
    publicJwkOf(key);
    return key;
  } catch (cause) {
    throw new LatchkeyError('request-invalid', `${path} holds no private Ed25519 key in PEM form.`, {
      remedy: 'Make one with: latchkey bundle keygen <file>',
      cause,
    });
  }
}

function unusable(path: string, verb: 'read' | 'written', cause: unknown): LatchkeyError {
  const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
  const { because, remedy } = systemReason(cause);
  return new LatchkeyError(
    'store-failed',
    isThere
      ? `${path} is there already, and is left as it is.`
      : `${path} cannot be ${verb} because ${because}.`,
    { remedy: isThere ? 'Name another file.' : remedy, cause },
  );
}
