import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LatchkeyError, type Problem } from '../contract/errors.ts';
import { systemReason } from './system-reason.ts';
import { newerThanThis } from './versioned.ts';

/**
 * Makes bytes unreadable to everyone but this user on this machine. Which name a secret has is not the seal's affair:
 * the secret store puts it inside.
 */
export interface Seal {
  /** `keychain`: the system's key store; `key-file`: a key given by the administrator; `memory`: ends with the process. */
  kind: 'keychain' | 'key-file' | 'memory';
  /** Why it is not a better kind, for people. */
  reason?: string;
  /** Of a seal whose key may come after the start: a keyring that is locked then. */
  late?: LateKey;
  /** What it opens is what it sealed, to the last bit. */
  authenticates?: true;
  /** Rejects with LatchkeyError `seal-unavailable` where the key cannot be had now (a locked keyring). */
  seal(plain: Uint8Array): Promise<Uint8Array>;
  /**
   * Rejects with LatchkeyError `seal-unavailable` where the key cannot be had now, `stored-newer` where a later
   * version of the seal was used. Any other rejection means that these bytes are damaged or were sealed with another
   * key; the secret store then quarantines the file.
   */
  open(sealed: Uint8Array): Promise<Uint8Array>;
}

export interface LateKey {
  /** Why the key cannot be had now (`seal-unavailable`); undefined once it can be had. */
  problem(): Problem | undefined;
  /** Calls back after each change of `problem`; returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Lets the system ask the person for the key once more; the answer shows in `problem`. Absent where it cannot. */
  ask?(): void;
}

const version = 1;
const nonceLength = 12;
const tagLength = 16;
const purpose = Buffer.from('latchkey sealed secret, version 1');

/**
 * AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D section 8.2.2: good for 2^32 messages with one key).
 * Format: version (1 byte, 1) | nonce (12) | ciphertext | tag (16); version, purpose and kind are authenticated.
 *
 * @param key 32 bytes, copied; the caller may wipe its own
 */
export function createAesSeal(kind: Seal['kind'], key: Uint8Array, reason?: string): Seal {
  if (key.length !== 32) throw new RangeError('the key must be 32 bytes');
  const ownKey = Buffer.from(key);
  const authenticated = Buffer.concat([Buffer.from([version]), purpose, Buffer.from(kind)]);

  function decrypt(bytes: Buffer): Buffer {
    const bodyEnd = bytes.length - tagLength;
    const decipher = createDecipheriv('aes-256-gcm', ownKey, bytes.subarray(1, 1 + nonceLength), {
      authTagLength: tagLength,
    });
    decipher.setAAD(authenticated);
    decipher.setAuthTag(bytes.subarray(bodyEnd));
    return Buffer.concat([decipher.update(bytes.subarray(1 + nonceLength, bodyEnd)), decipher.final()]);
  }

  /** Told apart from a version byte that was damaged: behind that one the rest still opens. */
  function isLaterVersion(bytes: Buffer): boolean {
    try {
      decrypt(bytes);
      return false;
    } catch {
      return (bytes[0] ?? 0) > version;
    }
  }

  return {
    kind,
    authenticates: true,
    ...(reason === undefined ? {} : { reason }),
    async seal(plain) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', ownKey, nonce, { authTagLength: tagLength });
      cipher.setAAD(authenticated);
      const body = [cipher.update(plain), cipher.final()];
      return Buffer.concat([Buffer.from([version]), nonce, ...body, cipher.getAuthTag()]);
    },
    async open(sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (bytes.length < 1 + nonceLength + tagLength) throw new Error('sealed bytes are too short');
      if (bytes[0] === version) return decrypt(bytes);
      if (isLaterVersion(bytes)) throw newerThanThis('A sealed secret');
      throw new Error('sealed bytes have an unknown version');
    },
  };
}

/** For machines without a key store: nothing outlives the process, and `reason` says why. */
export function createMemorySeal(reason: string): Seal {
  return createAesSeal('memory', randomBytes(32), reason);
}

/**
 * A seal whose key is in a file that the administrator made and named: 32 random bytes as base64, one line. The file
 * must belong to this user or root and be closed to everyone else (Windows: its access list is not looked at).
 *
 * @throws LatchkeyError `seal-unavailable`, saying what is wrong with the file
 */
export async function openKeyFileSeal(path: string): Promise<Seal> {
  const recipe = `Make a key with: (umask 077; openssl rand -base64 32 > '${path}')`;
  let text: string;
  try {
    // Checked on the open file, so that it cannot be exchanged between the check and the reading.
    const file = await open(path, 'r');
    try {
      const { uid, mode, size } = await file.stat();
      const ownUid = process.getuid?.();
      if (ownUid !== undefined && uid !== ownUid && uid !== 0) {
        throw keyRefused(
          `The key file ${path} belongs to another user (uid ${uid}).`,
          `Make it yours: chown '${path}'.`,
        );
      }
      // systemd hands a credential to the service's user by an access list, which shows as root's file with mode 0440.
      const isCredential = uid === 0 && (mode & 0o037) === 0 && isInCredentials(path);
      if (ownUid !== undefined && (mode & 0o077) !== 0 && !isCredential) {
        throw keyRefused(
          `The key file ${path} is open to other users.`,
          `Close it with: chmod 600 '${path}'`,
        );
      }
      if (size > 1024)
        throw keyRefused(`The key file ${path} does not hold a 256-bit key in base64.`, recipe);
      text = (await file.readFile('latin1')).trim();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    const { because } = systemReason(cause);
    throw keyRefused(`The key file ${path} could not be read because ${because}.`, recipe, cause);
  }
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(text)) {
    throw keyRefused(`The key file ${path} does not hold a 256-bit key in base64.`, recipe);
  }
  return createAesSeal('key-file', Buffer.from(text, 'base64'));
}

/** In the folder that systemd keeps for this service alone (systemd.exec, "Credentials"). */
function isInCredentials(path: string): boolean {
  const folder = process.env['CREDENTIALS_DIRECTORY'];
  return folder !== undefined && dirname(resolve(path)) === resolve(folder);
}

function keyRefused(message: string, remedy: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('seal-unavailable', message, { remedy, cause });
}
