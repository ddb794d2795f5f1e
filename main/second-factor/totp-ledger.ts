import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../contract/errors.ts';
import { syncFolder } from '../store/durable-file.ts';
import { systemReason } from '../store/system-reason.ts';

/**
 * What the second factor must never forget: which keys there have been, the last step that each accepted, which
 * recovery codes are left, how often an account failed. No key and no code is in it.
 */
export interface Ledger {
  /**
   * Runs `work` while no other process or thread has the ledger, and resolves once what it wrote is on the disk:
   * nothing that rests on it may be told to anybody before. If `work` throws, nothing is written.
   *
   * @throws LatchkeyError `mfa-unavailable` where the file is damaged, cannot be written, or stays taken for 5 s.
   *   Where the disk failed it may have been written or not.
   */
  transact<T>(work: (database: DatabaseSync) => T): Promise<T>;
}

/** "LKmf", so that `file` and people can tell what it is. */
const applicationId = 0x4c4b6d66;
const schemaVersion = 1;
const patienceMs = 5_000;

const schema = `
  CREATE TABLE totp_key (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    -- A discarded key stays listed, so that a sealed key which is not in here shows that the ledger was lost.
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'discarded')),
    confirmed_at INTEGER,
    last_step INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX one_in_use ON totp_key (account, state) WHERE state <> 'discarded';
  CREATE TABLE recovery_code (
    key_id TEXT NOT NULL REFERENCES totp_key,
    digest BLOB NOT NULL,
    PRIMARY KEY (key_id, digest)
  ) STRICT;
  CREATE TABLE failure (
    account TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    locked_until INTEGER
  ) STRICT;
  CREATE INDEX failure_age ON failure (last_at);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * The ledger in `<folder>/second-factor.sqlite`, made with the folder (0700) at the first use.
 *
 * SQLite's exclusive transaction is the lock between processes and the all-or-nothing of a crash in one: the system
 * drops the lock when its holder dies, and the next one to open the file rolls back what was half written. The file is
 * opened anew for each transaction, so nothing has to be closed and a file put in its place is seen. That it is an old
 * copy cannot be seen; that it is an empty one can, by the sealed keys that it does not list.
 */
export function createLedger(folder: string): Ledger {
  const path = join(folder, 'second-factor.sqlite');

  async function prepareFolder(): Promise<void> {
    try {
      const made = await mkdir(folder, { recursive: true, mode: 0o700 });
      if (made !== undefined) await syncFolder(dirname(made));
    } catch (cause) {
      const { because, remedy } = systemReason(cause);
      throw new LatchkeyError('mfa-unavailable', `${folder} cannot be used because ${because}.`, {
        remedy,
        cause,
      });
    }
  }

  /**
   * The removal of the journal is what commits: were it undone by a power loss, so were the transaction. SQLite's own
   * sync of the folder goes by without an error where the folder cannot be opened.
   */
  async function keepCommit(): Promise<void> {
    try {
      await syncFolder(folder);
    } catch (cause) {
      throw explained(path, cause);
    }
  }

  return {
    async transact(work) {
      await prepareFolder();
      const start = performance.now();
      for (;;) {
        const attempt = tryTransaction(path, work);
        if (attempt !== 'busy') {
          if (attempt.wrote) await keepCommit();
          return attempt.result;
        }
        if (performance.now() - start > patienceMs) throw unavailable(path, sqliteBusy);
        await sleep(2 + Math.random() * 8);
      }
    },
  };
}

/** Without waiting: SQLite would wait in this thread, and nothing else in it could run. */
function tryTransaction<T>(
  path: string,
  work: (database: DatabaseSync) => T,
): { result: T; wrote: boolean } | 'busy' {
  let database: DatabaseSync | undefined;
  try {
    database = openOwnerOnly(path);
    database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON');
    // Exclusive from the start: only the BEGIN can find the ledger taken, the COMMIT cannot.
    database.exec('BEGIN EXCLUSIVE');
    const isNew = prepareSchema(database, path);
    const result = work(database);
    const changes = database.prepare('SELECT total_changes() AS count').get()?.['count'];
    database.exec('COMMIT');
    return { result, wrote: isNew || changes !== 0 };
  } catch (thrown) {
    if (sqliteCode(thrown) === sqliteBusy) return 'busy';
    throw explained(path, thrown);
  } finally {
    // Rolls back what was not committed.
    database?.close();
  }
}

/** SQLite would make the file readable for others as far as the umask lets it; its journal takes the file's mode. */
function openOwnerOnly(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600));
  return new DatabaseSync(path, { timeout: 0 });
}

/** Returns whether the file was empty. */
function prepareSchema(database: DatabaseSync, path: string): boolean {
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  if (version === schemaVersion) return false;
  if (version === 0) {
    database.exec(schema);
    return true;
  }
  throw new LatchkeyError('mfa-unavailable', `${path} was written by a newer Latchkey.`, {
    remedy: 'Use that version again.',
  });
}

const sqliteBusy = 5;

/** The primary result code (https://www.sqlite.org/rescode.html), or undefined for an error that is not SQLite's. */
function sqliteCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined;
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined;
}

function explained(path: string, thrown: unknown): unknown {
  const code = sqliteCode(thrown);
  if (code !== undefined) return unavailable(path, code, thrown);
  if (!(thrown instanceof Error) || !('syscall' in thrown)) return thrown;
  const { because, remedy } = systemReason(thrown);
  return new LatchkeyError('mfa-unavailable', `${path} cannot be used because ${because}.`, {
    remedy,
    cause: thrown,
  });
}

function unavailable(path: string, code: number, cause?: unknown): LatchkeyError {
  const [because, remedy] = reasons[code] ?? [
    `of SQLite's error ${code}`,
    'Check the disk and the rights of that folder, then try again.',
  ];
  return new LatchkeyError('mfa-unavailable', `${path} cannot be used because ${because}.`, {
    remedy,
    cause,
  });
}

const damaged: [string, string] = [
  'it is damaged',
  'Put it back from a backup. Without one, move it away; everyone has to enrol again after an administrator has reset their second factor.',
];
const reasons: Record<number, [because: string, remedy: string]> = {
  [sqliteBusy]: ['another program keeps it locked', 'End that program and try again.'],
  8: ['it is read-only', 'Make the file and its folder yours (chown, chmod).'],
  10: ['the disk reported an error', 'Check the disk, then try again.'],
  11: damaged,
  13: ['the disk is full', 'Free some space on that disk and try again.'],
  14: ['it cannot be opened', 'Make the file and its folder yours (chown, chmod).'],
  26: damaged,
};
