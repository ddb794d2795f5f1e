import { type Refused, refused, sqlStates, toRefusal } from '../refused.ts';
import { type ChangeUser, type Shown, isShownAgain, parseChangeUser } from './change-user.ts';
import type { ClientLogin } from './client-login.ts';
import { commands } from './commands.ts';
import { encodeRefusalPacket } from './refusals.ts';
import { encodeAuthSwitch } from './server-packets.ts';
import { headerLength, packet } from './wire.ts';

/** Of what a client sends before it has an answer; pools wait for theirs. */
const mostKept = 1024 * 1024;
/** As long as a client has for its proof at a login. */
const answerMs = 10_000;

export interface SessionResetOptions {
  client: Pick<ClientLogin, 'user' | 'hello' | 'flags'>;
  shown: Shown;
  scramble: Uint8Array;
  /** Has the server begin the session anew by COM_CHANGE_USER, and answers with the payloads for the client. */
  changeUser(asked: ChangeUser): Promise<Buffer[]>;
  /** The same by COM_RESET_CONNECTION; absent where that may pass as it is. */
  resetConnection?(): Promise<Buffer[]>;
  /** Bytes for the client. */
  toClient(bytes: Buffer): void;
  /** The reset is through, and the client has sent this meanwhile, which may be another one. */
  resume(bytes: Buffer, translate: Translate): void;
  /** The session cannot go on; the client has been told. */
  end(): void;
}

/** What goes upstream in place of a chunk from the client. */
type Translate = (chunk: Buffer) => Buffer;

/**
 * What pools do to have a session as it was in the beginning.
 *
 * COM_CHANGE_USER by the person whom the session is for, with the token that opened it (changeUser, resetServerState,
 * persistent connections). Nothing is asked of the broker, as nobody else comes in; the server gets a change to its own
 * user of the session. COM_RESET_CONNECTION where a rule limits the session, which forgets that otherwise.
 */
export function createSessionReset(options: SessionResetOptions) {
  const { client, shown, scramble, toClient, resume, end } = options;
  let kept: Buffer | undefined;
  let waiting: ((answer: { payload: Buffer; sequence: number }) => void) | undefined;
  let isOver = false;
  /** Number of the client's next packet. */
  let next = 0;

  /** The next packet of the client belongs to the change. */
  function answer(): Promise<{ payload: Buffer; sequence: number }> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(noAnswer), answerMs);
      timer.unref();
      waiting = (given) => {
        clearTimeout(timer);
        resolve(given);
      };
      deliver();
    });
  }

  /** As the end of the connection, whatever it was: a pool opens another one. */
  function fail(error: unknown): void {
    if (isOver) return;
    isOver = true;
    const { problem } = toRefusal(error, 'MySQL') ?? gone.refusal;
    toClient(encodeRefusalPacket({ problem, sqlState: sqlStates.terminated }, next, true));
    end();
  }

  function deliver(): void {
    if (waiting === undefined || kept === undefined || kept.length < headerLength) return;
    const size = headerLength + kept.readUIntLE(0, 3);
    if (kept.length < size) return;
    const resolve = waiting;
    waiting = undefined;
    const sequence = kept.readUInt8(3);
    const payload = kept.subarray(headerLength, size);
    kept = kept.subarray(size);
    resolve({ payload, sequence });
  }

  /** Puts the proof that counts in its place. */
  async function shownAgain(asked: ChangeUser): Promise<void> {
    if (isShownAgain(shown, asked)) return;
    // Another method, or another scramble: the client is asked for what it has shown before.
    toClient(packet(next, encodeAuthSwitch(shown.plugin, scramble)));
    const { payload, sequence } = await answer();
    asked.plugin = shown.plugin;
    asked.response = payload;
    next = sequence + 1;
  }

  async function run(asked: ChangeUser | undefined, first: number, translate: Translate): Promise<void> {
    next = first + 1;
    try {
      if (asked !== undefined) {
        await shownAgain(asked);
        if (!isShownAgain(shown, asked)) throw otherToken();
      }
      const answers = asked === undefined ? options.resetConnection?.() : options.changeUser(asked);
      const payloads = (await answers) ?? [];
      if (isOver) return;
      for (const payload of payloads) toClient(packet(next++, payload));
      const rest = kept ?? Buffer.alloc(0);
      kept = undefined;
      resume(rest, translate);
    } catch (error) {
      fail(error);
    }
  }

  return {
    /**
     * @param rest what the client has sent behind the command.
     * @param translate for that, and for what follows until the session has begun anew.
     * @returns false where it is a change to another user, or a reset that may pass.
     * @throws ProtocolError for a malformed packet.
     */
    begin(payload: Buffer, sequence: number, rest: Buffer, translate: Translate): boolean {
      if (payload[0] === commands.resetConnection) {
        if (options.resetConnection === undefined) return false;
        kept = rest;
        void run(undefined, sequence, translate);
        return true;
      }
      const asked = parseChangeUser(payload, client.flags, client.hello.charset);
      if (asked.user !== client.user) return false;
      kept = rest;
      void run(asked, sequence, translate);
      return true;
    },
    /** While it is under way nothing passes: what the client sends is kept. */
    get isUnderWay(): boolean {
      return kept !== undefined;
    },
    keep(chunk: Buffer): void {
      if (isOver) return;
      if ((kept?.length ?? 0) + chunk.length > mostKept) return fail(tooMuch);
      kept = Buffer.concat([kept ?? Buffer.alloc(0), chunk]);
      deliver();
    },
  };
}

function otherToken(): Refused {
  return refused(sqlStates.terminated, {
    code: 'token-wrong',
    message: 'A session is reset by a change of user only with the token that has opened it.',
    remedy: 'Open a new connection instead.',
  });
}

const gone = refused(sqlStates.terminated, {
  code: 'upstream-unreachable',
  message: 'The database server did not begin the session anew.',
  remedy: 'Open a new connection.',
});

const noAnswer = refused(sqlStates.terminated, {
  code: 'protocol-unsupported',
  message: 'The client did not answer when it was asked for its token again.',
  remedy: 'Open a new connection.',
});

const tooMuch = refused(sqlStates.terminated, {
  code: 'limit-reached',
  message: 'The client sent more than 1 MiB before its session was begun anew.',
  remedy: 'Wait for the answer to a reset before the next statement.',
});
