import type { FactorName } from '../contract/clouds.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Account, MfaPrompt } from '../contract/state.ts';
import type { Demand, OpenPrompt, PromptBoard } from './board.ts';
import { ambiguous, programIdentity } from './program.ts';

/** One own second factor. `check` settles a code that was typed; `push` asks the phone. */
export interface CodeFactor {
  enrolled(account: Account): Promise<boolean>;
  /** @throws LatchkeyError `mfa-wrong`, `mfa-locked`, `mfa-unavailable` */
  verify(account: Account, code: string): Promise<void>;
}

/** A login, and what else the answer lets in. */
export interface AskedLogins extends Demand, Pick<MfaPrompt, 'also'> {
  isForSignIn?: boolean;
}

export interface PushFactor {
  enrolled(account: Account): Promise<boolean>;
  /**
   * Resolves when the phone has chosen the number that `onNumber` was given.
   * @throws LatchkeyError `mfa-denied`, `mfa-expired`, `mfa-locked`, `push-failed`
   */
  ask(
    account: Account,
    about: AskedLogins,
    onNumber: (number: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface SecondFactorPromptsOptions {
  board: PromptBoard;
  totp: CodeFactor;
  /** This one and the next two are read each time, as they are configured then. */
  readonly push?: PushFactor | undefined;
  /** In the order in which they are offered. */
  readonly methods: readonly FactorName[];
  readonly cacheMs: number;
  /** Tells the audit; a failure of it refuses the login. */
  record(
    outcome: 'accepted' | 'refused',
    account: Account,
    method: FactorName,
    demand: Demand,
    error?: LatchkeyError,
  ): Promise<void>;
  changed(): void;
  now?: () => number;
}

/** What a sign-in is recognised by. */
export interface SignedIn {
  id: string;
  /** Ms since 1970. */
  since: number;
  account: Account;
}

type Shown = OpenPrompt<MfaPrompt>;

/** Who is asked, and the phone that rings. */
interface Asked {
  account: Account;
  pushing?: AbortController | undefined;
}

/** A prompt may be answered for this long, also after the client has given up waiting. */
const promptMs = 180_000;
/** An approval that came too late for its login counts for the next one, for this long. */
const lateCreditMs = 60_000;

export type SecondFactorPrompts = ReturnType<typeof createSecondFactorPrompts>;

/**
 * Asks for the second factor: one prompt for one cause, however many logins wait for it, and one answer lets all of
 * them in. The cause is role and program on a connection, so that a code for one does not let another in; or, where the
 * rule asks once for each sign-in, that sign-in. What has been answered is remembered as long as that, or for `cacheMs`.
 */
export function createSecondFactorPrompts(options: SecondFactorPromptsOptions) {
  const { board, totp, now = Date.now } = options;
  /** Cause → until when its answer counts. */
  const satisfied = new Map<string, number>();
  /** By cause. */
  const asked = new Map<string, Asked>();

  function whoIsAsked({ key }: Shown): Asked {
    const found = asked.get(key);
    if (found !== undefined) return found;
    throw over();
  }

  async function accepted(prompt: Shown, method: FactorName): Promise<void> {
    await options.record('accepted', whoIsAsked(prompt).account, method, prompt.demand);
    const late = prompt.shown.waiting === 0 ? lateCreditMs : 0;
    const lasting = prompt.shown.mode === 'session' ? Infinity : options.cacheMs;
    satisfied.set(prompt.key, now() + Math.max(lasting, late));
    board.finish(prompt);
  }

  function named(id: string | undefined): Shown {
    const prompts = board.of('second-factor');
    if (id === undefined && prompts.length > 1) throw ambiguous();
    const found = id === undefined ? prompts[0] : prompts.find(({ shown }) => shown.id === id);
    if (found !== undefined) return found;
    throw over();
  }

  return {
    /**
     * Resolves when a second factor stands behind this login, at once where the answer of before still counts.
     * @throws LatchkeyError `mfa-not-enrolled`, `mfa-required` when nobody answered in time, or why it was denied.
     */
    async demand({ id, since, account }: SignedIn, mode: 'session' | 'login', demand: Demand): Promise<void> {
      // The same person who signs in again keeps the session's id, and answers anew all the same.
      const signIn = `${keyOf(id)}${since}`;
      const key = mode === 'session' ? signIn : `${signIn}/${causeOf(demand)}`;
      if (now() < (satisfied.get(key) ?? 0)) return;
      const methods = await enrolledMethods(options, account);
      if (methods.length === 0) throw notEnrolled(demand);
      asked.set(key, { ...asked.get(key), account });
      await board.wait(
        { kind: 'second-factor', username: account.username, mode, methods },
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

    /** Answers a prompt, or the only one, with a code. A wrong code leaves the prompt open. */
    async answer(code: string, promptId?: string): Promise<void> {
      const prompt = named(promptId);
      try {
        await totp.verify(whoIsAsked(prompt).account, code);
      } catch (error) {
        if (error instanceof LatchkeyError)
          await options.record('refused', whoIsAsked(prompt).account, 'totp', prompt.demand, error);
        throw error;
      }
      await accepted(prompt, 'totp');
    },

    /** Asks the phone; how it goes shows in the prompt. */
    async askPhone(promptId?: string): Promise<void> {
      const prompt = named(promptId);
      const { push } = options;
      if (push === undefined || !prompt.shown.methods.includes('push')) throw noPush();
      const own = whoIsAsked(prompt);
      if (own.pushing !== undefined) return;
      own.pushing = new AbortController();
      delete prompt.shown.pushProblem;
      const showNumber = (number: string): void => {
        prompt.shown.pushNumber = number;
        options.changed();
      };
      try {
        await push.ask(own.account, askedOf(prompt), showNumber, own.pushing.signal);
        await accepted(prompt, 'push');
      } catch (error) {
        if (!board.isOpen(prompt) || !(error instanceof LatchkeyError)) throw error;
        await options.record('refused', own.account, 'push', prompt.demand, error);
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
      board.finish(prompt, denied(prompt.demand));
    },

    /** The session is over: nothing that was answered for it counts any more. */
    forget(sessionId: string): void {
      const own = keyOf(sessionId);
      for (const key of satisfied.keys()) if (key.startsWith(own)) satisfied.delete(key);
      for (const prompt of board.of('second-factor'))
        if (prompt.key.startsWith(own)) board.finish(prompt, expired(prompt.demand));
    },
  };
}

function askedOf({ demand, shown: { also, mode } }: Shown): AskedLogins {
  return { ...demand, ...(also && { also }), isForSignIn: mode === 'session' };
}

async function enrolledMethods(
  { methods, totp, push }: SecondFactorPromptsOptions,
  account: Account,
): Promise<FactorName[]> {
  const has: Record<FactorName, boolean> = {
    totp: await totp.enrolled(account),
    push: (await push?.enrolled(account)) ?? false,
  };
  return methods.filter((method) => has[method]);
}

const keyOf = (sessionId: string): string => `second-factor/${sessionId}/`;

/** A program that the system cannot name is the one that it says to be: the prompt shows no more either. */
function causeOf({ connection, role, program, process }: Demand): string {
  return JSON.stringify([connection, role, programIdentity(process) ?? ['unknown', program]]);
}

function notEnrolled({ connection }: Demand): LatchkeyError {
  return new LatchkeyError(
    'mfa-not-enrolled',
    `"${connection}" needs a second factor, and you have none yet.`,
    { remedy: 'Set up an authenticator under Security in the Latchkey window, or run: latchkey mfa enrol' },
  );
}

function notAnswered({ connection }: Demand): LatchkeyError {
  return new LatchkeyError(
    'mfa-required',
    `"${connection}" needs a second factor, and nobody has answered the prompt yet.`,
    {
      remedy: 'Answer it in the Latchkey window, or run: latchkey mfa answer; then connect again.',
    },
  );
}

function denied({ connection }: Demand): LatchkeyError {
  return new LatchkeyError('mfa-denied', `The second factor for "${connection}" was denied.`, {
    remedy: 'Connect again if that was a mistake.',
  });
}

function noPush(): LatchkeyError {
  return new LatchkeyError('mfa-unavailable', 'Push is not set up.', {
    remedy: 'Answer with the code of your authenticator.',
  });
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
