import { momentText, visibleText } from '../base/visible-text.ts';

/** What a person needs to know to decide about a request. Every text may come from a stranger. */
export interface PushSubject {
  program: string;
  /** Name of the connection, as people know it. */
  connection: string;
  database: string;
  role: string;
  /** What else the same answer lets in. */
  also?: readonly { connection: string; role: string; program: string }[];
  /** The answer lets in whatever else comes of the same sign-in. */
  isForSignIn?: boolean;
  /** Where the login was started: the computer's name and the address of the client. */
  place: { host: string; clientAddress: string };
  /** When it was started, in milliseconds since 1970. */
  time: number;
}

export interface PushText {
  title: string;
  message: string;
}

const shownAlso = 3;
/** Characters of a name there: a message has 4 KiB at most. */
const shortName = 24;

// There are three buttons at most, so none is left for "no". To tap any number as a refusal would approve in one case of
// three: the text must tell people to leave the request alone instead.
const howToRefuse = 'Not you? Tap nothing, let it expire and tell your administrator.';

export function requestText(subject: PushSubject, expiresAt: number): PushText {
  const { program, connection, database, role, also = [], isForSignIn = false, place, time } = subject;
  const unnamed = also.length - shownAlso;
  return {
    title: 'Latchkey asks: is this you?',
    message: [
      'Tap the number that Latchkey shows on your screen.',
      `Program: ${visibleText(program)}`,
      `Database: ${visibleText(database)} (${visibleText(connection)})`,
      `Role: ${visibleText(role)}`,
      ...also.slice(0, shownAlso).map(alsoText),
      ...(unnamed > 0 ? [`Lets in too: ${unnamed} more`] : []),
      ...(isForSignIn ? ['It counts for this whole sign-in.'] : []),
      `From: ${visibleText(place.host)}, ${visibleText(place.clientAddress)}`,
      `Time: ${momentText(time)}`,
      `Valid until ${momentText(expiresAt)}`,
      howToRefuse,
    ].join('\n'),
  };
}

function alsoText({ program, role, connection }: NonNullable<PushSubject['also']>[number]): string {
  const [who, as, where] = [program, role, connection].map((name) => visibleText(name, shortName));
  return `Lets in too: ${who} as ${as} (${where})`;
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
export const endingTexts: Record<PushEnding, PushText> = {
  approved: {
    title: 'Latchkey: approved',
    message: 'The right number was tapped. If that was not you, tell your administrator now.',
  },
  'wrong-number': {
    title: 'Latchkey: refused',
    message: 'Another number was tapped, so the login was refused. Not you? Tell your administrator now.',
  },
  expired: { title: 'Latchkey: expired', message: 'Nobody answered in time. The login was refused.' },
  withdrawn: {
    title: 'Latchkey: withdrawn',
    message: 'The login was given up before anybody answered.',
  },
};
