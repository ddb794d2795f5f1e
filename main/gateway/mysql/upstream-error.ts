import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { UpstreamAddress } from '../ports.ts';
import { ProtocolError, type Refused, refused, sqlStates } from '../refused.ts';
import { upstreamWords } from '../upstream-words.ts';
import type { ServerError } from './server-packets.ts';

/**
 * Error numbers that a client may act upon: too many connections (ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS,
 * ER_USER_LIMIT_REACHED), unknown database. Denied access is not among them: it is about the upstream's credential, and
 * clients would ask the person for the local token again.
 */
const meaningful: Record<number, string> = {
  1040: sqlStates.tooManyConnections,
  1203: sqlStates.tooManyConnections,
  1226: sqlStates.tooManyConnections,
  1049: sqlStates.undefinedDatabase,
};

/**
 * The client's answer when an upstream ends the login with an error.
 *
 * @param trusted whether it is known who said that: only then are its words passed on.
 * @param secrets what must never be in them.
 */
export function upstreamRefusal(
  { number, message }: ServerError,
  address: UpstreamAddress,
  trusted: boolean,
  secrets: (string | undefined)[],
): Refused {
  const text = trusted ? upstreamWords(message, secrets) : undefined;
  return refused((trusted ? meaningful[number] : undefined) ?? sqlStates.rejectedByUpstream, {
    code: 'upstream-login-failed',
    message: `The database server at ${upstreamName(address)} refused the login${text === undefined ? '.' : `: ${text}`}`,
    remedy: remedyFor(trusted ? number : 0),
  });
}

function remedyFor(number: number): string {
  switch (number) {
    case 1040:
    case 1203:
    case 1226:
      return 'Close sessions that are not needed and try again, or ask for a higher connection limit.';
    case 1049:
      return "Correct upstream.database in this connection's configuration.";
    case 1129:
      return 'The server blocks this computer after failed attempts: ask its administrator for FLUSH HOSTS.';
    case 1820:
    case 1862:
      return "The password of the upstream's user has expired: ask whoever administers it to change it.";
    default:
      return "Ask whoever administers this connection to check the upstream's user, password and rights.";
  }
}

/** A ProtocolError of the upstream as an error of ours; anything else as it is. */
export function asUpstreamError(error: unknown, address: UpstreamAddress): unknown {
  if (!(error instanceof ProtocolError)) return error;
  return new LatchkeyError(
    'upstream-protocol',
    `What answers at ${upstreamName(address)} does not follow the MySQL protocol: ${error.message}.`,
    { cause: error, remedy: "Check host and port of the connection's upstream." },
  );
}
