import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import { toSeconds, type Configuration } from '../config/schema.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Enrolment } from '../contract/ipc.ts';
import type { Account, SecondFactor } from '../contract/state.ts';
import type { FetchLike } from '../contract/http.ts';
import { createMfaDesk, type CodeFactor, type MfaDesk, type PushFactor } from '../mfa/desk.ts';
import { pushAttempts, type PushAttempts } from '../mfa/push-attempts.ts';
import { pushEnrolment, type PushEnrolment } from '../mfa/push-enrolment.ts';
import { createPush, type Push } from '../mfa/push.ts';
import { createTotp, type Totp } from '../mfa/totp.ts';
import type { PromptBoard } from '../prompts/board.ts';
import type { Seal } from '../store/seal.ts';
import type { SecretStore } from '../store/secret-store.ts';

export interface SecondFactorOptions {
  settings: Configuration['mfa'];
  board: PromptBoard;
  /** Of the TOTP ledger. */
  folder: string;
  secrets: SecretStore;
  seal: Seal;
  fetch: FetchLike;
  audit: Pick<Audit, 'append'>;
  /** Access token of the ntfy server, where it asks for one. */
  pushToken(): Promise<string | undefined>;
  /** @throws LatchkeyError `sign-in-required` */
  account(): Account;
  changed(): void;
}

export type OwnSecondFactor = ReturnType<typeof createSecondFactor>;

/**
 * Latchkey's own second factor for the person who is signed in: enrolment of authenticator and phone, and the desk that
 * asks for it at logins. Codes and keys leave it only as the answer to the person who enrols.
 */
export function createSecondFactor(options: SecondFactorOptions) {
  const { settings, secrets, seal, audit, account, changed } = options;
  const totp: Totp = createTotp({ folder: options.folder, secrets, seal, issuer: settings.issuer });
  const phones = phoneEnrolments(secrets);
  const push: Push | undefined =
    settings.pushServer === undefined || !settings.methods.includes('push')
      ? undefined
      : createPush({ server: settings.pushServer, fetch: options.fetch, ledger: attemptLedger(secrets) });
  /** A phone that has been invited and has not answered yet. */
  let invited: { account: string; enrolment: PushEnrolment } | undefined;
  let testNumber: string | undefined;
  let shown: SecondFactor | undefined;

  const codeFactor: CodeFactor = {
    enrolled: async (who) => (await totp.state(who)).enrolled,
    async verify(who, code) {
      const verdict = await totp.verify(who, code);
      if (verdict.kind !== 'accepted') throw verdict.error;
    },
  };
  const pushFactor: PushFactor | undefined = push && {
    enrolled: async (who) => (await phones.get(who)) !== undefined,
    async ask(who, demand, onNumber, signal) {
      const enrolment = await phones.get(who);
      if (enrolment === undefined) throw notEnrolled();
      await push.request(
        {
          account: keyOf(who),
          enrolment,
          program: demand.program,
          connection: demand.connection,
          database: demand.database,
          role: demand.role,
          place: { host: hostname(), clientAddress: demand.address },
          time: Date.now(),
          onNumber: (number) => onNumber(String(number)),
        },
        signal,
      );
    },
  };

  const desk: MfaDesk = createMfaDesk({
    board: options.board,
    totp: codeFactor,
    push: pushFactor,
    methods: settings.methods,
    cacheMs: toSeconds(settings.cache) * 1000,
    async record(outcome, who, method, connection, error) {
      if (outcome === 'accepted')
        await audit.append({ event: 'mfa-accepted', account: who, method, connection });
      else
        await audit.append({
          event: 'mfa-refused',
          account: who,
          method,
          connection,
          ...auditFault(toProblem(error)),
        });
      await refresh(who);
    },
    changed,
  });

  /** Reads what the state shows. A failed read is shown as "not enrolled"; logins read for themselves and fail closed. */
  async function refresh(who: Account | undefined): Promise<void> {
    if (who === undefined) shown = undefined;
    else {
      const state = await totp.state(who).catch(() => undefined);
      shown = {
        totp: {
          enrolled: state?.enrolled ?? false,
          recoveryCodesLeft: state?.recoveryCodesLeft ?? 0,
          ...(state?.lock?.until === undefined
            ? {}
            : { lockedUntil: new Date(state.lock.until).toISOString() }),
        },
        push: {
          available: push !== undefined,
          enrolled: (await phones.get(who).catch(() => undefined)) !== undefined,
        },
        needed: false,
      };
    }
    changed();
  }

  /** Whoever already has a second factor proves it before it is changed: an unattended window must not be enough. */
  async function prove(who: Account, code: string | undefined): Promise<void> {
    if (!(await totp.state(who)).enrolled) return;
    if (code === undefined) {
      throw new LatchkeyError('mfa-required', 'A code of your authenticator is needed for this change.', {
        remedy: 'Enter the six digits that it shows now, or a recovery code.',
      });
    }
    await codeFactor.verify(who, code);
  }

  return {
    desk,
    totp,
    refresh,
    /** What the state shows of the signed-in person; `needed` is for the caller to fill in. */
    state(): SecondFactor | undefined {
      if (shown === undefined || testNumber === undefined) return shown;
      return { ...shown, push: { ...shown.push, testNumber } };
    },

    /** @throws LatchkeyError `seal-unavailable`, `mfa-required`, `mfa-wrong`, `mfa-locked`, `mfa-unavailable` */
    async enrolTotp(code?: string): Promise<Enrolment> {
      const { uri, key, qr } = await totp.begin(account(), code === undefined ? {} : { replace: code });
      return { uri, key, qr };
    },

    /** @returns the recovery codes, which are shown this once. */
    async confirmTotp(code: string): Promise<string[]> {
      const who = account();
      const codes = await totp.confirm(who, code);
      await audit.append({ event: 'mfa-enrolled', account: who, method: 'totp' });
      await refresh(who);
      return codes;
    },

    async removeTotp(code: string): Promise<void> {
      const who = account();
      const verdict = await totp.remove(who, code);
      if (verdict.kind !== 'accepted') throw verdict.error;
      await audit.append({ event: 'mfa-removed', account: who, method: 'totp' });
      await refresh(who);
    },

    /**
     * For a lost authenticator or a lock: ends every enrolment of the person. A sign-in at the directory of these very
     * minutes stands in for the code.
     * @throws LatchkeyError `mfa-required` where the sign-in is older
     */
    async reset(signedInAt: number): Promise<void> {
      const who = account();
      if (Date.now() - signedInAt > freshSignInMs) {
        throw new LatchkeyError('mfa-required', 'This takes a sign-in of the last five minutes.', {
          remedy: 'Run: latchkey login --again, then: latchkey mfa reset',
        });
      }
      for (const method of ['totp', 'push'] as const)
        await audit.append({ event: 'mfa-removed', account: who, method });
      await totp.reset(who);
      await phones.delete(who);
      await refresh(who);
    },

    /** Invites a phone; it counts from {@link confirmPush} on. */
    async enrolPush(code?: string): Promise<Enrolment> {
      const who = account();
      if (push === undefined) throw noPush();
      if (seal.kind === 'memory') {
        throw new LatchkeyError(
          'seal-unavailable',
          'A phone cannot be enrolled, since nothing secret is kept over a restart.',
          {
            remedy: seal.reason ?? 'Start Latchkey with a keyring or a key file.',
          },
        );
      }
      await prove(who, code);
      const { enrolment, invitation } = push.enrol(await options.pushToken());
      invited = { account: keyOf(who), enrolment };
      return { uri: invitation.link, key: invitation.topic, qr: invitation.qr };
    },

    /** Rings the invited phone once and waits for its answer; the number to choose is in the state meanwhile. */
    async confirmPush(): Promise<void> {
      const who = account();
      if (push === undefined) throw noPush();
      if (invited?.account !== keyOf(who)) throw notEnrolled();
      const { enrolment } = invited;
      try {
        await push.test(
          {
            account: keyOf(who),
            enrolment,
            host: hostname(),
            onNumber: (number) => {
              testNumber = String(number);
              changed();
            },
          },
          AbortSignal.timeout(180_000),
        );
      } finally {
        testNumber = undefined;
        changed();
      }
      await phones.set(who, enrolment);
      invited = undefined;
      await audit.append({ event: 'mfa-enrolled', account: who, method: 'push' });
      await refresh(who);
    },

    async removePush(code?: string): Promise<void> {
      const who = account();
      await prove(who, code);
      await phones.delete(who);
      await audit.append({ event: 'mfa-removed', account: who, method: 'push' });
      await refresh(who);
    },

    close: async (): Promise<void> => push?.close(),
  };
}

const freshSignInMs = 5 * 60_000;

/** Names of sealed values are plain words, so the account stands in them as a digest. */
function keyOf({ tenantId, objectId }: Account): string {
  return createHash('sha256').update(`${tenantId}/${objectId}`).digest('hex').slice(0, 32);
}

function phoneEnrolments(secrets: SecretStore) {
  const name = (who: Account): string => `push-${keyOf(who)}`;
  return {
    async get(who: Account): Promise<PushEnrolment | undefined> {
      const bytes = await secrets.get(name(who));
      return bytes === undefined
        ? undefined
        : pushEnrolment.parse(JSON.parse(new TextDecoder().decode(bytes)));
    },
    set: (who: Account, enrolment: PushEnrolment) => secrets.set(name(who), encode(enrolment)),
    delete: (who: Account) => secrets.delete(name(who)),
  };
}

function attemptLedger(secrets: SecretStore) {
  const name = (account: string): string => `push-attempts-${account}`;
  return {
    async load(account: string) {
      const bytes = await secrets.get(name(account));
      return bytes === undefined
        ? undefined
        : pushAttempts.parse(JSON.parse(new TextDecoder().decode(bytes)));
    },
    save: (account: string, attempts: PushAttempts) => secrets.set(name(account), encode(attempts)),
  };
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function noPush(): LatchkeyError {
  return new LatchkeyError('mfa-unavailable', 'Push is not set up in the configuration.', {
    remedy: 'The administrator sets mfa.pushServer and adds "push" to mfa.methods.',
  });
}

function notEnrolled(): LatchkeyError {
  return new LatchkeyError('mfa-not-enrolled', 'No phone has been invited.', {
    remedy: 'Start the enrolment of the phone again.',
  });
}
