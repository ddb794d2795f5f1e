import { LatchkeyError } from '../contract/errors.ts';
import type { Account, ShownProblem, SignInState } from '../contract/state.ts';
import type { Demand, PromptBoard } from './board.ts';

export interface SignInDeskOptions {
  board: PromptBoard;
  /** What is known of the sign-in now. */
  state(): SignInState;
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

/** What becomes of the logins that wait. */
type Outcome = 'go on' | 'wait' | LatchkeyError;

/**
 * Holds the logins of handles while nobody is signed in. The sign-in starts by itself, since a handle is proof enough
 * that a tool of this person asks; its prompt is one for all tools, and the same logins go on when the person is in.
 */
export function createSignInDesk({ board, state, start, headless, now = Date.now }: SignInDeskOptions) {
  /** Cause → whom it waits for, and the failure of an earlier sign-in that it began with. */
  const awaited = new Map<string, { account: Account; before: ShownProblem | undefined }>();
  let restUntil = 0;

  function settleAll(
    outcome: (wanted: { account: Account; before: ShownProblem | undefined }) => Outcome,
  ): void {
    for (const prompt of board.of('sign-in')) {
      const wanted = awaited.get(prompt.key);
      const settled = wanted === undefined ? 'go on' : outcome(wanted);
      if (settled === 'wait') continue;
      board.finish(prompt, settled === 'go on' ? undefined : settled);
    }
  }

  /** To be called whenever the state of the sign-in may have changed. */
  function stateChanged(): void {
    if (awaited.size === 0) return;
    const current = state();
    if (current.kind === 'signed-in') settleAll(({ account }) => otherPerson(account, current.account));
    else if (headless && current.kind === 'code') settleAll(() => signInRequired(current));
    else if (current.kind === 'signed-out' && current.problem !== undefined) {
      const { problem } = current;
      if (problem.code === 'sign-in-cancelled') restUntil = now() + restMs;
      settleAll(({ before }) =>
        problem === before
          ? 'wait'
          : new LatchkeyError(problem.code, problem.message, { remedy: problem.remedy }),
      );
    }
  }

  return {
    /**
     * Resolves when this person is signed in.
     * @throws LatchkeyError `sign-in-required` with address and code where the client cannot wait any longer, or why the
     *   sign-in failed
     */
    async demand(account: Account, tool: string, demand: Demand): Promise<void> {
      const current = state();
      if (current.kind === 'signed-out' && now() < restUntil) throw signInRequired(current);
      const key = `sign-in/${account.tenantId}/${account.objectId}`;
      awaited.set(key, { account, before: current.kind === 'signed-out' ? current.problem : undefined });
      const patience = headless ? Math.min(demand.holdMs, codeMs) : demand.holdMs;
      const required = (): LatchkeyError => signInRequired(state());
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
      // What goes wrong is in the state, and settles the prompt from there.
      if (current.kind === 'signed-out') start(account).catch(() => undefined);
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

function otherPerson(wanted: Account, came: Account): Outcome {
  if (wanted.objectId === came.objectId && wanted.tenantId === came.tenantId) return 'go on';
  return new LatchkeyError(
    'handle-foreign',
    `This handle belongs to ${wanted.username}, and ${came.username} is signed in.`,
    { remedy: `Sign in as ${wanted.username}, or make a handle of your own.` },
  );
}
