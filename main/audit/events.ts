import type { EntraFault, ErrorCode } from '../contract/errors.ts';
import type { Account, ClientChoice, PeerProcess } from '../contract/state.ts';

/**
 * What the audit records: a closed union, so that every place that writes one says what an investigator needs. Never
 * a secret: tokens appear by their id only. A member that is not known is left out. Strings may come from outside; a
 * record keeps the first 1,000 characters of each, and the first 500 entries of a list.
 */
export type AuditEvent =
  | {
      event: 'broker-started';
      version: string;
      connections: string[];
      pid?: number;
      uid?: number;
      seal?: string;
    }
  | { event: 'broker-stopped' }
  /** The broker did not come up: a faulty configuration, a taken port of the API, a key that cannot be read. */
  | ({ event: 'start-failed' } & AuditFault)
  | { event: 'configuration-loaded'; path: string; sha256: string }
  | { event: 'sign-in-started'; provider: string }
  | {
      event: 'sign-in-succeeded';
      provider: string;
      account: Account;
      /** How many groups the directory named. */
      groups: number;
      how: 'device-code' | 'browser' | 'local' | 'restored';
    }
  | ({ event: 'sign-in-failed'; provider: string; account?: Account } & AuditFault)
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
    }
  | { event: 'handle-revoked'; handleId: string; tool: string; account: Account; connection: string }
  /** A person has said whether a program may use a connection, and for how long. */
  | ({ event: 'client-answered'; answer: ClientChoice | 'denied' } & Pick<
      LoginCircumstances,
      'connection' | 'database' | 'program' | 'address' | 'process'
    >)
  | ({ event: 'login-allowed'; tokenId: string; handleId?: string; databaseSessionId: string } & AuditAccess &
      LoginCircumstances)
  /** `account` and `tokenId` where the proof fitted a token that may not be used here or now. */
  | ({ event: 'login-refused'; account?: Account; tokenId?: string; handleId?: string } & LoginCircumstances &
      AuditFault)
  | { event: 'database-session-opened'; databaseSessionId: string; connection: string }
  | ({
      event: 'database-session-ended';
      databaseSessionId: string;
      connection: string;
      reason: string;
      bytesFromClient: number;
      bytesFromUpstream: number;
    } & Partial<AuditFault>)
  | ({ event: 'connection-listener-failed'; connection: string } & AuditFault)
  /** The second factor of Latchkey itself; the directory keeps its own record of what it asks for. */
  | { event: 'mfa-enrolled' | 'mfa-removed'; account: Account; method: 'totp' | 'push' }
  | { event: 'mfa-accepted'; account: Account; method: 'totp' | 'push'; connection: string }
  | ({ event: 'mfa-refused'; account: Account; method: 'totp' | 'push'; connection: string } & AuditFault)
  | {
      event: 'provider-changed';
      provider: string;
      change: 'saved' | 'removed' | 'enabled' | 'disabled' | 'secret-set' | 'secret-deleted';
    }
  /** Break-glass accounts: who changes one, and each use of one, is meant to stand out. */
  | { event: 'local-account-changed'; username: string; change: string }
  | { event: 'code-mailed'; provider: string; to: string }
  /** `onLock` is what the configuration makes of it. */
  | { event: 'screen-locked'; onLock: 'keep' | 'cut' | 'sign-out' }
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
  | AuditRepair;

/** Written by the audit itself when it starts and finds its files other than it left them. */
export type AuditRepair =
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

/** The numbers and ids of Entra ID are what its administrators look up in their own sign-in log. */
export interface AuditFault {
  code: ErrorCode;
  entra?: EntraFault;
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
  /** User name, database and program as the client gave them: claims, not facts. */
  clientUser: string;
  database: string;
  program: string;
  /** Address and port, or "unix". */
  address: string;
  /** Owner of the client's socket, where the system tells. */
  uid?: number;
  /** The client's process as the system tells of it. */
  process?: PeerProcess;
}
