import { upstreamName } from '../dial.ts';
import type { UpstreamAddress } from '../ports.ts';
import { Refused, sqlStates } from '../refused.ts';
import { upstreamWords } from '../upstream-words.ts';
import type { ServerError } from './server-packets.ts';

/** What stands for the server's error in the other protocols' language, and on record. */
const meaningful: Record<number, string> = {
  1040: sqlStates.tooManyConnections,
  1203: sqlStates.tooManyConnections,
  1226: sqlStates.tooManyConnections,
  1049: sqlStates.undefinedDatabase,
};

/**
 * Errors about the upstream's own credential do not reach the client as what they are, since it would ask the person for
 * the local token again: ER_ACCESS_DENIED_ERROR, ER_NOT_SUPPORTED_AUTH_MODE, ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
 * ER_MUST_CHANGE_PASSWORD and ER_MUST_CHANGE_PASSWORD_LOGIN.
 */
const aboutCredential = new Set([1045, 1251, 1698, 1820, 1862]);

/**
 * What servers say in place of a greeting, and so before TLS: ER_CON_COUNT_ERROR, ER_HOST_IS_BLOCKED and
 * ER_HOST_NOT_PRIVILEGED. Whoever says so, the client gets the number and a sentence of our own, never their words.
 */
const beforeGreeting: Record<number, { sqlState: string; text: string }> = {
  1040: { sqlState: '08004', text: 'it has too many connections' },
  1129: { sqlState: 'HY000', text: 'it blocks this computer after failed connections' },
  1130: { sqlState: 'HY000', text: 'it lets nobody in from this computer' },
};

/** "Server Error Message Reference"; what is beyond means other things to clients, such as MariaDB's progress reports. */
const firstError = 1000;
const lastError = 50_000;

/**
 * The client's answer when an upstream ends the login with an error.
 *
 * @param trusted whether it is known who said that: only then are its words passed on, and most of its numbers.
 * @param secrets what must never be in them.
 * @param remedy in place of what the number says.
 */
export function upstreamRefusal(
  { number, sqlState, message }: ServerError,
  address: UpstreamAddress,
  trusted: boolean,
  secrets: (string | undefined)[],
  remedy?: string,
): Refused {
  const known = beforeGreeting[number];
  const counts = trusted || known !== undefined;
  const text = trusted ? upstreamWords(message, secrets) : known && `${known.text} (error ${number}).`;
  const isPassedOn = counts && number >= firstError && number <= lastError && !aboutCredential.has(number);
  // Before the greeting an error has no SQLSTATE.
  const state = trusted && sqlState !== '' ? sqlState : (known?.sqlState ?? 'HY000');
  return new Refused({
    sqlState: (counts ? meaningful[number] : undefined) ?? sqlStates.rejectedByUpstream,
    problem: {
      code: 'upstream-login-failed',
      message: `The database server at ${upstreamName(address)} refused the login${text === undefined ? '.' : `: ${text}`}`,
      remedy: remedy ?? remedyFor(counts ? number : 0),
    },
    ...(isPassedOn && { serverError: { number, sqlState: state } }),
  });
}

function remedyFor(number: number): string {
  switch (number) {
    case 1040:
    case 1203:
    case 1226:
      return 'Close sessions that are not needed and try again, or ask for a higher connection limit.';
    case 1044:
      return "The upstream's user has no rights there: name another database in the client, or ask whoever administers this connection.";
    case 1049:
      return "Correct upstream.database in this connection's configuration, or the name that the client gives.";
    case 1129:
      return 'The server blocks this computer after failed attempts: ask its administrator for FLUSH HOSTS.';
    case 1130:
      return "Ask the server's administrator to let the upstream's user in from this computer's address.";
    case 1231:
      return 'The client announces a character set that the server does not take at login: let it announce utf8mb4.';
    case 1820:
    case 1862:
      return "The password of the upstream's user has expired: ask whoever administers it to change it.";
    default:
      return "Ask whoever administers this connection to check the upstream's user, password and rights.";
  }
}
