import { timingSafeEqual } from 'node:crypto';
import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { UpstreamAddress } from '../ports.ts';
import { ed25519PublicKey } from './ed25519.ts';
import { scrambleLength } from './greeting.ts';
import { certificateSignature, mysqlVerifier } from './proofs.ts';
import { createCursor } from './wire.ts';

/**
 * How a server of MariaDB 11.4 or later shows that its certificate is its own though no authority has issued it: the OK
 * packet of the login has SHA256(what it keeps of the password + scramble + SHA256(certificate)) for a text
 * (https://mariadb.com/kb/en/zero-configuration-ssl/). What is kept is the double hash, or the public key of ed25519; who
 * does not know it can show no certificate of his own.
 */

/** SHA-256, in hexadecimal digits. */
const signatureKind = 1;
const signatureLength = 64;

/** The methods that send nothing by which an unproven server could learn what it has to prove. */
const provingMethods: Record<string, (password: string) => Uint8Array> = {
  mysql_native_password: (password) => mysqlVerifier(password).nativeDouble,
  client_ed25519: ed25519PublicKey,
};

export interface ShownCertificate {
  /** SHA-256 of the certificate that TLS has shown. */
  digest: Uint8Array;
  /** Of the server's greeting. */
  scramble: Buffer;
}

/** @throws LatchkeyError `upstream-tls-failed` where the login goes on in a way that proves nothing. */
export function requireProof(plugin: string, password: string | undefined, address: UpstreamAddress): void {
  if (password === undefined || password === '')
    throw unproven(address, 'cannot prove its certificate, as this rule has no password');
  if (provingMethods[plugin] === undefined)
    throw unproven(address, 'asks for a login that does not prove its certificate');
}

/**
 * @param ok payload of the OK packet that ends the login.
 * @throws LatchkeyError `upstream-tls-failed` where the server does not prove its certificate; ProtocolError.
 */
export function checkProof(
  { digest, scramble }: ShownCertificate,
  ok: Buffer,
  plugin: string,
  password: string,
  address: UpstreamAddress,
): void {
  const kept = provingMethods[plugin]?.(password);
  const shown = signatureIn(ok);
  if (kept === undefined || shown === undefined)
    throw unproven(address, 'does not prove its certificate by the password');
  const expected = certificateSignature(kept, scramble.subarray(0, scrambleLength), digest);
  if (!timingSafeEqual(expected, shown))
    throw unproven(address, 'has proved another certificate than it shows: somebody is in between');
}

function signatureIn(ok: Buffer): Buffer | undefined {
  const cursor = createCursor(ok);
  cursor.byte();
  cursor.lengthEncoded();
  cursor.lengthEncoded();
  // Status and warnings.
  cursor.bytes(4);
  const text = cursor.left > 0 ? cursor.lengthEncodedBytes() : Buffer.alloc(0);
  const digits = text.toString('latin1', 1);
  return text[0] === signatureKind && digits.length === signatureLength && /^[0-9a-f]+$/i.test(digits)
    ? Buffer.from(digits, 'hex')
    : undefined;
}

function unproven(address: UpstreamAddress, what: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-tls-failed',
    `The database server at ${upstreamName(address)} ${what}.`,
    {
      remedy:
        'upstream.tls.mode "by-password" is for MariaDB 11.4 and later, and for users with mysql_native_password or ed25519; for others let it be "verify". The session was not opened.',
    },
  );
}
