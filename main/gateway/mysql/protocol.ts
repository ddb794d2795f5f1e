import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../base/defined.ts';
import { otherDatabase } from '../asked-for.ts';
import type { Handshake } from '../handshake.ts';
import { fromCertificate } from '../client-tls.ts';
import type { Gatekeeper, ListenerSettings, UpstreamLogin } from '../ports.ts';
import type { Allowed, OpenUpstream, Protocol } from '../protocol.ts';
import { Refused } from '../refused.ts';
import { type ClientLogin, clientTls, readClientLogin } from './client-login.ts';
import { answersTo } from './login-ok.ts';
import { createPacketChannel, type PacketChannel } from './packet-channel.ts';
import { encodeRefusalPacket } from './refusals.ts';
import { foldsNames } from './server-identity.ts';
import { createStreams } from './session-streams.ts';
import { createThreadIds } from './thread-ids.ts';
import { createUpstream, type Thread } from './upstream.ts';
import { packet } from './wire.ts';

export interface MysqlOptions {
  settings: ListenerSettings;
  gatekeeper: Pick<Gatekeeper, 'loginAgain'>;
  /** Hears of an upstream that was stopped in a session; by then its client cannot be told in every case. */
  onFault?(error: unknown): void;
}

/** A source of passwords that takes longer is not waited for where a statement shall be stopped. */
const freshLoginMs = 1000;

/**
 * MySQL and MariaDB (https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html,
 * https://mariadb.com/kb/en/clientserver-protocol/).
 *
 * The server speaks first, and a client must not make us dial before it is known: any local program could have the server
 * block this computer for failed logins. So the greeting is the one that the server gave at another time, and thread id
 * and scramble are ours.
 *
 * @throws Error where the settings' certificates are unusable.
 */
export function createMysqlProtocol({ settings, gatekeeper, onFault }: MysqlOptions): Protocol {
  const upstream = createUpstream(settings.upstream);
  const tls = fromCertificate(settings, clientTls);
  const threadIds = createThreadIds();
  const channels = new WeakMap<Handshake, PacketChannel>();
  let exactNames = false;

  /** The login of then may have expired, and the password may be another by now. */
  async function stop(thread: Thread, allowed: Allowed, signal: AbortSignal): Promise<void> {
    const { login } = allowed;
    const fresh = await freshLogin(allowed);
    try {
      await upstream.kill(thread, fresh ?? login, signal);
    } catch (error) {
      // The server may not know the new one yet.
      if (!(error instanceof Refused) || fresh === undefined) throw error;
      await upstream.kill(thread, login, signal);
    }
  }

  /** The credential as it is now, where there is another than the one that the session was opened with. */
  async function freshLogin({ sessionId }: Allowed): Promise<UpstreamLogin | undefined> {
    return Promise.race([gatekeeper.loginAgain(sessionId), sleep(freshLoginMs, undefined, { ref: false })]);
  }

  async function open(
    client: ClientLogin,
    allowed: Allowed,
    threadId: number,
    channel: PacketChannel,
    signal: AbortSignal,
  ): Promise<OpenUpstream> {
    const upstreamSession = await upstream.logIn(allowed.login, client, signal);
    const { connection, greeting, identity, at, database } = upstreamSession;
    const asked = client.spelled ?? allowed.ifSame;
    exactNames = identity !== undefined && !foldsNames(identity);
    if (asked !== undefined && !foldsNames(identity)) {
      connection.socket.destroy();
      throw otherDatabase(asked, allowed.login.database, settings);
    }
    threadIds.opened(threadId, greeting.threadId, allowed.sessionId);
    const answers = answersTo(client, upstreamSession.ok, allowed.serverSignature);
    const { nextSequence } = channel;
    return {
      ...createStreams(upstreamSession, {
        settings,
        client,
        allowed,
        freshLogin: () => freshLogin(allowed),
        findThread: (id) => threadIds.find(id, allowed.onlyKill),
        ...defined({ onFault }),
      }),
      welcome: Buffer.concat(answers.map((payload, index) => packet(nextSequence + index, payload))),
      ...defined({ database }),
      // Whoever receives from the connection gets what has been looked at already.
      watchToClient: () => undefined,
      stop: (signal) => stop({ threadId: greeting.threadId, at, identity }, allowed, signal),
      forget: () => threadIds.forget(threadId),
    };
  }

  return {
    name: 'MySQL',
    async identify(handshake) {
      const server = await upstream.greeting(handshake.signal);
      handshake.waited();
      const channel = createPacketChannel({
        get socket() {
          return handshake.client.socket;
        },
        get reader() {
          return handshake.reader;
        },
      });
      channels.set(handshake, channel);
      const threadId = threadIds.issue();
      const client = await readClientLogin(handshake, channel, server, threadId, settings, tls());
      const { user, database, program, proof } = client;
      return {
        login: { clientUser: user, database, ...(exactNames && { exactNames }), program, proof },
        open: (allowed, signal) => open(client, allowed, threadId, channel, signal),
      };
    },
    encodeRefusal(refusal, handshake) {
      const channel = channels.get(handshake);
      return encodeRefusalPacket(refusal, channel?.nextSequence ?? 0, channel !== undefined);
    },
  };
}
