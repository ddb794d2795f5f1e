import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import type { UpstreamAddress } from '../ports.ts';
import { ProtocolError, Refused } from '../refused.ts';
import { parseAuthentication } from './backend-messages.ts';
import { encodeSaslInitial, encodeSaslResponse } from './frontend-messages.ts';
import type { UpstreamTalk } from './upstream-talk.ts';

/** The SASL mechanism of PostgreSQL 18's method "oauth". */
export const bearerMechanism = 'OAUTHBEARER';

/** RFC 6750 section 2.1, b64token: nothing else may stand in the message, separators least of all. */
const bearerToken = /^[\w.~+/-]+=*$/;
/** RFC 7628 section 3.1: ^A separates; two of them end the message. */
const separator = '\u0001';

/**
 * Logs in with an access token: RFC 7628 sections 3.1 and 3.2, as PostgreSQL has it
 * (https://www.postgresql.org/docs/18/sasl-authentication.html#SASL-OAUTHBEARER). Resolves when the server has said
 * AuthenticationOk.
 *
 * @throws LatchkeyError `upstream-login-failed`; ProtocolError; Refused with the server's own words.
 */
export async function answerBearer(
  talk: UpstreamTalk,
  address: UpstreamAddress,
  token: string,
): Promise<void> {
  // Whoever has the token is the person: only a server that has proved its name gets it.
  if (talk.tls === undefined) throw bearerRefused(address, 'asks for an access token without verified TLS');
  if (!bearerToken.test(token)) throw bearerRefused(address, 'asks for an access token, and ours is none');
  const data = `n,,${separator}auth=Bearer ${token}${separator}${separator}`;
  talk.socket.write(encodeSaslInitial({ mechanism: bearerMechanism, data }));
  const { type, body } = await talk.next();
  const request = type === 'R' ? parseAuthentication(body) : undefined;
  if (request?.kind === 'ok') return;
  if (request?.kind !== 'sasl-continue')
    throw new ProtocolError('it leaves the SASL exchange before the end');
  // A refusal: it says what it would take, waits for an empty answer (3.2.3), and ends with an error.
  talk.socket.write(encodeSaslResponse(separator));
  await talk.next().catch((error: unknown) => {
    throw error instanceof Refused ? withScope(error, request.data) : error;
  });
  throw new ProtocolError('it goes on after it has refused a token');
}

/** Section 3.2.2: JSON with `scope`; shown where it is short and plain. */
function wantedScope(text: string): string | undefined {
  try {
    const { scope } = JSON.parse(text) as { scope?: unknown };
    return typeof scope === 'string' && /^[\w:/.?=&+ -]{1,200}$/.test(scope) ? scope : undefined;
  } catch {
    return undefined;
  }
}

function withScope({ refusal }: Refused, text: string): Refused {
  const wanted = wantedScope(text);
  const scope = wanted === undefined ? '' : ` The server wants the scope "${wanted}".`;
  return new Refused({
    ...refusal,
    problem: {
      ...refusal.problem,
      remedy: `Check "entra" of the rule: it must name a scope of the application whose tokens the server takes, and the role must be one that the server gives to its users.${scope}`,
    },
  });
}

/** For a server that takes tokens alone, where the rule has a password. */
export function tokenWanted(address: UpstreamAddress): LatchkeyError {
  return bearerRefused(address, 'asks for an access token, and this connection has a password');
}

function bearerRefused(address: UpstreamAddress, what: string): LatchkeyError {
  return new LatchkeyError(
    'upstream-login-failed',
    `The database server at ${upstreamName(address)} ${what}.`,
    {
      remedy:
        'Let the rule have "password: {entra: <scope>}", and upstream.tls.mode "verify": access tokens go to servers only whose certificate has been verified.',
    },
  );
}
