import type { Problem } from '../contract/errors.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import type { PeerProcess } from '../contract/state.ts';

export type { PeerProcess };

/**
 * What the gateways and the broker know of each other. The gateways run in a worker thread and own the listeners and
 * the bytes; the broker decides. Every value in here is structured-cloneable plain data.
 */

export interface TlsSettings {
  /** `verify` checks chain and name; `off` is accepted by the configuration for loopback and unix sockets only. */
  mode: 'verify' | 'off';
  /** PEM certificates to trust instead of the system's. */
  ca?: string;
  /** Name to verify instead of the host, for tunnels. */
  serverName?: string;
}

export interface UpstreamAddress {
  host: string;
  port: number;
  /** Set for a unix socket; then host and port are for messages only. */
  socketPath?: string;
  tls: TlsSettings;
  /** Login methods that an upstream may ask for beside SCRAM; they are refused without verified TLS or loopback. */
  allowedMethods: ('md5' | 'password')[];
  /** For each of: reaching the server, its TLS handshake, its login. */
  connectTimeoutMs: number;
}

export interface ListenerSettings {
  connection: string;
  protocol: ProtocolName;
  host: '127.0.0.1' | '::1';
  port: number;
  /** Full path of the unix socket to open beside TCP. Its directory exists and is 0700. */
  socketPath?: string;
  /** `scram-sha-256` keeps the token off the wire; `password` is for clients that cannot do SCRAM. */
  clientAuth: 'scram-sha-256' | 'password';
  /** Certificate chain and key (PEM) for clients that want TLS on loopback; absent = TLS is not offered. */
  clientTls?: { certificate: string; key: string };
  /** MySQL only: lets the server ask the client for files (LOAD DATA LOCAL INFILE). */
  localInfile?: boolean;
  /** Database names that select this connection; the first one is the one to name in hints. */
  databases: string[];
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
  localPort?: number;
  /** Owner of the peer's socket where the system tells (Linux: /proc/net/tcp); undefined = unknown. */
  uid?: number;
  /** On Windows, which has no user ids: whether the process belongs to the user of this one. */
  sameUser?: boolean;
  /** The process behind the socket, for prompts and the audit only; undefined = unknown. */
  process?: PeerProcess;
}

export interface LoginAttempt {
  connection: string;
  /** The user name that the client sent: the person's sign-in name or a role. */
  clientUser: string;
  database: string;
  /** What the client calls itself (application_name); empty where it says nothing. Never trusted. */
  program: string;
  peer: Peer;
  proof:
    | {
        kind: 'scram-sha-256';
        /** RFC 5802 section 3: client-first-bare "," server-first "," client-final-without-proof. */
        authMessage: string;
        clientProof: Uint8Array;
      }
    /** MySQL "Native Authentication": SHA1(token) XOR SHA1(scramble + SHA1(SHA1(token))). */
    | { kind: 'mysql-native'; scramble: Uint8Array; response: Uint8Array }
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
}

export type LoginDecision =
  | {
      allow: true;
      /** Names the session in `sessionEnded`, `cut` and the audit. */
      sessionId: string;
      login: UpstreamLogin;
      /** RFC 5802 ServerSignature, for SCRAM proofs. */
      serverSignature?: Uint8Array;
    }
  | { allow: false; refusal: Refusal };

export interface SessionEnd {
  sessionId: string;
  /** `never-opened`: allowed by the broker, but the upstream login failed; then `problem` says why. */
  reason: 'client-closed' | 'upstream-closed' | 'cut' | 'never-opened' | 'gateway-closed';
  problem?: Problem;
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
  authorize(attempt: LoginAttempt): Promise<LoginDecision>;
  /** The upstream login succeeded and the client has been told. */
  sessionOpened(sessionId: string): void;
  /** Every two seconds, of the sessions in which something has gone through since. */
  traffic(news: SessionTraffic[]): void;
  sessionEnded(end: SessionEnd): void;
  /**
   * A connection that ended before `authorize` could be asked: bad packet, unknown database, time-out. At most ten in a
   * second for each listener; `unreported` is how many more there were since the last one.
   */
  rejected(event: { connection: string; peer: Peer; refusal: Refusal; unreported?: number }): void;
}

export interface ListenerFailure {
  connection: string;
  problem: Problem;
}

/** The gateway's side. */
export interface GatewayHost {
  /**
   * Opens every listener; resolves when each is listening or has failed. A failed listener does not stop the
   * others: its problem (`port-in-use` with the owner where it can be known) is in the answer.
   */
  open(listeners: ListenerSettings[]): Promise<ListenerFailure[]>;
  /** Ends these sessions now, both sockets; the client gets SQLSTATE 57P01 and the reason where it still can. */
  cut(sessionIds: string[], reason: string): void;
  /** Stops listening, cuts every session, ends the worker. */
  close(): Promise<void>;
}

/** Salt and iterations are one for the whole installation, so that one proof can be checked against many tokens. */
export interface ScramParameters {
  salt: Uint8Array;
  iterations: number;
}
