import { createHash, timingSafeEqual } from 'node:crypto';
import type { LoginAttempt } from '../ports.ts';

/**
 * How a client shows that it holds a password without sending it, in both of MySQL's ways. Each hides the inner hash of
 * the password under a hash of its double hash and the server's scramble, so that a server that keeps double hashes can
 * check the proof, and cannot make one.
 *
 * - mysql_native_password: "Native Authentication"
 *   (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods_native_password_authentication.html)
 * - caching_sha2_password: "Caching_sha2_password information", fast authentication
 *   (https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html)
 */
export type MysqlProof = Extract<LoginAttempt['proof'], { kind: 'mysql-native' | 'caching-sha2' }>;

/** What is kept of a token for checking proofs; the token cannot be had from it, nor a proof be made. */
export interface MysqlVerifier {
  /** SHA1(SHA1(token)). */
  nativeDouble: Uint8Array;
  /** SHA256(SHA256(token)). */
  sha2Double: Uint8Array;
}

export function mysqlVerifier(token: string): MysqlVerifier {
  return {
    nativeDouble: sha1(sha1(Buffer.from(token))),
    sha2Double: sha256(sha256(Buffer.from(token))),
  };
}

/**
 * Whether the proof was made with the token of this verifier. Compares in constant time; a proof of another length, an
 * empty one above all, is wrong.
 */
export function checkMysqlProof(
  { nativeDouble, sha2Double }: MysqlVerifier,
  { kind, scramble, response }: MysqlProof,
): boolean {
  const [double, hash, mask] =
    kind === 'mysql-native'
      ? [nativeDouble, sha1, sha1(scramble, nativeDouble)]
      : [sha2Double, sha256, sha256(sha2Double, scramble)];
  if (response.length !== mask.length) return false;
  return timingSafeEqual(hash(xor(response, mask)), double);
}

/**
 * What MariaDB 11.4 tells a client over TLS, so that it may trust a certificate whose authority it does not have:
 * SHA256(SHA1(SHA1(token)) + scramble + SHA256(certificate)), with the public key in place of the double hash for ed25519. Nobody in between can make it for a certificate of his own
 * (https://mariadb.com/kb/en/zero-configuration-ssl/).
 */
export function certificateSignature(
  kept: Uint8Array,
  scramble: Uint8Array,
  certificate: Uint8Array,
): Buffer {
  return sha256(kept, scramble, certificate);
}

/** SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))); nothing for an empty password. */
export function nativeResponse(password: string, scramble: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0);
  const inner = sha1(Buffer.from(password));
  return xor(inner, sha1(scramble, sha1(inner)));
}

/** SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble); nothing for an empty password. */
export function sha2Response(password: string, scramble: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0);
  const inner = sha256(Buffer.from(password));
  return xor(inner, sha256(sha256(inner), scramble));
}

function sha1(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function xor(bytes: Uint8Array, mask: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
}
