import { ProtocolError } from '../refused.ts';
import type { ClientLogin } from './client-login.ts';
import { fastAuthSuccess } from './server-packets.ts';
import { createCursor, lengthEncodedBytes } from './wire.ts';

/**
 * What the client gets for its proof, as payloads: the server's OK, behind what its method has before that.
 * @param signature what shows a client of MariaDB that who has the gateway's certificate knows the token; absent = none
 */
export function answersTo({ proof }: ClientLogin, ok: Buffer, signature?: Uint8Array): Buffer[] {
  const own = okFor(ok, signature);
  return proof.kind === 'mysql-native' ? [own] : [fastAuthSuccess, own];
}

/** A text that cannot be read is left as it is. */
function okFor(ok: Buffer, signature: Uint8Array | undefined): Buffer {
  try {
    return withSignature(ok, signature);
  } catch (error) {
    if (error instanceof ProtocolError) return ok;
    throw error;
  }
}

/** MariaDB: what kind of signature follows; 1 is SHA-256, in hexadecimal digits. */
const signatureKind = 1;
const signatureLength = 64;

/**
 * A login's OK packet with the signature for the gateway's certificate in the place of its text. One for the upstream's
 * certificate is taken out in any case: it is made of the upstream's password, and of no use to a client.
 */
function withSignature(ok: Buffer, signature: Uint8Array | undefined): Buffer {
  const cursor = createCursor(ok);
  cursor.byte();
  cursor.lengthEncoded();
  cursor.lengthEncoded();
  cursor.bytes(4);
  const head = ok.subarray(0, ok.length - cursor.left);
  // As MariaDB writes it, the text has its length in front in any case.
  const text = cursor.left > 0 ? cursor.lengthEncodedBytes() : Buffer.alloc(0);
  const isSignature = text.length === 1 + signatureLength && text[0] === signatureKind;
  if (signature === undefined && !isSignature) return ok;
  const digits = Buffer.from(signature ?? [])
    .toString('hex')
    .toUpperCase();
  const shown =
    signature === undefined ? text.subarray(0, 0) : Buffer.from([signatureKind, ...Buffer.from(digits)]);
  return Buffer.concat([head, lengthEncodedBytes(shown), cursor.rest()]);
}
