import type { UpstreamLogin } from './ports.ts';

type Person = NonNullable<UpstreamLogin['person']>;

const mark = 'latchkey:';

/**
 * What a server's own list of sessions and log call a client: `latchkey:<sign-in name>:<session> <the client's own name>`.
 * Person and session stand in front and are never left out; a long sign-in name is cut with a `~`, and the client's own
 * name gets the room that is left.
 *
 * @param most how many characters the server keeps.
 * @param isPlain what the server takes as it is; other characters become `?`, as PostgreSQL does it itself.
 */
export function personLabel(
  { name, session }: Person,
  own: string,
  most: number,
  isPlain: RegExp = printableAscii,
): string {
  const room = most - mark.length - session.length - 1;
  // Both would move the session's place.
  const plain = plainText(name, isPlain).replaceAll(/[\s:]/g, '?');
  const shown = plain.length > room ? `${plain.slice(0, room - 1)}~` : plain;
  return `${mark}${shown}:${session} ${plainText(own, isPlain)}`.slice(0, most).trimEnd();
}

export const printableAscii = /[ -~]/;
/** All but control characters and halves of pairs. */
export const printableUnicode = /[^\p{Cc}\p{Cs}]/u;

/** The text without what a server would not take. */
export function plainText(text: string, isPlain: RegExp): string {
  return Array.from(text, (character) => (isPlain.test(character) ? character : '?')).join('');
}
