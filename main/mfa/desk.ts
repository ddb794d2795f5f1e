import type { FactorName } from '../contract/clouds.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Account, MfaPrompt } from '../contract/state.ts';
import type { Demand, OpenPrompt, PromptBoard } from '../prompts/board.ts';

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

export interface DeskOptions {
  board: PromptBoard;
  totp: CodeFactor;
  push?: PushFactor | undefined;
  /** In the order in which they are offered. */
  methods: readonly FactorName[];
  cacheMs: number;
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

type Shown = OpenPrompt<MfaPrompt>;

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
  const { board, totp, push, now = Date.now } = options;
  /** Cause → until when its answer counts. */
  const satisfied = new Map<string, number>();
  /** Who is asked, and the phone that rings, by cause. */
  const asked = new Map<string, { account: Account; pushing?: AbortController | undefined }>();

  async function enrolledMethods(account: Account): Promise<FactorName[]> {
    const has: Record<FactorName, boolean> = {
      totp: await totp.enrolled(account),
      push: (await push?.enrolled(account)) ?? false,
    };
    return options.methods.filter((method) => has[method]);
  }

  function accountOf({ key }: Shown): Account {
    const found = asked.get(key);
    if (found !== undefined) return found.account;
    throw over();
  }

  async function accepted(prompt: Shown, method: FactorName): Promise<void> {
    await options.record('accepted', accountOf(prompt), method, prompt.demand.connection);
    const late = prompt.shown.waiting === 0 ? lateCreditMs : 0;
    const lasting = prompt.key.endsWith(anyConnection) ? Infinity : options.cacheMs;
    satisfied.set(prompt.key, now() + Math.max(lasting, late));
    board.finish(prompt);
  }

  function named(id: string | undefined): Shown {
    const prompts = board.of('second-factor');
    const found = id === undefined ? prompts[0] : prompts.find(({ shown }) => shown.id === id);
    if (found !== undefined) return found;
    throw over();
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
      const key = `second-factor/${sessionId}/${mode === 'session' ? anyConnection : demand.connection}`;
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
      asked.set(key, { ...asked.get(key), account });
      await board.wait(
        { kind: 'second-factor', methods },
        {
          key,
          demand,
          promptMs,
          notAnswered: () => notAnswered(demand),
          expired: () => expired(demand),
          ended() {
            asked.get(key)?.pushing?.abort();
            asked.delete(key);
          },
        },
      );
    },

    /** Answers a prompt, or the oldest one, with a code. A wrong code leaves the prompt open. */
    async answer(code: string, promptId?: string): Promise<void> {
      const prompt = named(promptId);
      try {
        await totp.verify(accountOf(prompt), code);
      } catch (error) {
        if (error instanceof LatchkeyError)
          await options.record('refused', accountOf(prompt), 'totp', prompt.demand.connection, error);
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
      const account = accountOf(prompt);
      const own = asked.get(prompt.key);
      if (own === undefined || own.pushing !== undefined) return;
      const pushing = new AbortController();
      own.pushing = pushing;
      delete prompt.shown.pushProblem;
      try {
        await push.ask(
          account,
          prompt.demand,
          (number) => {
            prompt.shown.pushNumber = number;
            options.changed();
          },
          pushing.signal,
        );
        await accepted(prompt, 'push');
      } catch (error) {
        if (!board.isOpen(prompt) || !(error instanceof LatchkeyError)) throw error;
        await options.record('refused', account, 'push', prompt.demand.connection, error);
        if (error.code === 'mfa-denied') board.finish(prompt, error);
        else prompt.shown.pushProblem = toProblem(error);
        throw error;
      } finally {
        delete prompt.shown.pushNumber;
        own.pushing = undefined;
        options.changed();
      }
    },

    /** The person says no: every login that waits is refused. */
    deny(promptId?: string): void {
      const prompt = named(promptId);
      board.finish(
        prompt,
        new LatchkeyError('mfa-denied', `The second factor for "${prompt.demand.connection}" was denied.`, {
          remedy: 'Connect again if that was a mistake.',
        }),
      );
    },

    /** The session is over: nothing that was answered for it counts any more. */
    forget(sessionId: string): void {
      const own = `second-factor/${sessionId}/`;
      for (const key of satisfied.keys()) if (key.startsWith(own)) satisfied.delete(key);
      for (const prompt of board.of('second-factor'))
        if (prompt.key.startsWith(own)) board.finish(prompt, expired(prompt.demand));
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

function over(): LatchkeyError {
  return new LatchkeyError('mfa-expired', 'Nothing is waiting for a second factor.', {
    remedy: 'Connect from the SQL client, then answer the prompt.',
  });
}
