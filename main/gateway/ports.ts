/** @long All that the worker of the gateways and the broker say to each other, in one place. */
import type { Problem } from '../contract/errors.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import type { PeerProcess } from '../contract/state.ts';

export type { PeerProcess };

/**
 * What the gateways and the broker know of each other. The gateways run in a worker thread and own the listeners and
 * the bytes; the broker decides. Every value in here is structured-cloneable plain data.
 */

export interface TlsSettings {
  /**
   * `verify` checks chain and name, and so does `strict`, with TLS before anything else (TDS 8.0, SQL Server only);
   * `by-password` lets a server of MariaDB 11.4 or later prove its certificate by the hash of the password, and nothing
   * else is checked; `off` is accepted by the configuration for loopback and unix sockets only.
   */
  mode: 'verify' | 'strict' | 'by-password' | 'off';
  /** PEM certificates to trust instead of the system's. */
  ca?: string;
  /** Name to verify instead of the host, for tunnels. */
  serverName?: string;
  /** SHA-256 of the one certificate to accept, 64 hexadecimal digits in lower case; in place of chain, name and dates. */
  fingerprint?: string;
  /** PEM, for servers that ask who the client is; its key comes with each login. */
  clientCertificate?: string;
}

export type TargetSessionAttrs =
  'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby';

/** A SOCKS5 proxy (RFC 1928), or a program whose standard input and output are the connection. */
export type Via =
  | { kind: 'socks'; host: string; port: number }
  | { kind: 'command'; command: string[]; environment: Record<string, string> };

export interface UpstreamAddress {
  host: string;
  port: number;
  /** SQL Server only: a named instance, whose port is asked of the host at each login; then `port` counts for nothing. */
  instance?: string;
  /** Set for a unix socket; then host and port are for messages only. */
  socketPath?: string;
  /** Hosts to try after this one, in order. */
  alternatives?: { host: string; port: number }[];
  /** PostgreSQL: which of the hosts will do, as libpq's target_session_attrs; absent = any. */
  targetSessionAttrs?: TargetSessionAttrs;
  /** The way there, where it is not a connection of our own. */
  via?: Via;
  /** Numeric; in place of looking the host up, where a server is to be met again. */
  address?: string;
  /**
   * User ids that may listen there without TLS, beside this user and root; absent = those of the packages of database
   * servers.
   */
  owners?: number[] | 'any';
  tls: TlsSettings;
  /** Login methods that an upstream may ask for beside SCRAM; they are refused without verified TLS or loopback. */
  allowedMethods: ('md5' | 'password')[];
  /** For each of: reaching the server, its TLS handshake, its login. */
  connectTimeoutMs: number;
  /** How long something that was sent may stay without an acknowledgement; absent = 60 s. */
  lostAfterMs?: number;
}

export interface ListenerSettings {
  connection: string;
  protocol: ProtocolName;
  /** The loopback address to name in settings; the other family is listened at too, where this computer has it. */
  host: '127.0.0.1' | '::1';
  port: number;
  /** Set where Latchkey has chosen the port: the file that keeps the choice. */
  portRecord?: string;
  /** Full path of the unix socket to open beside TCP. Its directory exists and is 0700. */
  socketPath?: string;
  /** `scram-sha-256` keeps the token off the wire; `password` is for clients that cannot do SCRAM. */
  clientAuth: 'scram-sha-256' | 'password';
  /** Certificate chain and key (PEM) for clients that want TLS on loopback; absent = TLS is not offered. */
  clientTls?: { certificate: string; key: string };
  /** Who logs in over TCP without TLS is refused; absent = no. */
  requireTls?: boolean;
  /** MySQL only: lets the server ask the client for files (LOAD DATA LOCAL INFILE). */
  localInfile?: boolean;
  /** Names that a client may give as the database; the first one is the one to name in hints. */
  databases: string[];
  /**
   * Set for a connection that has more databases than one: all of them are in `databases`, or the server decides
   * about `any` name. Absent = one, whose names they are.
   */
  otherDatabases?: 'listed' | 'any';
  upstream: UpstreamAddress;
  /** Live sessions at this listener at most; more get SQLSTATE 53300. */
  maxSessions: number;
}

/** What the gateway knows of the process at the other end; the broker decides what it is worth. */
export interface Peer {
  transport: 'tcp' | 'unix';
  /** Set for TCP: with the listener's own address it finds the peer in the system's tables. */
  address?: string;
  port?: number;
  /** The listener's own, of either loopback family. */
  localAddress?: string;
  localPort?: number;
  /** Owner of the client's socket (Linux), or of its process (macOS, where it is this user); undefined = unknown. */
  uid?: number;
  /** On Windows, which has no user ids: whether the process belongs to the user of this one. */
  sameUser?: boolean;
  /** The process behind the socket, for prompts and the audit only; undefined = unknown. */
  process?: PeerProcess;
}

/** A connection that copies the server's log instead of running statements: of the whole server, or of one database. */
export type Replication = 'physical' | 'logical';

export interface LoginAttempt {
  connection: string;
  /** The user name that the client sent: the person's sign-in name or a role. */
  clientUser: string;
  /** One of the listener's names, or another one that the server knows; the connection's own where the client named none. */
  database: string;
  /** The server has told that names of databases that differ in case are two databases for it; absent = not known. */
  exactNames?: true;
  /** What the client calls itself (application_name); empty where it says nothing. Never trusted. */
  program: string;
  /** PostgreSQL: the client wants a replication connection; absent = a usual one. */
  replication?: Replication;
  peer: Peer;
  proof:
    | {
        kind: 'scram-sha-256';
        /** RFC 5802 section 3: client-first-bare "," server-first "," client-final-without-proof. */
        authMessage: string;
        clientProof: Uint8Array;
      }
    /** MySQL "Native Authentication": SHA1(token) XOR SHA1(scramble + SHA1(SHA1(token))). */
    | {
        kind: 'mysql-native';
        scramble: Uint8Array;
        response: Uint8Array;
        /** SHA-256 of the certificate that the client was shown; absent without TLS. */
        certificate?: Uint8Array;
      }
    /** MySQL "Caching_sha2_password": SHA256(token) XOR SHA256(SHA256(SHA256(token)) + scramble). */
    | { kind: 'caching-sha2'; scramble: Uint8Array; response: Uint8Array }
    | { kind: 'password'; password: string };
}

/**
 * The SQL client's error: SQLSTATE, and the sentences of the problem as message and hint. With the code `token-wrong` or
 * SQLSTATE 28P01 the answer is held back for a moment, on that one connection, to slow guessing down.
 */
export interface Refusal {
  sqlState: string;
  problem: Problem;
  /** MySQL: number and SQLSTATE of the server's own error, which the client gets in place of those for `sqlState`. */
  serverError?: { number: number; sqlState: string };
}

export interface UpstreamLogin {
  user: string;
  database: string;
  /** Absent where the upstream trusts the peer (a unix socket with peer authentication, say). */
  password?: string;
  /**
   * Entra access token in place of a password: sent over verified TLS only, in clear where the protocol has it as a
   * password (PostgreSQL, MySQL), as FEDAUTH to SQL Server.
   */
  accessToken?: string;
  /** Whom the session is for, to be told to the server; absent = the server is told nothing. */
  person?: {
    /** The sign-in name. */
    name: string;
    /** The beginning of the session's id, by which the audit finds it. */
    session: string;
    /** The client's name for itself, as the server shows it, begins with the person. */
    isNamed: boolean;
    /** PostgreSQL: a setting of this name gets the sign-in name. */
    setting?: string;
  };
  /** Private key (PEM) of the client certificate, where the upstream's settings name one. */
  clientKey?: string;
  /** The session begins with transactions that only read. */
  readOnly?: boolean;
  /** PostgreSQL, MySQL: the server ends a statement that takes longer. */
  statementTimeoutMs?: number;
}

/** A limit of the rule, and what the client and the audit are told when the session has reached it. */
export interface ReachedLimit {
  reason: 'idle-timeout' | 'max-duration' | 'outside-times';
  problem: Problem;
}

/** When a session is ended by itself. */
export interface SessionLimits {
  /** No statement has run for so long. */
  idle?: ReachedLimit & { afterMs: number };
  /** Its last moment, in ms since 1970. */
  last?: ReachedLimit & { at: number };
}

export type LoginDecision =
  | {
      allow: true;
      /** Names the session in `sessionEnded`, `cut` and the audit. */
      sessionId: string;
      login: UpstreamLogin;
      /**
       * The database that was asked for, where the rule spells it in another case, as `login` does: the login is good only
       * if the server takes both for one.
       */
      ifSame?: string;
      /** How long the client still waits for the database, in ms; absent = as long as the upstream's own time-outs. */
      openWithinMs?: number;
      /**
       * MySQL only: the token has expired, and this login may do nothing but stop statements of these sessions, which
       * the token has opened before (Ctrl-C logs in anew).
       */
      onlyKill?: string[];
      limits?: SessionLimits;
      /**
       * For SCRAM proofs RFC 5802 ServerSignature; for `mysql-native` with a certificate what shows the client that who has
       * it knows the token.
       */
      serverSignature?: Uint8Array;
      /** The replication connection that was asked for may be had; a gateway opens none without it. */
      replication?: Replication;
    }
  | { allow: false; refusal: Refusal };

export interface SessionEnd {
  sessionId: string;
  /**
   * `never-opened`: allowed by the broker, but the upstream login failed; `upstream-lost`: its connection broke. Then
   * `problem` says why, as it does for a `cut` because of what the client sent, and where a limit of
   * the rule was reached.
   */
  reason:
    | 'client-closed'
    | 'upstream-closed'
    | 'upstream-lost'
    | 'cut'
    | 'never-opened'
    | 'gateway-closed'
    | ReachedLimit['reason'];
  problem?: Problem;
  /** After a cut: the server could not be told to stop the statement that was under way, which may run on. */
  notStopped?: Problem;
  bytesFromClient: number;
  bytesFromUpstream: number;
}

/** Bytes that have gone through an open session until now. */
export interface SessionTraffic {
  sessionId: string;
  bytesFromClient: number;
  bytesFromUpstream: number;
}

/** The broker's side: asked by the gateway for each login. */
export interface Gatekeeper {
  /** @param gone aborts when the client has gone: nothing more is asked of anybody, or fetched, for it. */
  authorize(attempt: LoginAttempt, gone?: AbortSignal): Promise<LoginDecision>;
  /**
   * User and credential of a session that is open, as they are now: for one more login upstream, which stops what it
   * does. undefined where those that it was opened with are the ones, or no others can be had. Never rejects.
   */
  loginAgain(sessionId: string): Promise<UpstreamLogin | undefined>;
  /**
   * The upstream login succeeded and the client has been told.
   * @param database where the server says that the session is; absent where it does not say.
   */
  sessionOpened(sessionId: string, database?: string): void;
  /** Every two seconds, of the sessions in which something has gone through since. */
  traffic(news: SessionTraffic[]): void;
  sessionEnded(end: SessionEnd): void;
  /**
   * A connection that ended before `authorize` could be asked: bad packet, unknown database, time-out. At most ten in a
   * second for each listener, and one a minute of each other user; `unreported` is how many more there were since the
   * last one. `client` is there where the client had come to its name.
   */
  rejected(event: {
    connection: string;
    peer: Peer;
    client?: Pick<LoginAttempt, 'clientUser' | 'database' | 'program'>;
    refusal: Refusal;
    unreported?: number;
  }): void;
}

export interface ListenerFailure {
  connection: string;
  problem: Problem;
  /** Somebody else has the port at the other loopback family; the connection is served at its own address. */
  partly?: true;
}

/** The gateway's side. */
export interface GatewayHost {
  /**
   * Opens every listener; resolves when each is listening or has failed. A failed listener does not stop the
   * others: its problem (`port-in-use` with the owner where it can be known) is in the answer. One that is open already
   * stays as it is, but for an address that it could not have: that is tried again.
   */
  open(listeners: ListenerSettings[]): Promise<ListenerFailure[]>;
  /**
   * From now on these are all the listeners: what is not among them is closed, what is new is opened, what has changed
   * changes, and resolves as {@link open} does. Sessions go on, whatever becomes of their listener; whoever is let in
   * after this call meets the new settings.
   * @param elevatedTools whether tools that hide their owner may come in
   */
  replace(listeners: ListenerSettings[], elevatedTools: 'refuse' | 'allow'): Promise<ListenerFailure[]>;
  /** Shows another certificate to clients that come from now on, at the listeners that offer TLS. */
  certify(clientTls: NonNullable<ListenerSettings['clientTls']>): void;
  /** Ends these sessions now, both sockets; the client gets SQLSTATE 57P01 and the reason where it still can. */
  cut(sessionIds: string[], reason: string): void;
  /**
   * Stops listening, cuts every session, and ends the worker when the servers have been told to stop what ran in them,
   * or after two seconds.
   */
  close(): Promise<void>;
}

/** Salt and iterations are one for the whole installation, so that one proof can be checked against many tokens. */
export interface ScramParameters {
  salt: Uint8Array;
  iterations: number;
}
