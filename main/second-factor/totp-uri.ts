import { Secret, TOTP } from 'otpauth';
import { encode } from 'uqr';
import { digits, stepSeconds } from './totp-code.ts';

/** What a person needs to put the key into an authenticator application. All three hold the secret. */
export interface KeyOffer {
  /** https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
  uri: string;
  /** Base32 in groups of four, for typing. */
  key: string;
  /** Rows of modules, true for dark, with the quiet zone of four that ISO/IEC 18004 asks for: draw it as it is. */
  qr: boolean[][];
}

const quietZone = 4;
const longestName = 100;

/** @param names shown by the application; what the format does not allow in them is replaced */
export function offerKey(key: Uint8Array, names: { issuer: string; username: string }): KeyOffer {
  const secret = new Secret({ buffer: Uint8Array.from(key).buffer });
  const uri = new TOTP({
    issuer: labelText(names.issuer),
    label: labelText(names.username),
    algorithm: 'SHA1',
    digits,
    period: stepSeconds,
    secret,
  }).toString();
  return {
    uri,
    key: secret.base32.replaceAll(/.{4}(?=.)/g, '$& '),
    qr: encode(uri, { ecc: 'M', border: quietZone }).data,
  };
}

/**
 * The colon parts issuer and name and may stand in neither, not even encoded. Controls and marks that turn the writing
 * direction would let a name pass for another on the phone.
 */
function labelText(name: string): string {
  const text = name
    .toWellFormed()
    .replaceAll(':', '-')
    .replaceAll(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim();
  const points = [...text];
  return points.length > longestName ? `${points.slice(0, longestName - 1).join('')}…` : text;
}
