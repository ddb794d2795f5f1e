import type { Receiver } from '../connection.ts';
import type { ListenerSettings, Refusal, UpstreamLogin } from '../ports.ts';
import type { Allowed, OpenUpstream } from '../protocol.ts';
import { ProtocolError, refused, sqlStates } from '../refused.ts';
import { pluginOf } from './client-authentication.ts';
import { createCommandTranslator } from './client-commands.ts';
import type { ClientLogin } from './client-login.ts';
import { createFraming, type Framing, plain } from './compression.ts';
import { createKillStatements } from './kill-statements.ts';
import { answersTo } from './login-ok.ts';
import { encodeRefusalPacket } from './refusals.ts';
import { createReplies, type Replies } from './replies.ts';
import { isLimited } from './session-limits.ts';
import { createSessionReset } from './session-reset.ts';
import type { UpstreamSession } from './upstream-login.ts';
import { changeUser, resetConnection } from './upstream-renewal.ts';

export interface StreamsOptions {
  settings: ListenerSettings;
  client: ClientLogin;
  allowed: Allowed;
  /** The credential as it is now, where there is another than the one that the session was opened with. */
  freshLogin(): Promise<UpstreamLogin | undefined>;
  /** The upstream's thread id for one of ours. */
  findThread(id: number): number | undefined;
  /** Hears of an upstream that was stopped in a session; by then its client cannot be told in every case. */
  onFault?(error: unknown): void;
}

type Streams = Pick<
  OpenUpstream,
  'connection' | 'release' | 'translate' | 'clientLeft' | 'farewell' | 'openRequests'
>;

/** The two directions of an open session, and what is between them: answers that are waited for, and the session begun anew. */
export function createStreams(
  upstream: UpstreamSession,
  { settings, client, allowed, freshLogin, findThread, onFault }: StreamsOptions,
): Streams {
  const { login } = allowed;
  const { socket } = upstream.connection;
  const kills = createKillStatements();
  const replies = createReplies(client.session, settings.localInfile === true, kills.prepared);
  const framing = client.mayCompress ? createFraming() : plain;
  const guard = createGuard(replies, () => {
    socket.destroy();
    onFault?.(unasked);
  });
  const toClient = (chunk: Buffer): Buffer => framing.toClient(guard(chunk));
  let clientLeft = false;
  let inject: Receiver = () => true;

  function pipe(): void {
    upstream.connection.receive((chunk) => {
      const bytes = toClient(chunk);
      return bytes.length === 0 || inject(bytes);
    });
  }

  const reset = createSessionReset({
    client,
    shown: { plugin: pluginOf(client.proof), response: client.proof.response },
    scramble: client.proof.scramble,
    ...(isLimited(login) && {
      resetConnection: async () => [await resetConnection(upstream, login, client.session)],
    }),
    async changeUser(asked) {
      const isOwn = asked.database === '' || asked.database === settings.connection;
      const database = isOwn ? login.database : asked.database;
      const as = { ...login, ...(await freshLogin()) };
      return answersTo(client, await changeUser(upstream, as, { ...asked, database }, client.session));
    },
    toClient: (bytes) => void inject(framing.toClient(bytes)),
    resume(bytes, translate) {
      pipe();
      const translated = translate(bytes);
      if (translated.length > 0) socket.write(translated);
    },
    end: () => socket.destroy(),
  });
  const translator = createCommandTranslator(client.session, replies, {
    find: findThread,
    kills,
    reset: reset.begin,
    onlyKill: allowed.onlyKill !== undefined,
    onQuit: () => {
      clientLeft = true;
    },
  });
  const translate = (chunk: Buffer): Buffer => {
    if (!reset.isUnderWay) return translator(chunk);
    reset.keep(chunk);
    return Buffer.alloc(0);
  };
  return {
    connection: {
      ...upstream.connection,
      receive(receiver) {
        inject = receiver;
        pipe();
      },
    },
    release: () => toClient(upstream.reader.release()),
    translate: unframed(framing, translate, () => socket.destroy()),
    clientLeft: () => clientLeft,
    farewell: (refusal) => (replies.atBoundary ? framing.toClient(farewell(refusal, replies)) : undefined),
    openRequests: () => replies.open,
  };
}

/**
 * The end of a session. Under a statement the first error is its answer, after which pools would keep the connection and
 * fail at its next use; the second, with the number 0, is what servers say unasked before they close, and ends the
 * connection itself.
 */
function farewell({ sqlState, problem }: Refusal, { open, nextSequence }: Replies): Buffer {
  const refusal = { problem, sqlState: sqlState === sqlStates.idle ? sqlState : sqlStates.terminated };
  const answer = encodeRefusalPacket(refusal, nextSequence, true);
  return open === 0 ? answer : Buffer.concat([answer, encodeRefusalPacket(refusal, 0, true)]);
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
    return Buffer.concat([chunk.subarray(0, passing), farewell(unasked.refusal, replies)]);
  };
}

const unasked = refused(sqlStates.connectionFailure, {
  code: 'upstream-protocol',
  message: 'The database server asked for a file of this computer, or sent what nobody had asked for.',
  remedy:
    'The session has been ended. If files shall be loaded (LOAD DATA LOCAL), let the configuration allow it.',
});

/** A client that sends broken frames, or a broken command, cannot be understood any more, nor answered. */
function unframed(
  { fromClient }: Framing,
  translator: (chunk: Buffer) => Buffer,
  stop: () => void,
): (chunk: Buffer) => Buffer {
  return (chunk) => {
    try {
      return translator(fromClient(chunk));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      stop();
      return Buffer.alloc(0);
    }
  };
}
