import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import { toSeconds } from '../config/duration.ts';
import type { FactorName } from '../contract/clouds.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Enrolment } from '../contract/shapes.ts';
import type { Account, SecondFactor } from '../contract/state.ts';
import type { PromptBoard } from '../prompts/board.ts';
import {
  createSecondFactorPrompts,
  type CodeFactor,
  type SecondFactorPrompts,
} from '../prompts/second-factor.ts';
import { createPhones, type Phones, type PhonesOptions } from './phones.ts';
import { createTotp, type Totp } from './totp.ts';

export interface SecondFactorOptions extends PhonesOptions {
  board: PromptBoard;
  /** Of the TOTP ledger. */
  folder: string;
  audit: Pick<Audit, 'append'>;
  changed(): void;
}

export type OwnSecondFactor = ReturnType<typeof createSecondFactor>;

/**
 * Latchkey's own second factor: enrolment of authenticator and phone, and the prompts that
 * asks for it at logins. Codes and keys leave it only as the answer to the person who enrols.
 */
export function createSecondFactor(options: SecondFactorOptions) {
  const { secrets, seal, audit, changed } = options;
  const totp: Totp = createTotp({
    folder: options.folder,
    secrets,
    seal,
    get issuer() {
      return options.settings.issuer;
    },
  });
  const phones = createPhones(options);
  const { refresh, forget, state, whileShown } = createShown(totp, phones, changed);
  const codeFactor: CodeFactor = {
    enrolled: async (who) => (await totp.state(who)).enrolled,
    async verify(who, code) {
      const verdict = await totp.verify(who, code);
      if (verdict.kind !== 'accepted') throw verdict.error;
    },
  };

  const prompts = createPrompts(options, codeFactor, phones, refresh);

  async function changedFactor(
    event: 'mfa-enrolled' | 'mfa-removed',
    account: Account,
    ...methods: FactorName[]
  ): Promise<void> {
    await refresh(account);
    for (const method of methods) await audit.append({ event, account, method });
  }

  return {
    prompts,
    codeFactor,
    totp,
    refresh,
    forget,
    state,

    /** What the person has enrolled. @throws LatchkeyError `mfa-unavailable` where that cannot be known now */
    enrolledMethods: async (who: Account): Promise<FactorName[]> =>
      methodsOf(await codeFactor.enrolled(who), (await phones.factor?.enrolled(who)) ?? false),
    verify: codeFactor.verify,
    /** Asks the phone whether the person does this; the number to choose is in the state meanwhile. */
    approve: (who: Account, deed: string): Promise<void> =>
      whileShown(who, (show) => phones.approve(who, deed, show)),

    // Those that follow are for administered.ts alone, behind the step-up.

    /** @throws LatchkeyError `seal-unavailable`, `mfa-unavailable` */
    enrolTotp: (who: Account): Promise<Enrolment> => totp.begin(who, { isProved: true }),

    /** @returns the recovery codes, which are shown this once. */
    async confirmTotp(who: Account, code: string): Promise<string[]> {
      const codes = await totp.confirm(who, code);
      await changedFactor('mfa-enrolled', who, 'totp');
      return codes;
    },

    async removeTotp(who: Account): Promise<void> {
      if (!(await codeFactor.enrolled(who))) {
        throw new LatchkeyError('mfa-not-enrolled', 'You have no authenticator to remove.', {
          remedy: 'Set one up with: latchkey mfa enrol',
        });
      }
      await totp.reset(who);
      await changedFactor('mfa-removed', who, 'totp');
    },

    /** For a lost authenticator or a lock: ends every enrolment of the person. What cannot be read counts as enrolled. */
    async reset(who: Account): Promise<void> {
      const before = methodsOf(await codeFactor.enrolled(who).catch(() => true), await phones.has(who));
      await totp.reset(who);
      await phones.forget(who);
      await changedFactor('mfa-removed', who, ...before);
    },

    /** Invites a phone; it counts from {@link confirmPush} on. */
    enrolPush: phones.invite,

    /** Rings the invited phone once and waits for its answer; the number to choose is in the state meanwhile. */
    async confirmPush(who: Account): Promise<void> {
      await whileShown(who, (show) => phones.confirm(who, show));
      await changedFactor('mfa-enrolled', who, 'push');
    },

    async removePush(who: Account): Promise<void> {
      if (!(await phones.has(who))) {
        throw new LatchkeyError('mfa-not-enrolled', 'You have no phone to remove.', {
          remedy: 'See what you have with: latchkey mfa status',
        });
      }
      await phones.forget(who);
      await changedFactor('mfa-removed', who, 'push');
    },

    close: phones.close,
  };
}

/** What logins ask for, with what was answered on record. */
function createPrompts(
  options: SecondFactorOptions,
  codeFactor: CodeFactor,
  phones: Phones,
  refresh: (account: Account) => Promise<void>,
): SecondFactorPrompts {
  const { audit, changed } = options;
  return createSecondFactorPrompts({
    board: options.board,
    totp: codeFactor,
    get push() {
      return phones.factor;
    },
    get methods() {
      return options.settings.methods;
    },
    get cacheMs() {
      return toSeconds(options.settings.cache) * 1000;
    },
    async record(outcome, account, method, { connection, role, program }, error) {
      const circumstances = { account, method, connection, role, program };
      await audit.append(
        outcome === 'accepted'
          ? { event: 'mfa-accepted', ...circumstances }
          : { event: 'mfa-refused', ...circumstances, ...auditFault(toProblem(error)) },
      );
      await refresh(account);
    },
    changed,
  });
}

function methodsOf(hasTotp: boolean, hasPhone: boolean): FactorName[] {
  return [...(hasTotp ? (['totp'] as const) : []), ...(hasPhone ? (['push'] as const) : [])];
}

/** What the state shows of the factors of those who are signed in. */
function createShown(totp: Totp, phones: Phones, changed: () => void) {
  const shown = new Map<string, SecondFactor>();
  const testNumbers = new Map<string, string>();

  function showNumber(key: string, number: string | undefined): void {
    if (number === undefined) testNumbers.delete(key);
    else testNumbers.set(key, number);
    changed();
  }

  return {
    /** Reads what the state shows. A failed read is shown as "not enrolled"; logins read for themselves and fail closed. */
    async refresh(who: Account): Promise<void> {
      const read = await readFor(who);
      shown.set(keyOf(who), read);
      changed();
    },
    forget(who: Account): void {
      shown.delete(keyOf(who));
      changed();
    },
    /** `needed` is for the caller to fill in. */
    state(who: Account): SecondFactor | undefined {
      const state = shown.get(keyOf(who));
      const testNumber = testNumbers.get(keyOf(who));
      if (state === undefined || testNumber === undefined) return state;
      return { ...state, push: { ...state.push, testNumber } };
    },
    /** The number to choose is in the state until the phone has answered. */
    async whileShown(who: Account, ask: (show: (number: string) => void) => Promise<void>): Promise<void> {
      const key = keyOf(who);
      try {
        await ask((number) => showNumber(key, number));
      } finally {
        showNumber(key, undefined);
      }
    },
  };

  async function readFor(who: Account): Promise<SecondFactor> {
    const state = await totp.state(who).catch(() => undefined);
    const until = state?.lock?.until;
    const lock = until === undefined ? {} : { lockedUntil: new Date(until).toISOString() };
    return {
      totp: {
        enrolled: state?.enrolled ?? false,
        recoveryCodesLeft: state?.recoveryCodesLeft ?? 0,
        ...lock,
      },
      push: {
        available: phones.factor !== undefined,
        enrolled: await phones.enrolled(who).catch(() => false),
      },
      needed: false,
    };
  }
}

function keyOf({ tenantId, objectId }: Account): string {
  return JSON.stringify([tenantId, objectId]);
}
