import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../contract/errors.ts';
import type { Seal } from '../store/seal.ts';
import type { SecretStore } from '../store/secret-store.ts';
import { clearFailures, lockOf, type Lock } from './lockout.ts';
import { newRecoveryCodes, recoveryCodesLeft, storeRecoveryCodes } from './recovery-codes.ts';
import { matchingSteps, readCode } from './totp-code.ts';
import { judge } from './totp-judge.ts';
import {
  activateKey,
  addPendingKey,
  createSealedKeys,
  discardKeys,
  discardUnlistedKeys,
  hashOf,
  keyLost,
  keyRow,
  newKeyId,
  unlistedKeys,
  type AccountKey,
  type KeyRow,
} from './totp-keys.ts';
import { createLedger } from './totp-ledger.ts';
import { offerKey, type KeyOffer } from './totp-uri.ts';
import { malformed, wrong, type Verdict } from './totp-verdict.ts';

export interface TotpState {
  enrolled: boolean;
  /** Milliseconds since 1970. */
  confirmedAt?: number;
  recoveryCodesLeft: number;
  lock?: Lock;
}

/**
 * The second factor by one-time codes (RFC 6238) and recovery codes, of all accounts of one broker home. Any number of
 * processes may work on one home at once. Every method can throw LatchkeyError `mfa-unavailable`: the truth cannot be
 * had now, and nobody may be let in.
 */
export interface Totp {
  state(account: AccountKey): Promise<TotpState>;
  /**
   * Makes a new key, which counts from {@link Totp.confirm} on and until then leaves an older one in force. An earlier
   * one that was not confirmed is gone.
   *
   * @param options.replace a valid code, needed where the account is enrolled already; it is judged and used up like
   *   one given to {@link Totp.verify}
   * @throws LatchkeyError `seal-unavailable` where the key would not survive a restart; `mfa-required` without the code
   *   that it takes; `mfa-wrong`, `mfa-locked` for that code; `store-failed`
   */
  begin(account: AccountKey & { username: string }, options?: { replace?: string }): Promise<KeyOffer>;
  /**
   * Puts the key of the last {@link Totp.begin} in force if `code` shows that the person has it. The code is used up by
   * that. A wrong one is not counted: whoever may confirm has been shown the key.
   *
   * @returns ten recovery codes, the only time that anybody sees them; those of an older key are void
   * @throws LatchkeyError `mfa-not-enrolled` where nothing was begun; `mfa-wrong`
   */
  confirm(account: AccountKey, code: string): Promise<string[]>;
  /**
   * Judges a code once and for all: what it says is on the disk before it resolves. A step is accepted at most once
   * and none before it any more, so that a clock that is set back brings no code back either.
   *
   * @param options.firstFactor where a password came with the code, whether it was right. If not, the attempt counts as
   *   wrong and the code is neither looked at nor used up, enrolled or not. If it was, a replayed code is a wrong one
   *   too, since anything else would confirm the password.
   * @throws LatchkeyError `mfa-not-enrolled`
   */
  verify(account: AccountKey, code: string, options?: { firstFactor?: boolean }): Promise<Verdict>;
  /** Ends the enrolment if the code is accepted. Throws LatchkeyError `mfa-not-enrolled`. */
  remove(account: AccountKey, code: string): Promise<Verdict>;
  /** For administrators, who alone may do this: ends the enrolment without a code, whatever state it is in, and unlocks. */
  reset(account: AccountKey): Promise<void>;
  /** For administrators: ends a lock and the count of failures. */
  unlock(account: AccountKey): Promise<void>;
}

/**
 * @param options.folder of the ledger; see {@link createLedger}
 * @param options.secrets where the keys are, and nowhere else
 * @param options.seal what `secrets` seals with
 * @param options.issuer the name that authenticator applications show beside the user name
 * @param options.now milliseconds since 1970
 */
export function createTotp(options: {
  folder: string;
  secrets: SecretStore;
  seal: Pick<Seal, 'kind' | 'reason'>;
  issuer: string;
  now?: () => number;
}): Totp {
  const { seal, issuer, now = Date.now } = options;
  const ledger = createLedger(options.folder);
  const keys = createSealedKeys(options.secrets, seal);

  /** Throws where sealed keys say that the account was enrolled, though the ledger knows of none. */
  async function checkNeverEnrolled(account: string): Promise<void> {
    const sealed = await keys.ids(account);
    if (sealed.length === 0) return;
    const unlisted = await ledger.transact((database) => unlistedKeys(database, account, sealed));
    if (unlisted.length > 0) throw keyLost();
  }

  /** Deletes discarded keys. One that cannot be deleted now is of no use to anybody and goes the next time. */
  async function sweep(account: string): Promise<void> {
    try {
      const sealed = await keys.ids(account);
      const used = await ledger.transact((database) => [
        keyRow(database, account, 'pending')?.id,
        keyRow(database, account, 'active')?.id,
      ]);
      for (const id of sealed) if (!used.includes(id)) await keys.delete(account, id);
    } catch {
      return;
    }
  }

  /** The account's key in force, or undefined where it has none. */
  async function activeKey(account: string): Promise<(KeyRow & { key: Uint8Array }) | undefined> {
    let failed: { id: string; error: unknown } | undefined;
    for (;;) {
      const row = await ledger.transact((database) => keyRow(database, account, 'active'));
      if (row === undefined) {
        await checkNeverEnrolled(account);
        return undefined;
      }
      // A key that was replaced after the ledger was read is gone too: only the same one gone twice is lost.
      if (row.id === failed?.id) throw failed.error;
      try {
        return { ...row, key: await keys.read(account, row.id) };
      } catch (error) {
        failed = { id: row.id, error };
      }
    }
  }

  async function judgeText(
    account: string,
    text: string,
    options: { firstFactor?: boolean | undefined; onAccepted?(database: DatabaseSync): void } = {},
  ): Promise<Verdict> {
    const { firstFactor, onAccepted } = options;
    const submitted = readCode(text);
    if (submitted === undefined) return malformed();
    for (;;) {
      const held = await activeKey(account);
      if (held === undefined && firstFactor !== false) throw notEnrolled();
      const verdict = await ledger.transact((database) => {
        const verdict = judge(database, { account, submitted, held, firstFactor }, now());
        if (verdict !== 'other-key' && verdict.kind === 'accepted') onAccepted?.(database);
        return verdict;
      });
      if (verdict !== 'other-key') return verdict;
    }
  }

  return {
    async state(of) {
      const account = hashOf(of);
      const active = await activeKey(account);
      return ledger.transact((database) => {
        const lock = lockOf(database, account, now());
        return {
          enrolled: active !== undefined,
          ...(active?.confirmedAt === undefined ? {} : { confirmedAt: active.confirmedAt }),
          recoveryCodesLeft: active === undefined ? 0 : recoveryCodesLeft(database, active.id),
          ...(lock === undefined ? {} : { lock }),
        };
      });
    },

    async begin(of, { replace } = {}) {
      const account = hashOf(of);
      if (seal.kind === 'memory') throw sealNeeded(seal.reason);
      const active = await ledger.transact((database) => keyRow(database, account, 'active'));
      if (active === undefined) await checkNeverEnrolled(account);
      else if (replace === undefined) throw codeNeeded();
      else {
        const verdict = await judgeText(account, replace);
        if (verdict.kind !== 'accepted') throw verdict.error;
      }
      const id = newKeyId();
      await ledger.transact((database) => {
        const changed = keyRow(database, account, 'active')?.id !== active?.id;
        if (changed) throw codeNeeded();
        addPendingKey(database, account, id);
      });
      // In the ledger first: a crash here leaves a pending key without a secret, which the next begin replaces.
      const key = await keys.write(account, id);
      await sweep(account);
      return offerKey(key, { issuer, username: of.username });
    },

    async confirm(of, text) {
      const account = hashOf(of);
      const submitted = readCode(text);
      if (submitted?.method !== 'totp') throw malformed().error;
      const pending = await ledger.transact((database) => keyRow(database, account, 'pending'));
      const sealed = pending !== undefined && (await keys.ids(account)).includes(pending.id);
      if (!sealed) throw nothingBegun();
      const key = await keys.read(account, pending.id);
      const codes = newRecoveryCodes();
      await ledger.transact((database) => {
        const time = now();
        if (keyRow(database, account, 'pending')?.id !== pending.id) throw nothingBegun();
        const step = matchingSteps(key, submitted.code, time).at(-1);
        if (step === undefined) throw wrong({ count: 0 }).error;
        activateKey(database, account, pending.id, { now: time, step });
        storeRecoveryCodes(database, pending.id, codes);
      });
      await sweep(account);
      return codes;
    },

    verify: (of, text, options = {}) => judgeText(hashOf(of), text, options),

    async remove(of, text) {
      const account = hashOf(of);
      const verdict = await judgeText(account, text, {
        onAccepted: (database) => discardKeys(database, account, 'active'),
      });
      if (verdict.kind === 'accepted') await sweep(account);
      return verdict;
    },

    async reset(of) {
      const account = hashOf(of);
      const sealed = await keys.ids(account);
      await ledger.transact((database) => {
        discardUnlistedKeys(database, account, sealed);
        discardKeys(database, account, 'pending');
        discardKeys(database, account, 'active');
        clearFailures(database, account);
      });
      await sweep(account);
    },

    async unlock(of) {
      await ledger.transact((database) => clearFailures(database, hashOf(of)));
    },
  };
}

function notEnrolled(): LatchkeyError {
  return new LatchkeyError('mfa-not-enrolled', 'This account has no second factor yet.', {
    remedy: 'Enrol an authenticator application.',
  });
}

function nothingBegun(): LatchkeyError {
  return new LatchkeyError(
    'mfa-not-enrolled',
    'No enrolment is under way for this account, or another one was begun since.',
    { remedy: 'Begin the enrolment again.' },
  );
}

function codeNeeded(): LatchkeyError {
  return new LatchkeyError('mfa-required', 'This account has a second factor already.', {
    remedy: 'Give a code of it, or a recovery code, to replace it.',
  });
}

function sealNeeded(reason: string | undefined): LatchkeyError {
  const why = reason === undefined ? '' : `: ${reason.replace(/\.$/, '')}`;
  return new LatchkeyError(
    'seal-unavailable',
    `Secrets are kept in memory only on this computer${why}. An enrolment would be lost at the next start.`,
    { remedy: 'Unlock or set up a keyring, or start Latchkey with --key-file.' },
  );
}
