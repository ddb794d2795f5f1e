import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { ScramParameters } from '../ports.ts';

/** What a server keeps of a password: enough to check a proof, not enough to make one. RFC 5803. */
export interface ScramVerifier {
  storedKey: Uint8Array;
  serverKey: Uint8Array;
}

/** What a client makes of a password for one salt and iteration count. RFC 5802 section 3. */
export interface ScramKeys {
  clientKey: Buffer;
  serverKey: Buffer;
}

const keyLength = 32;
const deriveKey = promisify(pbkdf2);

/**
 * The keys of RFC 5802 section 3 for SCRAM-SHA-256 (RFC 7677). PBKDF2 runs on the thread pool, so that no other
 * login waits for it.
 *
 * A password that SASLprep (RFC 4013) prohibits, unassigned code points such as newer emoji included, or that it leaves
 * nothing of, is used as it is: PostgreSQL does so on both sides, and any other rule would fail against it.
 */
export async function scramKeys(password: string, { salt, iterations }: ScramParameters): Promise<ScramKeys> {
  const salted = await deriveKey(await normalise(password), salt, iterations, keyLength, 'sha256');
  return { clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') };
}

/** The verifier of one token, made when it is issued so that a login costs a few HMACs only. */
export async function scramVerifier(password: string, parameters: ScramParameters): Promise<ScramVerifier> {
  const { clientKey, serverKey } = await scramKeys(password, parameters);
  return { storedKey: sha256(clientKey), serverKey };
}

/**
 * Checks a client's proof against one verifier, in constant time (RFC 5802 section 3).
 *
 * @param authMessage client-first-message-bare "," server-first-message "," client-final-message-without-proof
 * @returns the ServerSignature to answer with, or undefined where the proof does not fit this verifier.
 */
export function checkScramProof(
  verifier: ScramVerifier,
  authMessage: string,
  clientProof: Uint8Array,
): Uint8Array | undefined {
  if (clientProof.length !== keyLength) return undefined;
  const clientKey = xor(clientProof, hmac(verifier.storedKey, authMessage));
  if (!timingSafeEqual(sha256(clientKey), verifier.storedKey)) return undefined;
  return hmac(verifier.serverKey, authMessage);
}

/** The client's half: the proof to send, and the signature that the server must answer with. */
export function scramProof(
  { clientKey, serverKey }: ScramKeys,
  authMessage: string,
): { clientProof: Buffer; serverSignature: Buffer } {
  return {
    clientProof: xor(clientKey, hmac(sha256(clientKey), authMessage)),
    serverSignature: hmac(serverKey, authMessage),
  };
}

async function normalise(password: string): Promise<string> {
  // SASLprep leaves these as they are, which all tokens consist of; its tables take longer to load than all of SCRAM.
  if (/^[\x20-\x7e]+$/.test(password)) return password;
  const { default: prepare } = await import('@mongodb-js/saslprep');
  try {
    const prepared = prepare(password);
    return prepared === '' ? password : prepared;
  } catch {
    return password;
  }
}

function hmac(key: Uint8Array, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
