import { createHash, randomBytes } from 'node:crypto';

/**
 * A token is `lk_` (a handle `lkh_`), 43 letters and digits that carry 256 random bits, and 3 that check them: 49 characters without
 * any that a connection string, a shell or a double click treats apart. The check tells a mistyped or cut-off token
 * from a wrong one before anything is looked up; it protects nothing.
 */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefixes = { token: 'lk_', handle: 'lkh_' } as const;
export type TokenKind = keyof typeof prefixes;

const bodyLength = 43;
const checkLength = 3;

export function newTokenText(
  kind: TokenKind = 'token',
  random: (size: number) => Uint8Array = randomBytes,
): string {
  const body = base62(BigInt(`0x${Buffer.from(random(32)).toString('hex')}`), bodyLength);
  return `${prefixes[kind]}${body}${checkOf(kind, body)}`;
}

/** What the text is, by its form alone; undefined for anything else, as it was mistyped or cut off. */
export function kindOfText(text: string): TokenKind | undefined {
  const kind = text.startsWith(prefixes.handle) ? 'handle' : 'token';
  const prefix = prefixes[kind];
  if (text.length !== prefix.length + bodyLength + checkLength || !text.startsWith(prefix)) return undefined;
  return text.endsWith(checkOf(kind, text.slice(prefix.length, -checkLength))) ? kind : undefined;
}

function checkOf(kind: TokenKind, body: string): string {
  const digest = createHash('sha256').update(prefixes[kind]).update(body).digest();
  return base62(BigInt(digest.readUInt32BE(0)) % 62n ** BigInt(checkLength), checkLength);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = `${alphabet[Number(rest % 62n)]}${text}`;
  return text;
}
