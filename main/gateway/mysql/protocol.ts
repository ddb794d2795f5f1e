import type { Caller } from '../caller.ts';
import type { Connection } from '../connection.ts';
import type { GatewayLimits } from '../limits.ts';
import type { ListenerSettings, UpstreamLogin } from '../ports.ts';
import type { OpenUpstream, Protocol } from '../protocol.ts';
import { refused, sqlStates, terminated } from '../refused.ts';
import { createCommandTranslator } from './client-commands.ts';
import { type ClientLogin, readClientLogin } from './client-login.ts';
import { clientTlsContext } from './client-tls.ts';
import { type PacketChannel, createPacketChannel } from './packet-channel.ts';
import { encodeRefusalPacket } from './refusals.ts';
import { type Replies, createReplies } from './replies.ts';
import { fastAuthSuccess } from './server-packets.ts';
import { createThreadIds } from './thread-ids.ts';
import { createUpstream } from './upstream.ts';
import { packet } from './wire.ts';

export interface MysqlOptions {
  settings: ListenerSettings;
  limits: GatewayLimits;
  /** Hears of an upstream that was stopped in a session; by then its client cannot be told in every case. */
  onFault?(error: unknown): void;
}

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
export function createMysqlProtocol({ settings, limits, onFault }: MysqlOptions): Protocol {
  const upstream = createUpstream(settings.upstream);
  const tls = clientTlsContext(settings);
  const threadIds = createThreadIds();
  const channels = new WeakMap<Caller, PacketChannel>();

  async function open(
    client: ClientLogin,
    login: UpstreamLogin,
    threadId: number,
    channel: PacketChannel,
    signal: AbortSignal,
  ): Promise<OpenUpstream> {
    const far = await upstream.logIn(login, client, signal);
    const { socket } = far.connection;
    const upstreamId = far.greeting.threadId;
    const peer = socket.remoteAddress;
    const replies = createReplies(client.session, settings.localInfile === true);
    const guard = createGuard(replies, () => {
      socket.destroy();
      onFault?.(unasked);
    });
    threadIds.opened(threadId, upstreamId);
    const stop = (): void =>
      void upstream
        .kill(upstreamId, login, peer, AbortSignal.timeout(limits.cancelMs))
        .catch(() => undefined);
    let clientLeft = false;
    return {
      connection: guarded(far.connection, guard),
      release: () => guard(far.reader.release()),
      welcome: welcome(client, far.ok, channel),
      // The guard has seen them already.
      watchToClient: () => undefined,
      translate: createCommandTranslator(client.session, replies, threadIds.find, () => {
        clientLeft = true;
      }),
      clientLeft: () => clientLeft,
      farewell: (reason) =>
        replies.atBoundary
          ? encodeRefusalPacket(terminated(reason).refusal, replies.nextSequence, true)
          : undefined,
      stop,
      forget: () => threadIds.forget(threadId),
    };
  }

  return {
    name: 'MySQL',
    speaksFirst: true,
    async meet(caller) {
      const server = await upstream.greeting(caller.signal);
      const channel = createPacketChannel({
        get socket() {
          return caller.client.socket;
        },
        get reader() {
          return caller.reader;
        },
      });
      channels.set(caller, channel);
      const threadId = threadIds.issue();
      const client = await readClientLogin(caller, channel, server, threadId, settings, tls);
      const [database = settings.connection] = settings.databases;
      const { user, program, proof } = client;
      return {
        login: { clientUser: user, database, program, proof },
        open: ({ login }, signal) => open(client, login, threadId, channel, signal),
      };
    },
    encodeRefusal(refusal, caller) {
      const channel = channels.get(caller);
      return encodeRefusalPacket(refusal, channel?.nextSequence ?? 0, channel !== undefined);
    },
  };
}

/** What the client gets for its proof: the server's OK, with a number that fits. */
function welcome({ proof }: ClientLogin, ok: Buffer, { nextSequence }: PacketChannel): Buffer {
  if (proof.kind === 'mysql-native') return packet(nextSequence, ok);
  return Buffer.concat([packet(nextSequence, fastAuthSuccess), packet(nextSequence + 1, ok)]);
}

/** Lets a chunk for the client pass, or what of it may; in the second case `stop` is called and nothing more passes. */
type Guard = (chunk: Buffer) => Buffer;

function createGuard(replies: Replies, stop: () => void): Guard {
  let stopped = false;
  const nothing = Buffer.alloc(0);
  return (chunk) => {
    if (stopped) return nothing;
    const within = !replies.atBoundary;
    const passing = replies.watch(chunk);
    if (passing === chunk.length) return chunk;
    stopped = true;
    stop();
    // An error may follow a whole packet only; behind the beginning of one it would be taken for the rest.
    if (passing === 0 && within) return nothing;
    const error = encodeRefusalPacket(unasked.refusal, replies.nextSequence, true);
    return Buffer.concat([chunk.subarray(0, passing), error]);
  };
}

const unasked = refused(sqlStates.connectionFailure, {
  code: 'upstream-protocol',
  message: 'The database server asked for a file of this computer, or sent what nobody had asked for.',
  remedy:
    'The session has been ended. If files shall be loaded (LOAD DATA LOCAL), let the configuration allow it.',
});

/** The connection, as the pipe sees it. */
function guarded(connection: Connection, guard: Guard): Connection {
  const { socket, reusesBuffer } = connection;
  return {
    socket,
    reusesBuffer,
    receive(receiver) {
      connection.receive((chunk) => {
        const passing = guard(chunk);
        return passing.length === 0 || receiver(passing);
      });
    },
  };
}
