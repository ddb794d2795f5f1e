import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { z } from 'zod';
import { defined } from '../base/defined.ts';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import type { Enrolment } from '../contract/shapes.ts';
import type { Account } from '../contract/state.ts';
import type { PushFactor } from '../prompts/second-factor.ts';
import type { Seal } from '../store/seal.ts';
import type { SecretStore } from '../store/secret-store.ts';
import { pushAttempts } from './push-attempts.ts';
import { pushEnrolment, type PushEnrolment } from './push-enrolment.ts';
import { createPush, type Push } from './push.ts';

export interface PhonesOptions {
  /** Read each time, as it is configured then. */
  readonly settings: Configuration['mfa'];
  secrets: SecretStore;
  seal: Seal;
  fetch: FetchLike;
  /** Access token of the ntfy server, where it asks for one. */
  pushToken(): Promise<string | undefined>;
}

const longestAnswerMs = 180_000;

export type Phones = ReturnType<typeof createPhones>;

/** The phones that answer for people: whose they are, how one is invited, and how one is asked. */
export function createPhones(options: PhonesOptions) {
  const { secrets, seal, fetch, pushToken } = options;
  const enrolments = sealedValues(secrets, 'push', pushEnrolment);
  const attempts = sealedValues(secrets, 'push-attempts', pushAttempts);
  const ledger = {
    load: attempts.get,
    save: (account: string, value: z.infer<typeof pushAttempts>) =>
      attempts.set(account, { version: 1, ...value }),
  };
  let connected: { server: string; push: Push } | undefined;
  /** A phone that has been invited and has not answered yet. */
  let invited: { account: string; enrolment: PushEnrolment } | undefined;

  /** @throws where that cannot be read now */
  const enrolled = async (who: Account): Promise<boolean> => (await enrolments.get(keyOf(who))) !== undefined;

  /** Of the server that is configured now; undefined where there is no push. */
  function currentPush(): Push | undefined {
    const { pushServer: server, methods } = options.settings;
    if (server === undefined || !methods.includes('push')) return undefined;
    if (connected?.server !== server) {
      void connected?.push.close();
      connected = { server, push: createPush({ server, fetch, ledger }) };
    }
    return connected.push;
  }

  const currentFactor = (): PushFactor | undefined => {
    const push = currentPush();
    return push && factorOf(push);
  };

  const factorOf = (push: Push): PushFactor => ({
    enrolled,
    async ask(who, { program, connection, database, role, also, isForSignIn, address }, onNumber, signal) {
      const account = keyOf(who);
      const enrolment = await enrolments.get(account);
      if (enrolment === undefined) throw notInvited();
      const place = { host: hostname(), clientAddress: address };
      const about = { program, connection, database, role, place, time: Date.now() };
      const more = defined({ also, isForSignIn });
      await push.request(
        { account, enrolment, ...about, ...more, onNumber: (number) => onNumber(String(number)) },
        signal,
      );
    },
  });

  return {
    /** How a phone is asked; undefined where the configuration has no push. */
    get factor() {
      return currentFactor();
    },
    enrolled,
    /** One that cannot be read is one all the same. */
    has: (who: Account): Promise<boolean> => enrolled(who).catch(() => true),
    forget: (who: Account): Promise<void> => enrolments.delete(keyOf(who)),

    /** Asks whether the person does this. */
    async approve(who: Account, deed: string, onNumber: (number: string) => void): Promise<void> {
      const factor = currentFactor();
      if (factor === undefined) throw noPush();
      const about = { connection: 'Latchkey', database: deed, role: '', program: 'latchkey', address: '' };
      await factor.ask(who, { ...about, holdMs: 0 }, onNumber, AbortSignal.timeout(longestAnswerMs));
    },

    /** Invites a phone; it counts from {@link confirm} on. */
    async invite(who: Account): Promise<Enrolment> {
      const push = currentPush();
      if (push === undefined) throw noPush();
      if (seal.kind === 'memory') {
        throw new LatchkeyError(
          'seal-unavailable',
          'A phone cannot be enrolled, since nothing secret is kept over a restart.',
          { remedy: seal.reason ?? 'Start Latchkey with a keyring or a key file.' },
        );
      }
      const { enrolment, invitation } = push.enrol(await pushToken());
      invited = { account: keyOf(who), enrolment };
      return { uri: invitation.link, key: invitation.topic, qr: invitation.qr };
    },

    /** Rings the invited phone once and waits for its answer. */
    async confirm(who: Account, onNumber: (number: string) => void): Promise<void> {
      const push = currentPush();
      if (push === undefined) throw noPush();
      const account = keyOf(who);
      if (invited?.account !== account) throw notInvited();
      const { enrolment } = invited;
      await push.test(
        { account, enrolment, host: hostname(), onNumber: (number) => onNumber(String(number)) },
        AbortSignal.timeout(longestAnswerMs),
      );
      await enrolments.set(account, enrolment);
      invited = undefined;
    },

    close: async (): Promise<void> => connected?.push.close(),
  };
}

/** Names of sealed values are plain words, so the account stands in them as a digest. */
function keyOf({ tenantId, objectId }: Account): string {
  return createHash('sha256').update(`${tenantId}/${objectId}`).digest('hex').slice(0, 32);
}

function sealedValues<T>(secrets: SecretStore, kind: string, schema: z.ZodType<T>) {
  return {
    async get(key: string): Promise<T | undefined> {
      const bytes = await secrets.get(`${kind}-${key}`);
      return bytes === undefined ? undefined : schema.parse(jsonOf(bytes));
    },
    set: (key: string, value: T): Promise<void> => secrets.set(`${kind}-${key}`, jsonBytes(value)),
    delete: (key: string): Promise<void> => secrets.delete(`${kind}-${key}`),
  };
}

function noPush(): LatchkeyError {
  return new LatchkeyError('mfa-unavailable', 'Push is not set up in the configuration.', {
    remedy: 'The administrator sets mfa.pushServer and adds "push" to mfa.methods.',
  });
}

function notInvited(): LatchkeyError {
  return new LatchkeyError('mfa-not-enrolled', 'No phone has been invited.', {
    remedy: 'Start the enrolment of the phone again.',
  });
}
