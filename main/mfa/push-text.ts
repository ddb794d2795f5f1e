/** Controls, format characters (bidirectional ones among them), separators, lone surrogates, unassigned and private. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/**
 * A name that somebody else has chosen (a program, a database, a host), fit for one line of a notification or a mail:
 * characters that would steer the text or not show at all appear as their code, `[U+202E]`; at most `longest`
 * characters. It stays plain text: HTML and Markdown in it are neither removed nor obeyed.
 */
export function visibleText(name: string, longest = 64): string {
  // Enough for every result, so that a name of megabytes costs nothing.
  const beginning = name.slice(0, longest * 2 + 1);
  const shown = beginning.replace(unseen, codeOf).trim();
  if (shown === '') return '(unknown)';
  const characters = Array.from(shown);
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : shown;
}

function codeOf(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `[U+${hex.padStart(4, '0')}]`;
}

/** Date, time and zone of this computer, such as "10 Mar 2026, 09:12 UTC". */
export function momentText(time: number): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(time);
}

/** What a person needs to know to decide about a request. Every text may come from a stranger. */
export interface PushSubject {
  program: string;
  /** Name of the connection, as people know it. */
  connection: string;
  database: string;
  role: string;
  /** Where the login was started: the computer's name and the address of the client. */
  place: { host: string; clientAddress: string };
  /** When it was started, in milliseconds since 1970. */
  time: number;
}

export interface PushText {
  title: string;
  message: string;
}

// There are three buttons at most, so none is left for "no". To tap any number as a refusal would approve in one case of
// three: the text must tell people to leave the request alone instead.
const howToRefuse = 'Not you? Tap nothing, let it expire and tell your administrator.';

export function requestText(subject: PushSubject, expiresAt: number): PushText {
  const { program, connection, database, role, place, time } = subject;
  return {
    title: 'Latchkey asks: is this you?',
    message: [
      'Tap the number that Latchkey shows on your screen.',
      `Program: ${visibleText(program)}`,
      `Database: ${visibleText(database)} (${visibleText(connection)})`,
      `Role: ${visibleText(role)}`,
      `From: ${visibleText(place.host)}, ${visibleText(place.clientAddress)}`,
      `Time: ${momentText(time)}`,
      `Valid until ${momentText(expiresAt)}`,
      howToRefuse,
    ].join('\n'),
  };
}

export function testText(host: string, expiresAt: number): PushText {
  return {
    title: 'Latchkey: test of this phone',
    message: [
      'Tap the number that Latchkey shows on your screen. This approves no login.',
      `From: ${visibleText(host)}`,
      `Valid until ${momentText(expiresAt)}`,
      howToRefuse,
    ].join('\n'),
  };
}

export type PushEnding = 'approved' | 'wrong-number' | 'expired' | 'withdrawn';

/** What takes the place of a request on the phone once it is over. */
export function endingText(ending: PushEnding): PushText {
  const messages: Record<PushEnding, string> = {
    approved: 'The right number was tapped. If that was not you, tell your administrator now.',
    'wrong-number':
      'Another number was tapped, so the login was refused. Not you? Tell your administrator now.',
    expired: 'Nobody answered in time. The login was refused.',
    withdrawn: 'The login was given up before anybody answered.',
  };
  const titles: Record<PushEnding, string> = {
    approved: 'Latchkey: approved',
    'wrong-number': 'Latchkey: refused',
    expired: 'Latchkey: expired',
    withdrawn: 'Latchkey: withdrawn',
  };
  return { title: titles[ending], message: messages[ending] };
}
