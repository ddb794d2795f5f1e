import type { Ledger } from './totp-ledger.ts';
import { keyLost, keyRow, unlistedKeys, type KeyRow, type SealedKeys } from './totp-keys.ts';

/** The keys of accounts as ledger and sealed secrets have them together. */
export class KeysInForce {
  readonly #ledger: Ledger;
  readonly #sealed: SealedKeys;

  constructor(ledger: Ledger, sealed: SealedKeys) {
    this.#ledger = ledger;
    this.#sealed = sealed;
  }

  /** The account's key in force, or undefined where it has none. @throws LatchkeyError `mfa-unavailable` */
  async of(account: string): Promise<(KeyRow & { key: Uint8Array }) | undefined> {
    let failed: { id: string; error: unknown } | undefined;
    for (;;) {
      const row = await this.#ledger.transact((database) => keyRow(database, account, 'active'));
      if (row === undefined) {
        await this.checkNeverEnrolled(account);
        return undefined;
      }
      // A key that was replaced after the ledger was read is gone too: only the same one gone twice is lost.
      if (row.id === failed?.id) throw failed.error;
      try {
        return { ...row, key: await this.#sealed.read(account, row.id) };
      } catch (error) {
        failed = { id: row.id, error };
      }
    }
  }

  /** Throws where sealed keys say that the account was enrolled, though the ledger knows of none. */
  async checkNeverEnrolled(account: string): Promise<void> {
    const sealed = await this.#sealed.ids(account);
    if (sealed.length === 0) return;
    const unlisted = await this.#ledger.transact((database) => unlistedKeys(database, account, sealed));
    if (unlisted.length > 0) throw keyLost();
  }

  /** Deletes discarded keys. One that cannot be deleted now is of no use to anybody and goes the next time. */
  async sweep(account: string): Promise<void> {
    try {
      const sealed = await this.#sealed.ids(account);
      const used = await this.#ledger.transact((database) => [
        keyRow(database, account, 'pending')?.id,
        keyRow(database, account, 'active')?.id,
      ]);
      for (const id of sealed) if (!used.includes(id)) await this.#sealed.delete(account, id);
    } catch {
      return;
    }
  }
}
