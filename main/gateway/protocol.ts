import type { Caller } from './caller.ts';
import type { Connection } from './connection.ts';
import type { LoginAttempt, LoginDecision, Refusal } from './ports.ts';

/**
 * What one database protocol brings to the gateway. Everything else is common to all of them: admission, the peer's
 * owner, the question to the broker (and the wait that may follow), the live sessions, the pipe, the cut and the end.
 */
export interface Protocol {
  /** For sentences: "PostgreSQL", "MySQL", "SQL Server". */
  name: string;
  /** True where the server speaks first: then a connection is attended as soon as it is accepted. */
  speaksFirst: boolean;
  /**
   * Talks with a client until it has said who it is and proved that it holds a token; nothing is verified here.
   * Calls `caller.started()` once the client has said what it wants.
   *
   * @returns undefined where nothing is left to do (a cancel request that has been passed on, say).
   * @throws HungUp, Refused, ProtocolError, LatchkeyError.
   */
  meet(caller: Caller): Promise<Meeting | undefined>;
  /** The client's own error for a refusal, in the state that the caller's handshake is in; undefined = just close. */
  encodeRefusal(refusal: Refusal, caller: Caller): Buffer | undefined;
}

export type Allowed = Extract<LoginDecision, { allow: true }>;

/** A client that is known, and waits for the answer. */
export interface Meeting {
  login: Pick<LoginAttempt, 'clientUser' | 'database' | 'program' | 'proof'>;
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
  /** Sees every chunk to the client go by (the welcome is not among them), and must not keep it. */
  watchToClient(chunk: Buffer): void;
  /** What goes upstream in place of a chunk from the client; absent where the bytes pass as they are. */
  translate?(chunk: Buffer): Buffer;
  /** The client's last message when the session is cut; undefined inside a message, where it would become data. */
  farewell(reason: string): Buffer | undefined;
  /** Last bytes for the upstream when the session is cut, before its socket goes; absent for none. */
  lastWords?(): Buffer | undefined;
  /** Whether the client has said that it leaves; absent where its protocol has no word for that. */
  clientLeft?(): boolean;
  /** After a cut: ends what the server is still doing for the session. Never rejects. */
  stop(): void;
  /** The session is over, or has never begun. */
  forget(): void;
}
