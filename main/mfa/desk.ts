import { randomUUID } from 'node:crypto';
import type { FactorName } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account, MfaPrompt } from '../contract/state.ts';

/** One own second factor. `check` settles a code that was typed; `push` asks the phone. */
export interface CodeFactor {
  enrolled(account: Account): Promise<boolean>;
  /** @throws LatchkeyError `mfa-wrong`, `mfa-locked`, `mfa-unavailable` */
  verify(account: Account, code: string): Promise<void>;
}

export interface PushFactor {
  enrolled(account: Account): Promise<boolean>;
  /**
   * Resolves when the phone has chosen the number that `onNumber` was given.
   * @throws LatchkeyError `mfa-denied`, `mfa-expired`, `mfa-locked`, `push-failed`
   */
  ask(
    account: Account,
    about: Demand,
    onNumber: (number: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Why a second factor is asked for: what prompts and messages name. */
export interface Demand {
  connection: string;
  database: string;
  role: string;
  program: string;
  /** Where the client is: "unix", or address and port. */
  address: string;
}

export interface DeskOptions {
  totp: CodeFactor;
  push?: PushFactor | undefined;
  /** In the order in which they are offered. */
  methods: readonly FactorName[];
  cacheMs: number;
  holdMs: number;
  /** Tells the audit; a failure of it refuses the login. */
  record(
    outcome: 'accepted' | 'refused',
    account: Account,
    method: FactorName,
    connection: string,
    error?: LatchkeyError,
  ): Promise<void>;
  changed(): void;
  now?: () => number;
}

interface Waiter {
  resolve(): void;
  reject(error: LatchkeyError): void;
}

interface OpenPrompt {
  shown: MfaPrompt;
  account: Account;
  key: string;
  demand: Demand;
  waiters: Set<Waiter>;
  timer: NodeJS.Timeout;
  pushing?: AbortController | undefined;
}

/** A prompt may be answered for this long, also after the client has given up waiting. */
const promptMs = 180_000;
/** An approval that came too late for its login counts for the next one, for this long. */
const lateCreditMs = 60_000;

export type MfaDesk = ReturnType<typeof createMfaDesk>;

/**
 * Asks for the second factor: one prompt for one cause, however many logins wait for it, and one answer lets all of
 * them in. What has been answered is remembered for the session, or for `cacheMs` for the connection.
 */
export function createMfaDesk(options: DeskOptions) {
  const { totp, push, now = Date.now } = options;
  const open = new Map<string, OpenPrompt>();
  /** Cause → until when its answer counts. */
  const satisfied = new Map<string, number>();

  async function enrolledMethods(account: Account): Promise<FactorName[]> {
    const has: Record<FactorName, boolean> = {
      totp: await totp.enrolled(account),
      push: (await push?.enrolled(account)) ?? false,
    };
    return options.methods.filter((method) => has[method]);
  }

  function promptFor(key: string, account: Account, demand: Demand, methods: FactorName[]): OpenPrompt {
    const before = open.get(key);
    if (before !== undefined) return before;
    const since = now();
    const prompt: OpenPrompt = {
      key,
      account,
      demand,
      waiters: new Set(),
      shown: {
        id: randomUUID(),
        ...demand,
        waiting: 0,
        methods,
        since: new Date(since).toISOString(),
        expiresAt: new Date(since + promptMs).toISOString(),
      },
      timer: setTimeout(() => finish(prompt, expired(demand)), promptMs),
    };
    prompt.timer.unref();
    open.set(key, prompt);
    return prompt;
  }

  function finish(prompt: OpenPrompt, error?: LatchkeyError): void {
    if (open.get(prompt.key) !== prompt) return;
    open.delete(prompt.key);
    clearTimeout(prompt.timer);
    prompt.pushing?.abort();
    for (const { resolve, reject } of prompt.waiters) {
      if (error === undefined) resolve();
      else reject(error);
    }
    options.changed();
  }

  async function accepted(prompt: OpenPrompt, method: FactorName): Promise<void> {
    await options.record('accepted', prompt.account, method, prompt.demand.connection);
    const late = prompt.waiters.size === 0 ? lateCreditMs : 0;
    satisfied.set(
      prompt.key,
      now() + Math.max(prompt.key.endsWith(anyConnection) ? Infinity : options.cacheMs, late),
    );
    finish(prompt);
  }

  function named(id: string | undefined): OpenPrompt {
    const found =
      id === undefined ? [...open.values()][0] : [...open.values()].find(({ shown }) => shown.id === id);
    if (found !== undefined) return found;
    throw new LatchkeyError('mfa-expired', 'Nothing is waiting for a second factor.', {
      remedy: 'Connect from the SQL client, then answer the prompt.',
    });
  }

  return {
    /**
     * Resolves when a second factor stands behind this login, at once where the answer of before still counts.
     * @throws LatchkeyError `mfa-not-enrolled`, `mfa-required` when nobody answered in time, or why it was denied.
     */
    async demand(
      sessionId: string,
      account: Account,
      mode: 'session' | 'login',
      demand: Demand,
    ): Promise<void> {
      const key = `${sessionId}/${mode === 'session' ? anyConnection : demand.connection}`;
      if (now() < (satisfied.get(key) ?? 0)) return;
      const methods = await enrolledMethods(account);
      if (methods.length === 0) {
        throw new LatchkeyError(
          'mfa-not-enrolled',
          `"${demand.connection}" needs a second factor, and you have none yet.`,
          {
            remedy:
              'Set up an authenticator under Security in the Latchkey window, or run: latchkey mfa enrol',
          },
        );
      }
      const prompt = promptFor(key, account, demand, methods);
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = {
          resolve: () => settle(resolve),
          reject: (error) => settle(() => reject(error)),
        };
        const timer = setTimeout(() => waiter.reject(notAnswered(demand)), options.holdMs);
        const settle = (how: () => void): void => {
          clearTimeout(timer);
          prompt.waiters.delete(waiter);
          prompt.shown.waiting = prompt.waiters.size;
          options.changed();
          how();
        };
        prompt.waiters.add(waiter);
        prompt.shown.waiting = prompt.waiters.size;
        options.changed();
      });
    },

    prompts: (): MfaPrompt[] => [...open.values()].map(({ shown }) => ({ ...shown })),

    /** Answers a prompt, or the oldest one, with a code. A wrong code leaves the prompt open. */
    async answer(code: string, promptId?: string): Promise<void> {
      const prompt = named(promptId);
      try {
        await totp.verify(prompt.account, code);
      } catch (error) {
        if (error instanceof LatchkeyError)
          await options.record('refused', prompt.account, 'totp', prompt.demand.connection, error);
        throw error;
      }
      await accepted(prompt, 'totp');
    },

    /** Asks the phone; how it goes shows in the prompt. */
    async askPhone(promptId?: string): Promise<void> {
      const prompt = named(promptId);
      if (push === undefined || !prompt.shown.methods.includes('push')) {
        throw new LatchkeyError('mfa-unavailable', 'Push is not set up.', {
          remedy: 'Answer with the code of your authenticator.',
        });
      }
      if (prompt.pushing !== undefined) return;
      prompt.pushing = new AbortController();
      delete prompt.shown.pushProblem;
      try {
        await push.ask(
          prompt.account,
          prompt.demand,
          (number) => {
            prompt.shown.pushNumber = number;
            options.changed();
          },
          prompt.pushing.signal,
        );
        await accepted(prompt, 'push');
      } catch (error) {
        if (open.get(prompt.key) !== prompt || !(error instanceof LatchkeyError)) throw error;
        await options.record('refused', prompt.account, 'push', prompt.demand.connection, error);
        if (error.code === 'mfa-denied') finish(prompt, error);
        else
          prompt.shown.pushProblem = {
            code: error.code,
            message: error.message,
            ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
          };
        throw error;
      } finally {
        delete prompt.shown.pushNumber;
        prompt.pushing = undefined;
        options.changed();
      }
    },

    /** The person says no: every login that waits is refused. */
    deny(promptId?: string): void {
      const prompt = named(promptId);
      finish(
        prompt,
        new LatchkeyError('mfa-denied', `The second factor for "${prompt.demand.connection}" was denied.`, {
          remedy: 'Connect again if that was a mistake.',
        }),
      );
    },

    /** The session is over: nothing that was answered for it counts any more. */
    forget(sessionId: string): void {
      for (const key of satisfied.keys()) if (key.startsWith(`${sessionId}/`)) satisfied.delete(key);
      for (const prompt of open.values())
        if (prompt.key.startsWith(`${sessionId}/`)) finish(prompt, expired(prompt.demand));
    },
  };
}

/** Stands for "every connection" in the key of a cause; no connection can have this name. */
const anyConnection = '*';

function notAnswered({ connection }: Demand): LatchkeyError {
  return new LatchkeyError(
    'mfa-required',
    `"${connection}" needs a second factor, and nobody has answered the prompt yet.`,
    {
      remedy: 'Answer it in the Latchkey window, or run: latchkey mfa answer; then connect again.',
    },
  );
}

function expired({ connection }: Demand): LatchkeyError {
  return new LatchkeyError('mfa-expired', `The prompt for the second factor of "${connection}" has ended.`, {
    remedy: 'Connect again.',
  });
}
