import { upstreamName } from '../dial.ts';
import type { UpstreamAddress } from '../ports.ts';
import { type Refused, refused, sqlStates } from '../refused.ts';
import { upstreamWords } from '../upstream-words.ts';
import { parseError } from './backend-messages.ts';

/**
 * SQLSTATEs that a client may act upon: invalid catalog name, access rules, insufficient resources, not in the
 * right state, operator intervention, system error. Class 28 (invalid authorization) is not among them: it is about
 * the upstream's credential, and clients would ask the person for the local token again.
 */
const meaningful = /^(?:3D|42|53|55|57|58)[0-9A-Z]{3}$/;

/**
 * The client's answer when an upstream ends the login with an ErrorResponse.
 *
 * @param trusted whether it is known who said that: only then are its words passed on.
 * @param password what must never be in them.
 * @throws ProtocolError where the body is no error.
 */
export function upstreamRefusal(
  body: Uint8Array,
  address: UpstreamAddress,
  trusted: boolean,
  password: string | undefined,
): Refused {
  const where = upstreamName(address);
  const fields = parseError(body);
  const text = trusted ? upstreamWords(fields.message, [password]) : undefined;
  const sqlState =
    trusted && meaningful.test(fields.sqlState) ? fields.sqlState : sqlStates.rejectedByUpstream;
  return refused(sqlState, {
    code: 'upstream-login-failed',
    message: `The database server at ${where} refused the login${text === undefined ? '.' : `: ${text}`}`,
    remedy: remedyFor(trusted ? fields.sqlState : ''),
  });
}

function remedyFor(sqlState: string): string {
  switch (sqlState) {
    case '53300':
      return 'Close sessions that are not needed and try again, or ask for a higher connection limit.';
    case '57P03':
      return 'The server is starting or stopping: try again in a moment.';
    case '3D000':
      return "Correct upstream.database in this connection's configuration.";
    default:
      return "Ask whoever administers this connection to check the upstream's role, password and rights.";
  }
}
