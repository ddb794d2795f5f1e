import { LatchkeyError } from '../contract/errors.ts';
import type { Account, ShownProblem, SignInState } from '../contract/state.ts';
import type { Demand, PromptBoard } from './board.ts';

export interface SignInPromptsOptions {
  board: PromptBoard;
  /** What is known of the sign-in of this account now; one under way may be another's. */
  state(of: Account): SignInState;
  /** Who is signed in and would have to leave for this account. */
  inTheWay(of: Account): Account | undefined;
  /** Starts a sign-in of this person, or joins the one under way; how it goes is in the state. */
  start(account: Account): Promise<void>;
  /** Without a screen nobody sees a prompt: then the client's error is where the code is read. */
  headless: boolean;
  now?: () => number;
}

const promptMs = 15 * 60_000;
/** How long the authority may take to hand out a code, on a host where the client has to be told it. */
const codeMs = 10_000;
/** After the person has cancelled a sign-in, tools that try again start no new one for so long. */
const restMs = 60_000;

/** An account that logins wait for. */
interface Awaited {
  account: Account;
  /** The failure of an earlier sign-in that it began with. */
  before: ShownProblem | undefined;
  /** Whether its own sign-in has been asked for. */
  hasBegun: boolean;
}

/** What becomes of the logins that wait. */
type Outcome = 'go on' | 'wait' | LatchkeyError;

/**
 * Holds the logins of handles while their account is not signed in. The sign-in starts by itself, since a handle is proof enough
 * that a tool of this person asks; its prompt is one for all tools, and the same logins go on when the person is in.
 */
export function createSignInPrompts(options: SignInPromptsOptions) {
  const { board, state, inTheWay, start, headless, now = Date.now } = options;
  /** By cause. */
  const awaited = new Map<string, Awaited>();
  let restUntil = 0;

  function settleAll(outcome: (wanted: Awaited) => Outcome): void {
    for (const prompt of board.of('sign-in')) {
      const wanted = awaited.get(prompt.key);
      const settled = wanted === undefined ? 'go on' : outcome(wanted);
      if (settled === 'wait') continue;
      board.finish(prompt, settled === 'go on' ? undefined : settled);
    }
  }

  /** To be called whenever the state of the sign-in may have changed. */
  function stateChanged(): void {
    if (awaited.size > 0) settleAll(outcomeFor);
  }

  function outcomeFor(wanted: Awaited): Outcome {
    const { account, before } = wanted;
    const current = state(account);
    const other = inTheWay(account);
    if (current.kind === 'signed-in') return 'go on';
    if (other !== undefined) return otherPerson(account, other);
    if (headless && current.kind === 'code') return signInRequired(current);
    if (current.kind !== 'signed-out') return 'wait';
    const { problem } = current;
    if (problem === undefined || problem === before) {
      // Whoever's sign-in was under way has come or gone: now it is this account's turn.
      begin(wanted);
      return 'wait';
    }
    if (problem.code === 'sign-in-cancelled') restUntil = now() + restMs;
    return new LatchkeyError(problem.code, problem.message, { remedy: problem.remedy });
  }

  /** What goes wrong is in the state, and settles the prompt from there. */
  function begin(wanted: Awaited): void {
    if (wanted.hasBegun) return;
    wanted.hasBegun = true;
    start(wanted.account).catch(() => undefined);
  }

  return {
    /**
     * Resolves when this person is signed in.
     * @throws LatchkeyError `sign-in-required` with address and code where the client cannot wait any longer, or why the
     *   sign-in failed
     */
    async demand(account: Account, tool: string, demand: Demand): Promise<void> {
      const current = state(account);
      if (current.kind === 'signed-out' && now() < restUntil) throw signInRequired(current);
      const key = `sign-in/${account.tenantId}/${account.objectId}`;
      const wanted: Awaited = {
        account,
        before: current.kind === 'signed-out' ? current.problem : undefined,
        hasBegun: false,
      };
      awaited.set(key, wanted);
      const patience = headless ? Math.min(demand.holdMs, codeMs) : demand.holdMs;
      const required = (): LatchkeyError => signInRequired(state(account));
      const waiting = board.wait(
        { kind: 'sign-in', username: account.username, tool },
        {
          key,
          demand: { ...demand, holdMs: patience },
          promptMs,
          notAnswered: required,
          expired: required,
          ended: () => void awaited.delete(key),
        },
      );
      const isRestoring = current.kind === 'working' && current.step === 'restoring';
      if (isRestoring) begin(wanted);
      stateChanged();
      await waiting;
    },

    stateChanged,

    /** The person has said no to the sign-in that logins wait for. */
    denied(): void {
      restUntil = now() + restMs;
      settleAll(() => signInRequired({ kind: 'signed-out' }));
    },
  };
}

/** The sentence for the client's own error: what to do, with the code where there is one. */
export function signInRequired(state: SignInState): LatchkeyError {
  const message = 'Nobody is signed in to Latchkey.';
  if (state.kind === 'code') {
    return new LatchkeyError('sign-in-required', message, {
      remedy: `Sign in at ${state.verificationUri} with code ${state.userCode}, then connect again.`,
    });
  }
  const remedy =
    state.kind === 'browser'
      ? 'Finish the sign-in in your browser, then connect again.'
      : 'Sign in from the Latchkey window, or run: latchkey login; then connect again.';
  return new LatchkeyError('sign-in-required', message, { remedy });
}

function otherPerson(wanted: Account, came: Account): LatchkeyError {
  return new LatchkeyError(
    'handle-foreign',
    `This saved password belongs to ${wanted.username}, and ${came.username} is signed in.`,
    { remedy: `Sign in as ${wanted.username}, or make a saved password of your own.` },
  );
}
