import {
  type KeyObject,
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  verify,
} from 'node:crypto';
import { LatchkeyError } from '../../contract/errors.ts';

/**
 * MariaDB's client_ed25519: an Ed25519 signature (RFC 8032 section 5.1.6) of the server's 32 random bytes, with the
 * password in place of the 32-byte seed (https://mariadb.com/kb/en/authentication-plugin-ed25519/). node:crypto takes no
 * seed of another length, so that the signature is put together here; all that touches the curve is OpenSSL's.
 *
 * OpenSSL multiplies a scalar of our choice with the base point for X25519 (RFC 7748), whose curve is the same one in
 * other coordinates: that gives y of the Edwards point, and all of it but the sign of x. Both signs are tried for the two
 * points, and the combination that verifies is the signature; a wrong one never leaves this function.
 *
 * @throws LatchkeyError `internal`, which would be a fault of ours.
 */
export function ed25519Response(password: string, message: Uint8Array): Buffer {
  return sign(password, message).signature;
}

/** What the server keeps of a password: the key that its signatures verify by. Throws as {@link ed25519Response}. */
export function ed25519PublicKey(password: string): Buffer {
  return sign(password, Buffer.alloc(32)).publicKey;
}

function sign(password: string, message: Uint8Array): { signature: Buffer; publicKey: Buffer } {
  const expanded = createHash('sha512').update(password).digest();
  const secret = clamped(expanded.subarray(0, 32));
  // Any nonce makes a good signature as long as it is never used for two messages.
  const nonce = clamped(randomBytes(32));
  const secretY = edwardsY(secret);
  const nonceY = edwardsY(nonce);
  for (const publicKey of bothSigns(secretY)) {
    const verifier = createPublicKey({
      key: Buffer.concat([ed25519Spki, publicKey]),
      format: 'der',
      type: 'spki',
    });
    for (const point of bothSigns(nonceY)) {
      const challenge = createHash('sha512').update(point).update(publicKey).update(message).digest();
      const s = (toNumber(nonce) + toNumber(challenge) * toNumber(secret)) % groupOrder;
      const signature = Buffer.concat([point, toBytes(s)]);
      if (verify(null, message, verifier, signature)) return { signature, publicKey };
    }
  }
  throw new LatchkeyError('internal', 'Latchkey met an error it did not expect.', {
    cause: new Error('no Ed25519 signature verifies'),
  });
}

/** RFC 8032 section 5.1: L and p. */
const groupOrder = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
const fieldPrime = 2n ** 255n - 19n;

/** RFC 8410 section 7 and 10.1: the DER in front of a bare key. */
const x25519Pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const ed25519Spki = Buffer.from('302a300506032b6570032100', 'hex');

/** RFC 8032 section 5.1.5, step 2; X25519 does the same to every scalar (RFC 7748 section 5). */
function clamped(bytes: Uint8Array): Buffer {
  const scalar = Buffer.from(bytes);
  scalar.writeUInt8(scalar.readUInt8(0) & 0xf8, 0);
  scalar.writeUInt8((scalar.readUInt8(31) & 0x7f) | 0x40, 31);
  return scalar;
}

/** y of scalar × base point, 32 bytes, with the bit for the sign of x clear. */
function edwardsY(scalar: Buffer): Buffer {
  const key: KeyObject = createPrivateKey({
    key: Buffer.concat([x25519Pkcs8, scalar]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const u = toNumber(spki.subarray(-32));
  // RFC 7748 section 4.1: y = (u - 1) / (u + 1).
  return toBytes((((u - 1n + fieldPrime) % fieldPrime) * inverse(u + 1n)) % fieldPrime);
}

function bothSigns(y: Buffer): [Buffer, Buffer] {
  const negative = Buffer.from(y);
  negative.writeUInt8(y.readUInt8(31) | 0x80, 31);
  return [y, negative];
}

/** By Fermat: value ^ (p - 2). */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value % fieldPrime;
  for (let exponent = fieldPrime - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % fieldPrime;
    base = (base * base) % fieldPrime;
  }
  return result;
}

function toNumber(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian.toReversed()).toString('hex')}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed());
}
