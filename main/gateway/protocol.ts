import type { Handshake } from './handshake.ts';
import type { Connection } from './connection.ts';
import type { LoginAttempt, LoginDecision, Refusal } from './ports.ts';

/**
 * What one database protocol brings to the gateway. Everything else is common to all of them: admission, the peer's
 * owner, the question to the broker (and the wait that may follow), the live sessions, the pipe, the cut and the end.
 */
export interface Protocol {
  /** For sentences: "PostgreSQL", "MySQL", "SQL Server". */
  name: string;
  /**
   * Whether these first bytes of a client hold its first message, or can be refused without the rest: it is attended from
   * then on. Absent where the server speaks first: then it is attended as soon as it is accepted.
   */
  holdsFirstMessage?(bytes: Buffer): boolean;
  /**
   * Talks with a client until it has said who it is and proved that it holds a token; nothing is verified here.
   * Calls `handshake.started()` once the client has said what it wants.
   *
   * @returns undefined where nothing is left to do (a cancel request that has been passed on, say).
   * @throws HungUp, Refused, ProtocolError, LatchkeyError.
   */
  identify(handshake: Handshake): Promise<IdentifiedClient | undefined>;
  /** The client's own error for a refusal, in the state that the handshake is in; undefined = just close. */
  encodeRefusal(refusal: Refusal, handshake: Handshake): Buffer | undefined;
}

export type Allowed = Extract<LoginDecision, { allow: true }>;

/** A client that is known, and waits for the answer. */
export interface IdentifiedClient {
  /** PostgreSQL: whether the client came inside TLS; where it did and is refused, it may come again without. */
  encrypted?: boolean;
  login: Pick<LoginAttempt, 'clientUser' | 'database' | 'exactNames' | 'program' | 'replication' | 'proof'>;
  /**
   * Logs in upstream, once the broker has allowed it.
   * @param signal where it aborts first, its reason is thrown and the upstream's socket is gone.
   * @throws Refused, LatchkeyError `upstream-…`, `credential-missing`.
   */
  open(allowed: Allowed, signal: AbortSignal): Promise<OpenUpstream>;
}

/** A login that has succeeded upstream, and all that the pipe needs to know of the protocol. */
export interface OpenUpstream {
  connection: Connection;
  /** Stops reading and hands out what the upstream has said beyond its login. */
  release(): Buffer;
  /** What the client is told in front of the first query. */
  welcome: Buffer;
  /** The database that the server says the session is in; absent where it does not say: then it is the one asked for. */
  database?: string;
  /** Sees every chunk to the client go by (the welcome is not among them), and must not keep it. */
  watchToClient(chunk: Buffer): void;
  /** What goes upstream in place of a chunk from the client; absent where the bytes pass as they are. */
  translate?(chunk: Buffer): Buffer;
  /**
   * Told once, when the pipe stands, how to end the session where the client sends what cannot be passed on. Absent where
   * a protocol has nothing of the kind.
   */
  whenRefused?(end: (refusal: Refusal) => void): void;
  /** The client's last message when the session is ended from here; undefined inside a message, where it would become data. */
  farewell(refusal: Refusal): Buffer | undefined;
  /** Whether the client has said that it leaves; absent where its protocol has no word for that. */
  clientLeft?(): boolean;
  /** How many requests the server has got from the client and not answered; 0 only where it has nothing to do. */
  openRequests(): number;
  /** A pooler is in between, which ends what it is asked to stop only while this connection stands; absent = no. */
  isPooled?: boolean;
  /**
   * Asks the server to end what it is doing for the session, and resolves when it has been told.
   * @throws what kept it from being told; the signal's reason.
   */
  stop(signal: AbortSignal): Promise<void>;
  /** The session is over, or has never begun. */
  forget(): void;
}
