/** @long The closed union of all that is recorded is read as one. */
import type { EntraFault, ErrorCode } from '../contract/errors.ts';
import type { Account, ClientChoice, PeerProcess } from '../contract/state.ts';

/**
 * What the audit records: a closed union, so that every place that writes one says what an investigator needs. Never
 * a secret: tokens appear by their id only. A member that is not known is left out. Strings may come from outside; a
 * record keeps the first 1,000 characters of each, and the first 500 entries of a list.
 */
export type AuditEvent = AuditEventMembers & {
  /** Who did it, where whoever writes the event knows better than {@link actorOf}. Each record of a broker has one. */
  actor?: AuditActor;
};

/** Who did what a record tells of. */
export type AuditActor =
  /** A person, known by the directory or as a break-glass account. */
  | ({ kind: 'person' } & Pick<Account, 'provider' | 'tenantId' | 'objectId' | 'username'>)
  /** Whoever uses this account of the computer; nobody was signed in. */
  | { kind: 'local-user'; uid?: number }
  /** Latchkey by itself: a deadline, an answer of the directory, a start. */
  | { kind: 'latchkey' };

type AuditEventMembers =
  | {
      event: 'broker-started';
      version: string;
      connections: string[];
      pid?: number;
      uid?: number;
      seal?: string;
    }
  /** `reason`: why, where it was not simply asked to end by its owner. */
  | { event: 'broker-stopped'; reason?: string }
  /** The broker did not come up: a faulty configuration, a taken port of the API, a key that cannot be read. */
  | ({ event: 'start-failed' } & AuditFault)
  | { event: 'sign-in-started'; provider: string }
  | {
      event: 'sign-in-succeeded';
      provider: string;
      account: Account;
      /** How many groups the directory named. */
      groups: number;
      how: 'device-code' | 'browser' | 'local' | 'restored';
    }
  /** `username` is what was typed at a break-glass sign-in. */
  | ({ event: 'sign-in-failed'; provider: string; account?: Account; username?: string } & AuditFault)
  | { event: 'signed-out'; account: Account }
  | ({ event: 'session-expired'; account: Account; why: string } & Partial<AuditFault>)
  /** `added` and `removed` are object ids. */
  | { event: 'groups-refreshed'; account: Account; added: string[]; removed: string[] }
  | ({ event: 'groups-refresh-failed'; account: Account } & AuditFault)
  /** With `handleId` it was made behind a handle, and nobody holds its text. */
  | ({ event: 'token-issued'; tokenId: string; handleId?: string; expiresAt: string } & AuditAccess)
  /** As asked for: the connection may not exist, and no role means any. */
  | ({ event: 'token-refused'; account?: Account; connection: string; role?: string } & AuditFault)
  | {
      event: 'token-revoked';
      tokenId: string;
      account?: Account;
      connection: string;
      role: string;
      reason: string;
    }
  | {
      event: 'handle-made';
      handleId: string;
      tool: string;
      account: Account;
      connection: string;
      role?: string;
      expiresAt: string;
    }
  | { event: 'handle-revoked'; handleId: string; tool: string; account: Account; connection: string }
  /** A person has said whether a program may use a connection, and for how long. */
  | ({ event: 'client-answered'; answer: ClientChoice | 'denied' | 'blocked' } & Pick<
      LoginCircumstances,
      'connection' | 'database' | 'program' | 'address' | 'process'
    >)
  /** `only` where the token had expired, and the login could do no more than stop statements of its own sessions. */
  | ({
      event: 'login-allowed';
      tokenId: string;
      handleId?: string;
      databaseSessionId: string;
      only?: 'kill';
    } & AuditAccess &
      LoginCircumstances)
  /**
   * `account` and `tokenId` where the proof fitted a token that may not be used here or now. `unreported` more like it
   * were refused before it and have no record of their own.
   */
  | ({
      event: 'login-refused';
      account?: Account;
      tokenId?: string;
      handleId?: string;
      unreported?: number;
    } & LoginCircumstances &
      AuditFault)
  /** `database`: where the session is, by the name that the server gives it. */
  | { event: 'database-session-opened'; databaseSessionId: string; connection: string; database: string }
  | ({
      event: 'database-session-ended';
      databaseSessionId: string;
      connection: string;
      reason: string;
      bytesFromClient: number;
      bytesFromUpstream: number;
    } & Partial<AuditFault>)
  /** A session was cut, and its server could not be told to stop the statement under way, which may have run on. */
  | ({ event: 'statement-not-stopped'; databaseSessionId: string; connection: string } & AuditFault)
  /** Its settings have a fault: it serves nothing until they are mended. `place` is the file and line of the first. */
  | ({ event: 'connection-left-out'; connection: string; place: string } & AuditFault)
  | ({ event: 'connection-listener-failed'; connection: string } & AuditFault)
  /** After such a failure. */
  | { event: 'connection-listener-opened'; connection: string }
  /** The second factor of Latchkey itself; the directory keeps its own record of what it asks for. */
  | { event: 'mfa-enrolled' | 'mfa-removed'; account: Account; method: 'totp' | 'push' }
  | ({ event: 'mfa-accepted' } & AuditFactor)
  | ({ event: 'mfa-refused' } & AuditFactor & AuditFault)
  | {
      event: 'provider-changed';
      provider: string;
      change: 'saved' | 'removed' | 'enabled' | 'disabled' | 'secret-set' | 'secret-deleted';
    }
  /**
   * The configuration file was read anew, and what it says counts from here on. `hash` is the SHA-256 of its text,
   * `changes` are keys without values.
   */
  | {
      event: 'configuration-loaded';
      hash: string;
      changes: string[];
      how: LoadedHow;
      needsRestart?: string[];
    }
  /** It was to be read anew and has faults: what counted before goes on. */
  | ({ event: 'configuration-refused'; how: LoadedHow } & AuditFault)
  /** The settings of an organisation by its address; `key` is the fingerprint that has signed them, `hash` of what it signed. */
  | {
      event: 'organisation-joined' | 'organisation-changed';
      organisation: string;
      url: string;
      key: string;
      serial: number;
      hash: string;
    }
  | { event: 'organisation-left'; organisation: string; url: string; key: string; serial: number }
  /** What the address led to is not what its key has signed, is older than what was seen, or cannot count. */
  | ({ event: 'organisation-refused'; url: string; key: string } & AuditFault)
  /** In the configuration file: what a locked screen ends, and how long logins wait. */
  | { event: 'policies-changed'; onLock?: string; hold?: string }
  /** A person has chosen which newer versions are offered. */
  | { event: 'update-channel-changed'; channel: 'stable' | 'beta' }
  /** What the server has given is not what a release key has signed, or comes before what was seen. */
  | ({ event: 'update-refused'; version?: string } & AuditFault)
  /** A newer version takes this one's place; so many database sessions were open, and end. */
  | { event: 'update-installed'; from: string; to: string; ended: number }
  /** In the configuration file; `upstreams` is where those that were saved lead. */
  | {
      event: 'connections-changed';
      change: 'saved' | 'removed';
      connections: string[];
      upstreams?: string[];
    }
  /** Somebody has tried whether its login works; with which role. */
  | { event: 'connection-tested'; connection: string; role: string }
  /** Somebody was let through to change who may decide; what was changed follows. No secret is in `detail`. */
  | {
      event: 'administered';
      action: string;
      subject: string;
      detail?: string;
      by: 'totp' | 'push' | 'sign-in' | 'first-run' | 'set-up';
    }
  | ({ event: 'administration-refused'; action: string; subject: string; detail?: string } & AuditFault)
  /** Whoever was let through, the change itself did not come about: nothing is changed. */
  | ({ event: 'administration-failed'; action: string; subject: string; detail?: string } & AuditFault)
  /** Break-glass accounts: who changes one, and each use of one, is meant to stand out. */
  | { event: 'local-account-changed'; username: string; change: string }
  | { event: 'code-mailed'; provider: string; to: string }
  | ({ event: 'code-mail-refused'; provider: string; to: string } & AuditFault)
  /** `onLock` is what the configuration makes of it. */
  | { event: 'screen-locked'; onLock: 'keep' | 'cut' | 'sign-out' }
  | { event: 'screen-unlocked'; how: 'screen' | 'sign-in' | 'command' | 'window' }
  /** The name of the secret only. */
  | { event: 'secret-changed'; name: string; change: 'set' | 'deleted' }
  /** The guard of the local API turned a request away. */
  | {
      event: 'request-refused';
      reason: string;
      method?: string;
      path?: string;
      host?: string;
      origin?: string;
    }
  /** So many refusals like it, in that time, have no record of their own: see statements.ts. */
  | ({ event: 'refusals-suppressed'; count: number; since: string; until: string } & RefusalSource)
  /** Records that could not be written in that time; what they were to record has not happened, or is over. */
  | {
      event: 'records-dropped';
      dropped: { event: AuditEvent['event']; count: number }[];
      since: string;
      until: string;
    }
  /** Old files were taken away, up to and with that record; a signed checkpoint lets the chain go on after it. */
  | {
      event: 'audit-pruned';
      files: string[];
      records: number;
      lastSeq: number;
      lastHash: string;
      /** Where they were copied to before. */
      archive?: string;
    }
  /** What leaves for a sink (docs/FLEET.md) begins behind this record. */
  | { event: 'export-started'; sink: string; after: number }
  /** Nothing has left for the sink since then; what is recorded meanwhile leaves later. */
  | ({ event: 'export-failed'; sink: string; since: string } & AuditFault)
  | { event: 'export-resumed'; sink: string; since: string }
  /** Records that were taken away or damaged before they had left: the sink never gets them. */
  | { event: 'export-lost'; sink: string; records: number; firstSeq: number; lastSeq: number }
  /** The sink has answered that it does not take so many of these. */
  | { event: 'export-rejected'; sink: string; records: number; firstSeq: number; lastSeq: number }
  /** The key of the seal has come after the start: the keyring was locked until now. */
  | { event: 'seal-opened'; seal: string }
  /** From here on the audit's anchor is signed with this key. */
  | { event: 'audit-key-made'; publicKey: string; seal: string }
  /** Written by the audit itself when it starts and finds its files other than it left them. */
  | {
      event: 'audit-repaired';
      /** A write that a crash cut short; nobody was told that it succeeded. Its bytes are in the file `keptIn`. */
      cause: 'torn-tail';
      keptIn: string;
      bytes: number;
    }
  | {
      event: 'audit-repaired';
      /** Records that had been written are damaged or gone. Their file is left as it was found. */
      cause: 'chain-broken';
      file: string;
      line: number;
      reason: string;
      detail: string;
    };

/** `organisation`: a bundle has come, or was joined or left. */
type LoadedHow = 'asked' | 'automatic' | 'signal' | 'written' | 'organisation';

/** What anybody can cause as often as they like. */
export type RefusalEvent = Extract<
  AuditEvent,
  { event: 'login-refused' | 'request-refused' | 'token-refused' | 'sign-in-failed' | 'mfa-refused' }
>;

/** What refusals have in common that are counted together. */
export interface RefusalSource {
  of: RefusalEvent['event'];
  /** The error's code, or the reason of the API's guard. */
  code: string;
  connection?: string;
  provider?: string;
  /** Without the port. */
  address?: string;
  uid?: number;
  /** Path of the client's program as the system tells it. */
  process?: string;
  username?: string;
  handleId?: string;
  /** More sources than are told apart. */
  many?: boolean;
}

/** The numbers and ids of Entra ID are what its administrators look up in their own sign-in log. */
export interface AuditFault {
  code: ErrorCode;
  entra?: EntraFault;
}

/** What a second factor was asked for. */
export interface AuditFactor {
  account: Account;
  method: 'totp' | 'push';
  connection: string;
  role: string;
  /** What the client called itself. */
  program: string;
}

/** Who may use what, by the rule for which group (object id). */
export interface AuditAccess {
  account: Account;
  connection: string;
  role: string;
  group: string;
}

export interface LoginCircumstances {
  connection: string;
  /**
   * User name, database and program as the client gave them: claims, not facts. Where it is allowed, the database is the
   * one that is asked of the server.
   */
  clientUser: string;
  database: string;
  program: string;
  /** The kind of a replication connection; absent for usual ones. */
  replication?: 'physical' | 'logical';
  /** Address and port, or "unix". */
  address: string;
  /** Owner of the client's socket, where the system tells. */
  uid?: number;
  /** The client's process as the system tells of it. */
  process?: PeerProcess;
}
