import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Seal } from '../store/seal.ts';
import type { SecretStore } from '../store/secret-store.ts';
import { clearFailures, lockOf, type Lock } from './lockout.ts';
import { newRecoveryCodes, recoveryCodesLeft, storeRecoveryCodes } from './recovery-codes.ts';
import { matchingSteps, readCode } from './totp-code.ts';
import { judge } from './totp-judge.ts';
import { KeysInForce } from './totp-in-force.ts';
import {
  activateKey,
  addPendingKey,
  createSealedKeys,
  discardKeys,
  discardUnlistedKeys,
  hashOf,
  keyRow,
  newKeyId,
  type AccountKey,
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
   * @param options.isProved where the account is enrolled already: the caller has judged a code, or what stands in for one,
   *   just now
   * @throws LatchkeyError `seal-unavailable` where the key would not survive a restart; `mfa-required` without the
   *   proof that it takes; `store-failed`
   */
  begin(account: AccountKey & { username: string }, options?: { isProved?: boolean }): Promise<KeyOffer>;
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
  /** For administrators, who alone may do this: ends the enrolment without a code, whatever state it is in, and unlocks. */
  reset(account: AccountKey): Promise<void>;
}

/**
 * @param options.folder of the ledger; see {@link createLedger}
 * @param options.secrets where the keys are, and nowhere else
 * @param options.seal what `secrets` seals with
 * @param options.issuer as it is configured now: the name that authenticator applications show beside the user name
 * @param options.now milliseconds since 1970
 */
export function createTotp(options: {
  folder: string;
  secrets: SecretStore;
  seal: Pick<Seal, 'kind' | 'reason'>;
  readonly issuer: string;
  now?: () => number;
}): Totp {
  const { seal, now = Date.now } = options;
  const ledger = createLedger(options.folder);
  const keys = createSealedKeys(options.secrets, seal);
  const inForce = new KeysInForce(ledger, keys);

  return {
    async state(of) {
      const account = hashOf(of);
      const active = await inForce.of(account);
      return ledger.transact((database) => {
        const lock = lockOf(database, account, now());
        return {
          enrolled: active !== undefined,
          ...(active?.confirmedAt === undefined ? {} : { confirmedAt: active.confirmedAt }),
          recoveryCodesLeft: active === undefined ? 0 : recoveryCodesLeft(database, active.id),
          ...defined({ lock }),
        };
      });
    },

    async begin(of, { isProved = false } = {}) {
      const account = hashOf(of);
      if (seal.kind === 'memory') throw sealNeeded(seal.reason);
      const active = await ledger.transact((database) => keyRow(database, account, 'active'));
      if (active === undefined) await inForce.checkNeverEnrolled(account);
      else if (!isProved) throw codeNeeded();
      const id = newKeyId();
      await ledger.transact((database) => {
        const changed = keyRow(database, account, 'active')?.id !== active?.id;
        if (changed) throw codeNeeded();
        addPendingKey(database, account, id);
      });
      // In the ledger first: a crash here leaves a pending key without a secret, which the next begin replaces.
      const key = await keys.write(account, id);
      await inForce.sweep(account);
      return offerKey(key, { issuer: options.issuer, username: of.username });
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
      await inForce.sweep(account);
      return codes;
    },

    async verify(of, text, { firstFactor } = {}) {
      const account = hashOf(of);
      const submitted = readCode(text);
      if (submitted === undefined) return malformed();
      for (;;) {
        const held = await inForce.of(account);
        if (held === undefined && firstFactor !== false) throw notEnrolled();
        const verdict = await ledger.transact((database) =>
          judge(database, { account, submitted, held, firstFactor }, now()),
        );
        if (verdict !== 'other-key') return verdict;
      }
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
      await inForce.sweep(account);
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
