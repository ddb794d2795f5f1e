import { LatchkeyError } from '../../contract/errors.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { Connection } from '../connection.ts';
import { upstreamName } from '../dial.ts';
import { loginStep } from '../login-step.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { sendOneWay } from '../one-way.ts';
import { trustFor } from '../trust.ts';
import { canKeep, capabilities, loginFlags } from './capabilities.ts';
import type { ClientLogin } from './client-login.ts';
import { commands } from './commands.ts';
import type { Greeting } from './greeting.ts';
import { encodeHandshakeResponse } from './handshake-response.ts';
import { authenticate, firstResponse } from './upstream-authentication.ts';
import { greetUpstream, secureUpstream } from './upstream-connect.ts';
import { asUpstreamError } from './upstream-error.ts';
import { packet } from './wire.ts';

/** A login that succeeded; the next bytes belong to the first command. */
export interface UpstreamSession {
  connection: Connection;
  /** Still holds what came behind the OK packet. */
  reader: ByteReader;
  greeting: Greeting;
  /** Payload of the OK packet. */
  ok: Buffer;
}

type SessionWishes = Pick<ClientLogin, 'session' | 'hello'>;

/**
 * The database behind one listener. Opens nothing by itself.
 * @throws Error where the configured authority is no certificate.
 */
export function createUpstream(address: UpstreamAddress) {
  const secureContext = address.tls.mode === 'verify' ? trustFor(address.tls) : undefined;
  let known: Greeting | undefined;
  let learning: Promise<Greeting> | undefined;

  /** A connection without a login, which servers count as a failed one: once, not for each client. */
  async function learn(): Promise<Greeting> {
    const greeted = await greetUpstream(address, secureContext !== undefined, new AbortController().signal);
    greeted.connection.socket.destroy();
    known = greeted.greeting;
    return greeted.greeting;
  }

  async function logIn(
    at: UpstreamAddress,
    login: UpstreamLogin,
    { session, hello }: SessionWishes,
    signal: AbortSignal,
  ): Promise<UpstreamSession> {
    let upstream = await greetUpstream(at, secureContext !== undefined, signal);
    const { greeting } = upstream;
    known = greeting;
    if (!canKeep(greeting.capabilities, session)) {
      upstream.connection.socket.destroy();
      throw changed(at);
    }
    const flags = loginFlags(greeting.capabilities, session, {
      database: login.database !== '',
      tls: secureContext !== undefined,
    });
    const start = { ...hello, capabilities: { flags, extended: session.extended } };
    if (secureContext !== undefined)
      upstream = await secureUpstream(upstream, at, start, secureContext, signal);
    const { connection, reader, channel } = upstream;
    return loginStep(connection.socket, reader, at, signal, async () => {
      const first = firstResponse(upstream, login);
      channel.write(
        encodeHandshakeResponse({
          ...start,
          ...first,
          user: login.user,
          database: login.database,
        }),
      );
      try {
        const ok = await authenticate(upstream, at, login, first);
        return { connection, reader, greeting, ok };
      } catch (error) {
        throw asUpstreamError(error, at);
      }
    });
  }

  return {
    /**
     * What the server says of itself. It is asked once, by one short connection without a login; each login afterwards
     * renews the answer. A failure is not kept.
     * @throws Refused; LatchkeyError `upstream-unreachable`, `upstream-protocol`; the signal's reason.
     */
    greeting(signal: AbortSignal): Promise<Greeting> {
      if (known !== undefined) return Promise.resolve(known);
      learning ??= learn().finally(() => {
        learning = undefined;
      });
      return abortable(learning, signal);
    },

    /**
     * @param wishes what client and gateway have agreed upon.
     * @param signal where it aborts first, its reason is thrown and the socket is gone.
     * @throws Refused; LatchkeyError `upstream-unreachable`, `upstream-tls-failed`, `upstream-login-failed`,
     * `upstream-protocol`.
     */
    logIn: (login: UpstreamLogin, wishes: SessionWishes, signal: AbortSignal): Promise<UpstreamSession> =>
      logIn(address, login, wishes, signal),

    /**
     * Ends the session with this thread id, and the statement that it runs; resolves when the server has closed the
     * connection that asked for it. Throws as `logIn` does.
     *
     * @param peer the address that the session was at: a name may lead to another server now, where the id is
     * somebody else's.
     */
    async kill(
      threadId: number,
      login: UpstreamLogin,
      peer: string | undefined,
      signal: AbortSignal,
    ): Promise<void> {
      const at = peer === undefined ? address : atPeer(address, peer);
      const { connection } = await logIn(at, { ...login, database: '' }, bareWishes, signal);
      const request = Buffer.concat([
        packet(0, Buffer.from([commands.query, ...Buffer.from(`KILL ${threadId}`)])),
        packet(0, Buffer.from([commands.quit])),
      ]);
      await sendOneWay(connection, request, signal);
    },
  };
}

/** For logins of our own: the oldest protocol that there is, in UTF-8. */
const bareWishes: SessionWishes = {
  session: { flags: capabilities.protocol41, extended: 0 },
  hello: { maxPacket: 2 ** 24, charset: 33, attributes: Buffer.alloc(0) },
};

function atPeer(address: UpstreamAddress, peer: string): UpstreamAddress {
  const serverName = address.tls.serverName ?? address.host;
  return { ...address, host: peer, tls: { ...address.tls, serverName } };
}

function changed(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-protocol',
    `The database server at ${upstreamName(address)} has become another one since this client was greeted.`,
    { remedy: 'Connect again.' },
  );
}

async function abortable<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
