import type { Socket } from 'node:net';
import { orAborted } from '../../base/abort.ts';
import { LatchkeyError } from '../../contract/errors.ts';
import { upstreamName } from '../dial.ts';
import { tryHosts } from '../hosts.ts';
import type { UpstreamAddress, UpstreamLogin } from '../ports.ts';
import { sendOneWay } from '../one-way.ts';
import { createTrust } from '../trust.ts';
import { type Capabilities, capabilities, lacking, loginFlags, reduced, together } from './capabilities.ts';
import { commands } from './commands.ts';
import type { Greeting } from './greeting.ts';
import { greetUpstream, secureUpstream } from './upstream-connect.ts';
import { logInTo, type SessionWishes, type UpstreamSession } from './upstream-login.ts';
import { packet } from './wire.ts';

/** A session as its server knows it. */
export type Thread = Pick<UpstreamSession, 'at' | 'identity'> & { threadId: number };

/** Clients wait for a greeting, Prisma's for five seconds, others for ten: below that, and below our own time for a login. */
const greetingMs = 4000;

/**
 * The database behind one listener. Opens nothing by itself.
 * @throws Error where the configured authority is no certificate.
 */
export function createUpstream(address: UpstreamAddress) {
  const trust = address.tls.mode === 'off' ? undefined : createTrust(address.tls);
  let known: Greeting | undefined;
  /**
   * What one of the servers behind this address did not have when a client had been offered it. They may differ while a
   * cluster is upgraded: without it clients would be offered now this, now that, and get the server that has the other.
   */
  let missing: Capabilities = { flags: 0, extended: 0 };
  let learning: Promise<Greeting> | undefined;

  const offered = (greeting: Greeting): Greeting => ({
    ...greeting,
    capabilities: reduced(greeting.capabilities, missing),
  });

  /** A connection without a login, which servers count as a failed one: once, not for each client. */
  async function learn(): Promise<Greeting> {
    const { signal } = new AbortController();
    const greeted = await tryHosts(address, signal, (at) => greetUpstream(at, trust !== undefined, signal));
    greeted.connection.socket.destroy();
    known = greeted.greeting;
    return greeted.greeting;
  }

  async function logIn(
    at: UpstreamAddress,
    login: UpstreamLogin,
    wishes: SessionWishes,
    signal: AbortSignal,
  ): Promise<UpstreamSession> {
    const secureContext = trust?.(login.clientKey);
    const greeted = await greetUpstream(at, secureContext !== undefined, signal);
    known = greeted.greeting;
    missing = together(missing, lacking(known.capabilities, wishes.session));
    return logInTo(greeted, at, login, wishes, secureContext, signal);
  }

  return {
    /**
     * What the server says of itself. It is asked once, by one short connection without a login; each login afterwards
     * renews the answer. A failure is not kept. A client hears within four seconds that there is none; the question goes on for
     * the next one.
     * @throws Refused; LatchkeyError `upstream-unreachable`, `upstream-protocol`; the signal's reason.
     */
    async greeting(signal: AbortSignal): Promise<Greeting> {
      if (known !== undefined) return offered(known);
      learning ??= learn().finally(() => {
        learning = undefined;
      });
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(noGreeting(address)), greetingMs);
      try {
        return offered(await orAborted(learning, AbortSignal.any([signal, limit.signal])));
      } finally {
        clearTimeout(timer);
      }
    },

    /**
     * @param signal where it aborts first, its reason is thrown and the socket is gone.
     * @throws Refused; LatchkeyError `upstream-unreachable`, `upstream-tls-failed`, `upstream-login-failed`,
     * `upstream-protocol`.
     */
    logIn: (login: UpstreamLogin, wishes: SessionWishes, signal: AbortSignal): Promise<UpstreamSession> =>
      tryHosts(address, signal, (at) => logIn(at, login, wishes, signal)),

    /**
     * Looks whether the server can be reached and proves itself, without a login.
     * @returns the socket, to be looked at and destroyed. Throws as `logIn` does.
     */
    async look(signal: AbortSignal): Promise<Socket> {
      const secureContext = trust?.();
      const found = await greetUpstream(address, secureContext !== undefined, signal);
      known = found.greeting;
      if (secureContext === undefined) return found.connection.socket;
      const { session, hello } = bareWishes;
      const flags = loginFlags(found.greeting.capabilities, session, { database: false, tls: true });
      const start = { ...hello, capabilities: { flags, extended: 0 } };
      return (await secureUpstream(found, address, start, secureContext, signal)).connection.socket;
    },

    /** What the server calls its version, as far as it has been met. */
    knownVersion: (): string | undefined => known?.version,

    /**
     * Ends the session with this thread id, and the statement that it runs; resolves when the server has closed the
     * connection that asked for it. Throws as `logIn` does, and LatchkeyError `upstream-protocol` where it is not known
     * to be the server of the session: there the id is somebody else's.
     */
    async kill({ threadId, at, identity }: Thread, login: UpstreamLogin, signal: AbortSignal): Promise<void> {
      const found = await logIn(at, { ...login, database: '' }, bareWishes, signal);
      const { connection } = found;
      if (identity === undefined || found.identity !== identity) {
        connection.socket.destroy();
        throw otherServer(at);
      }
      const request = Buffer.concat([
        packet(0, Buffer.from([commands.query, ...Buffer.from(`KILL ${threadId}`)])),
        packet(0, Buffer.from([commands.quit])),
      ]);
      await sendOneWay(connection, request, signal);
    },
  };
}

/** For logins of our own: the oldest protocol that there is, in UTF-8. */
export const bareWishes: SessionWishes = {
  session: { flags: capabilities.protocol41, extended: 0 },
  hello: { maxPacket: 2 ** 24, charset: 33, attributes: Buffer.alloc(0) },
};

function otherServer(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-protocol',
    `Another database server answers at ${upstreamName(address)} now than the one that runs the statement.`,
    { remedy: 'Let "upstream" name one server, or look on all of them whether the statement still runs.' },
  );
}

function noGreeting(address: UpstreamAddress): LatchkeyError {
  return new LatchkeyError(
    'upstream-unreachable',
    `The database server at ${upstreamName(address)} has not greeted in ${greetingMs / 1000} s.`,
    {
      remedy:
        'Check that the server runs and that this computer reaches its network (VPN); one that sleeps may be awake in a moment.',
    },
  );
}
