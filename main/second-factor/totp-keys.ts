import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../contract/errors.ts';
import type { Seal } from '../store/seal.ts';
import type { SecretStore } from '../store/secret-store.ts';
import { forgetRecoveryCodes } from './recovery-codes.ts';
import { keyLength } from './totp-code.ts';

/** Whose second factor: tenant and object id of an account; the names do not count. */
export interface AccountKey {
  tenantId: string;
  objectId: string;
}

export interface KeyRow {
  id: string;
  /** Milliseconds since 1970; undefined for a pending key. */
  confirmedAt: number | undefined;
  /** The latest step accepted; no earlier one ever is. */
  lastStep: number | undefined;
}

/** An account in file names and in the ledger. Ids of Entra ID mean the same in upper and lower case. */
export function hashOf({ tenantId, objectId }: AccountKey): string {
  const key = JSON.stringify([tenantId.toLowerCase(), objectId.toLowerCase()]);
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

export function newKeyId(): string {
  return randomBytes(8).toString('hex');
}

/** The account's key in that state, as the ledger has it. */
export function keyRow(
  database: DatabaseSync,
  account: string,
  state: 'pending' | 'active',
): KeyRow | undefined {
  const row = database
    .prepare('SELECT id, confirmed_at, last_step FROM totp_key WHERE account = ? AND state = ?')
    .get(account, state);
  if (row === undefined) return undefined;
  return {
    id: String(row['id']),
    confirmedAt: numberOrUndefined(row['confirmed_at']),
    lastStep: numberOrUndefined(row['last_step']),
  };
}

export function addPendingKey(database: DatabaseSync, account: string, id: string): void {
  discardKeys(database, account, 'pending');
  database.prepare("INSERT INTO totp_key (id, account, state) VALUES (?, ?, 'pending')").run(id, account);
}

/** Makes the pending key the active one, at the step by which it was confirmed. */
export function activateKey(
  database: DatabaseSync,
  account: string,
  id: string,
  { now, step }: { now: number; step: number },
): void {
  discardKeys(database, account, 'active');
  database
    .prepare("UPDATE totp_key SET state = 'active', confirmed_at = ?, last_step = ? WHERE id = ?")
    .run(now, step, id);
}

export function acceptStep(database: DatabaseSync, id: string, step: number): void {
  database.prepare('UPDATE totp_key SET last_step = ? WHERE id = ?').run(step, id);
}

export function discardKeys(database: DatabaseSync, account: string, state: 'pending' | 'active'): void {
  const key = keyRow(database, account, state);
  if (key === undefined) return;
  database.prepare("UPDATE totp_key SET state = 'discarded' WHERE id = ?").run(key.id);
  forgetRecoveryCodes(database, key.id);
}

/** The ids of sealed keys that the ledger has never heard of: it is older than they are, or a new one. */
export function unlistedKeys(database: DatabaseSync, account: string, sealed: string[]): string[] {
  const rows = database.prepare('SELECT id FROM totp_key WHERE account = ?').all(account);
  const listed = new Set(rows.map((row) => String(row['id'])));
  return sealed.filter((id) => !listed.has(id));
}

export function discardUnlistedKeys(database: DatabaseSync, account: string, sealed: string[]): void {
  const insert = database.prepare("INSERT INTO totp_key (id, account, state) VALUES (?, ?, 'discarded')");
  for (const id of unlistedKeys(database, account, sealed)) insert.run(id, account);
}

export type SealedKeys = ReturnType<typeof createSealedKeys>;

/** The keys themselves, each as a sealed secret of its own that is never written twice. */
export function createSealedKeys(secrets: SecretStore, seal: Pick<Seal, 'kind' | 'reason'>) {
  const nameOf = (account: string, id: string): string => `totp-${account}-${id}`;

  return {
    async write(account: string, id: string): Promise<Uint8Array> {
      const key = randomBytes(keyLength);
      await secrets.set(nameOf(account, id), key);
      return key;
    },

    /**
     * The key of an enrolment. Not to have it is never the same as not being enrolled.
     *
     * @throws LatchkeyError `mfa-unavailable` where it is gone, damaged or cannot be unsealed now
     */
    async read(account: string, id: string): Promise<Uint8Array> {
      if (seal.kind === 'memory') throw keyLocked(seal.reason);
      let key: Uint8Array | undefined;
      try {
        key = await secrets.get(nameOf(account, id));
      } catch (cause) {
        if (cause instanceof LatchkeyError && cause.code !== 'sealed-unreadable') {
          const message = `The second factor cannot be checked now: ${cause.message}`;
          throw new LatchkeyError('mfa-unavailable', message, { remedy: cause.remedy, cause });
        }
        throw keyLost(cause);
      }
      if (key?.length !== keyLength) throw keyLost();
      return key;
    },

    /** The ids of the account's sealed keys, whatever the ledger says of them. */
    async ids(account: string): Promise<string[]> {
      const prefix = nameOf(account, '');
      const names = await secrets.list();
      return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    },

    async delete(account: string, id: string): Promise<void> {
      await secrets.delete(nameOf(account, id));
    },
  };
}

export function keyLost(cause?: unknown): LatchkeyError {
  return new LatchkeyError(
    'mfa-unavailable',
    'The stored key of the second factor is missing or damaged, so no code can be checked.',
    {
      remedy:
        'Put the sealed folder back from a backup, or ask an administrator to reset the second factor of this account; then enrol again.',
      cause,
    },
  );
}

/** It was enrolled when there was a key store or a key file. */
function keyLocked(reason = 'Secrets are kept in memory only.'): LatchkeyError {
  return new LatchkeyError('mfa-unavailable', `The second factor cannot be checked now: ${reason}`, {
    remedy: 'Unlock the keyring that it was enrolled with, or give the same --key-file, and start again.',
  });
}

function numberOrUndefined(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
