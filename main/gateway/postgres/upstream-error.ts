import { upstreamName } from '../dial.ts';
import type { UpstreamAddress } from '../ports.ts';
import { type ErrorFields, parseError } from './backend-messages.ts';
import { type Refused, refused, sqlStates } from './refused.ts';

/**
 * SQLSTATEs that a client may act upon: invalid catalog name, access rules, insufficient resources, not in the
 * right state, operator intervention, system error. Class 28 (invalid authorization) is not among them: it is about
 * the upstream's credential, and clients would ask the person for the local token again.
 */
const meaningful = /^(?:3D|42|53|55|57|58)[0-9A-Z]{3}$/;
const maxTextLength = 200;

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
  const text = trusted ? words(fields, password) : undefined;
  const sqlState =
    trusted && meaningful.test(fields.sqlState) ? fields.sqlState : sqlStates.rejectedByUpstream;
  return refused(sqlState, {
    code: 'upstream-login-failed',
    message: `The database server at ${where} refused the login${text === undefined ? '.' : `: ${text}`}`,
    remedy: remedyFor(trusted ? fields.sqlState : ''),
  });
}

function words({ message }: ErrorFields, password: string | undefined): string | undefined {
  if (password !== undefined && password !== '' && message.includes(password)) return undefined;
  // eslint-disable-next-line no-control-regex
  const line = message.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length > maxTextLength ? `${line.slice(0, maxTextLength)}…` : line;
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
