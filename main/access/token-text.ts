import { createHash, randomBytes } from 'node:crypto';

/**
 * A token is `lk_` (a handle `lkh_`), 43 letters and digits that carry 256 random bits, and 3 that check them: 49 characters without
 * any that a connection string, a shell or a double click treats apart. The check tells a mistyped or cut-off token
 * from a wrong one before anything is looked up; it protects nothing.
 *
 * The short form is for clients whose password field ends at 30 characters (Sybase's libraries): 28 in all, of which 22
 * carry 128 random bits and the rest checks them.
 */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefixes = { token: 'lk_', handle: 'lkh_' } as const;
export type TokenKind = keyof typeof prefixes;

const long = { randomBytes: 32, bodyLength: 43 };
const longCheckLength = 3;
const short = { randomBytes: 16, bodyLength: 22 };
const shortLength = 28;

export function newTokenText(
  kind: TokenKind = 'token',
  { isShort = false, random = randomBytes }: { isShort?: boolean; random?(size: number): Uint8Array } = {},
): string {
  const form = isShort ? short : long;
  const checkLength = isShort ? shortCheckLength(kind) : longCheckLength;
  const number = BigInt(`0x${Buffer.from(random(form.randomBytes)).toString('hex')}`);
  const body = base62(number, form.bodyLength);
  return `${prefixes[kind]}${body}${checkOf(kind, body, checkLength)}`;
}

function shortCheckLength(kind: TokenKind): number {
  return shortLength - prefixes[kind].length - short.bodyLength;
}

/** What the text is, by its form alone; undefined for anything else, as it was mistyped or cut off. */
export function kindOfText(text: string): TokenKind | undefined {
  const kind = text.startsWith(prefixes.handle) ? 'handle' : 'token';
  const prefix = prefixes[kind];
  if (!text.startsWith(prefix)) return undefined;
  let checkLength = longCheckLength;
  if (text.length === shortLength) checkLength = shortCheckLength(kind);
  else if (text.length !== prefix.length + long.bodyLength + longCheckLength) return undefined;
  const body = text.slice(prefix.length, -checkLength);
  return text.endsWith(checkOf(kind, body, checkLength)) ? kind : undefined;
}

function checkOf(kind: TokenKind, body: string, checkLength: number): string {
  const digest = createHash('sha256').update(prefixes[kind]).update(body).digest();
  return base62(BigInt(digest.readUInt32BE(0)) % 62n ** BigInt(checkLength), checkLength);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = `${alphabet[Number(rest % 62n)]}${text}`;
  return text;
}
