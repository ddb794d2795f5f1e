import { createHash, randomBytes } from 'node:crypto';

/**
 * A token is `lk_`, 43 letters and digits that carry 256 random bits, and 3 that check them: 49 characters without
 * any that a connection string, a shell or a double click treats apart. The check tells a mistyped or cut-off token
 * from a wrong one before anything is looked up; it protects nothing.
 */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefix = 'lk_';
const bodyLength = 43;
const checkLength = 3;

export function newTokenText(random: (size: number) => Uint8Array = randomBytes): string {
  const body = base62(BigInt(`0x${Buffer.from(random(32)).toString('hex')}`), bodyLength);
  return `${prefix}${body}${checkOf(body)}`;
}

export function isTokenText(text: string): boolean {
  if (text.length !== prefix.length + bodyLength + checkLength || !text.startsWith(prefix)) return false;
  const body = text.slice(prefix.length, -checkLength);
  return text.endsWith(checkOf(body));
}

function checkOf(body: string): string {
  const digest = createHash('sha256').update(prefix).update(body).digest();
  return base62(BigInt(digest.readUInt32BE(0)) % 62n ** BigInt(checkLength), checkLength);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = `${alphabet[Number(rest % 62n)]}${text}`;
  return text;
}
