import type { SecureContext } from 'node:tls';
import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import { pinned } from '../hosts.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { type Refused, refused, sqlStates } from '../refused.ts';
import { type Capabilities, canKeep, loginFlags } from './capabilities.ts';
import { encodeName } from './charsets.ts';
import type { ClientLogin } from './client-login.ts';
import { encodeHandshakeResponse } from './handshake-response.ts';
import { withPerson } from './person-attributes.ts';
import { askIdentity } from './server-identity.ts';
import { limitSession } from './session-limits.ts';
import { authenticate, firstResponse } from './upstream-authentication.ts';
import { type GreetedUpstream, secureUpstream } from './upstream-connect.ts';
import { upstreamRefusal } from './upstream-error.ts';

/** A login that succeeded; the next bytes belong to the first command. `reader` still holds what came behind the OK packet. */
export interface UpstreamSession extends Omit<GreetedUpstream, 'channel' | 'unproven'> {
  /** Payload of the OK packet. */
  ok: Buffer;
  /** Where the server says that the session is; undefined where it does not say. */
  database: string | undefined;
  /** Where it is met again. */
  at: UpstreamAddress;
  /** Tells this server from others at the same address; undefined where it does not say. */
  identity: string | undefined;
}

/** What client and gateway have agreed upon. */
export type SessionWishes = Pick<ClientLogin, 'session' | 'hello'>;

/**
 * Logs in to a server that has greeted.
 * @param secureContext undefined for a login without TLS.
 * @throws Refused; LatchkeyError `upstream-…`; the signal's reason where it aborts first. The socket is gone then.
 */
export async function logInTo(
  greeted: GreetedUpstream,
  at: UpstreamAddress,
  login: UpstreamLogin,
  { session, hello }: SessionWishes,
  secureContext: SecureContext | undefined,
  signal: AbortSignal,
): Promise<UpstreamSession> {
  const { greeting } = greeted;
  const { user, database, person } = login;
  if (!canKeep(greeting.capabilities, session)) throw dropped(greeted, changed(at));
  if ([user, database].some((name) => encodeName(name, hello.charset) === undefined))
    throw dropped(greeted, unwritable(hello.charset));
  const tls = secureContext !== undefined;
  const flags = loginFlags(greeting.capabilities, session, { database: database !== '', tls });
  const start = {
    ...hello,
    capabilities: { flags, extended: session.extended },
    ...(person?.isNamed === true && { attributes: withPerson(hello.attributes, person, hello.charset) }),
  };
  const upstream = tls ? await secureUpstream(greeted, at, start, secureContext, signal) : greeted;
  const { connection, reader, channel } = upstream;
  const { socket } = connection;
  return loginStep({ socket, reader, address: at, protocol: 'MySQL' }, signal, async () => {
    const first = firstResponse(upstream, login, at);
    channel.write(encodeHandshakeResponse({ ...start, ...first, user, database }));
    const ok = await authenticate(upstream, at, login, first);
    const told = await askIdentity({ socket, reader }, greeting, session);
    await limit(upstream, at, login, session);
    return {
      connection,
      reader,
      secured: upstream.secured,
      trusted: upstream.trusted,
      greeting,
      ok,
      at: pinned(at, connection.raw),
      identity: told.identity,
      database: told.database,
    };
  });
}

/** What the rule limits, at the beginning of a session. @throws Refused where the server does not have it. */
export async function limit(
  { connection: { socket }, reader, greeting, trusted }: Omit<GreetedUpstream, 'channel'>,
  at: UpstreamAddress,
  login: UpstreamLogin,
  session: Capabilities,
): Promise<void> {
  const refusal = await limitSession({ socket, reader }, greeting, session, login);
  if (refusal !== undefined) throw upstreamRefusal(refusal, at, trusted, [login.password], notLimited);
}

/** Servers of other makes, old versions and proxies do not have every variable. */
const notLimited =
  'It does not take the limits of the rule (readOnly, statementTimeout): set them for the user on the server, and take them out of the rule.';

function dropped<Reason>({ connection }: GreetedUpstream, reason: Reason): Reason {
  connection.socket.destroy();
  return reason;
}

function unwritable(charset: number): Refused {
  return refused(sqlStates.featureNotSupported, {
    code: 'protocol-unsupported',
    message: `The client's character set (collation ${charset}) cannot write the names of the database's user and schema.`,
    remedy: 'Let the client announce utf8mb4.',
  });
}

function changed(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-protocol',
    `The database server at ${upstreamName(address)} has become another one since this client was greeted.`,
    { remedy: 'Connect again.' },
  );
}
