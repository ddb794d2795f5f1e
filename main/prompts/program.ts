import { LatchkeyError } from '../contract/errors.ts';
import type { Account, ClientChoice, PeerProcess } from '../contract/state.ts';
import type { Demand, PromptBoard } from './board.ts';

export interface ProgramDemand {
  /** The session of the account whose login it is. */
  session: { id: string; account: Account };
  demand: Demand;
  /** What the client came with, where it is a handle. */
  handle?: { id: string; tool: string };
  /** Remembers the program for good; absent where that cannot be. */
  remember?(program: string): Promise<void>;
}

export interface ProgramPromptsOptions {
  board: PromptBoard;
  /** Tells the audit; a failure of it refuses the login. */
  record(answer: ClientChoice | 'denied', account: Account | undefined, demand: Demand): Promise<void>;
  now?: () => number;
}

const promptMs = 180_000;
const hourMs = 3600_000;
/** An answer that came too late for its login counts for the next one, for this long. */
const lateCreditMs = 60_000;

/**
 * Asks whether a program may log in. What is remembered belongs to this program with this role of this connection, in
 * this session; a program that the system cannot name is asked about each time.
 */
export function createProgramPrompts({ board, record, now = Date.now }: ProgramPromptsOptions) {
  /** Cause → until when, on the wall clock; `Infinity` until the screen is locked or the session ends. */
  const allowed = new Map<string, number>();
  const remembering = new Map<string, ProgramDemand['remember']>();
  /** Whose login a prompt is about. */
  const whose = new Map<string, Account>();

  function named(id: string | undefined) {
    const prompts = board.of('client');
    if (id === undefined && prompts.length > 1) throw ambiguous();
    const found = id === undefined ? prompts[0] : prompts.find(({ shown }) => shown.id === id);
    if (found !== undefined) return found;
    throw new LatchkeyError('request-invalid', 'No program is waiting to be allowed.', {
      remedy: 'Connect from the SQL client, then answer the prompt.',
    });
  }

  return {
    /**
     * Resolves when the program may go on, at once where an answer of before still counts.
     * @throws LatchkeyError `client-denied`
     */
    async demand({ session, demand, handle, remember }: ProgramDemand): Promise<void> {
      const identity = programIdentity(demand.process);
      // Two unknown programs need not be the same one, so that each attempt is a cause of its own.
      const who = identity ?? `unknown ${demand.address} ${now()}`;
      const key = `client/${session.id}/${demand.connection}/${demand.role}/${handle?.id ?? ''}/${who}`;
      if (now() < (allowed.get(key) ?? 0)) return;
      const choices: ClientChoice[] =
        identity === undefined
          ? ['once']
          : ['once', 'hour', 'until-lock', ...(remember ? (['always'] as const) : [])];
      remembering.set(key, remember);
      whose.set(key, session.account);
      const denied = (): LatchkeyError => notAllowed(demand);
      await board.wait(
        {
          kind: 'client',
          username: session.account.username,
          choices,
          ...(handle === undefined ? {} : { tool: handle.tool }),
        },
        {
          key,
          demand,
          promptMs,
          notAnswered: denied,
          expired: denied,
          ended() {
            remembering.delete(key);
            whose.delete(key);
          },
        },
      );
    },

    /**
     * Lets the program of a prompt in.
     * @throws LatchkeyError `request-invalid` for an answer that the prompt does not offer
     */
    async allow(id: string | undefined, choice: ClientChoice): Promise<void> {
      const prompt = named(id);
      const { key, shown, demand } = prompt;
      if (!shown.choices.includes(choice)) {
        throw new LatchkeyError(
          'request-invalid',
          'This program can only be allowed once, as it is not known.',
          {
            remedy: 'Answer "once".',
          },
        );
      }
      await record(choice, whose.get(key), demand);
      const identity = programIdentity(demand.process);
      if (choice === 'always' && identity !== undefined) await remembering.get(key)?.(identity);
      // The logins that wait are let in by the answer itself; those that come while it is given count as such.
      if (choice === 'hour') allowed.set(key, now() + hourMs);
      else if (choice !== 'once') allowed.set(key, Infinity);
      else if (shown.waiting === 0) allowed.set(key, now() + lateCreditMs);
      board.finish(prompt);
    },

    /** The person says no: every login of this program that waits is refused. */
    async deny(id: string | undefined): Promise<void> {
      const prompt = named(id);
      const { connection } = prompt.demand;
      const account = whose.get(prompt.key);
      board.finish(
        prompt,
        new LatchkeyError('client-denied', `This program has been denied the use of "${connection}".`, {
          remedy: 'Connect again if that was a mistake.',
        }),
      );
      await record('denied', account, prompt.demand);
    },

    /** The screen is locked: what was allowed until then is over. */
    locked(): void {
      for (const [key, until] of allowed) if (until === Infinity) allowed.delete(key);
    },

    /** The session is over, and with it what waited for an answer in it. */
    forget(sessionId: string): void {
      const own = `client/${sessionId}/`;
      for (const key of allowed.keys()) if (key.startsWith(own)) allowed.delete(key);
      for (const prompt of board.of('client'))
        if (prompt.key.startsWith(own)) board.finish(prompt, notAllowed(prompt.demand));
    },
  };
}

/**
 * What a program is recognised by when it comes again: the path of its file, and what an interpreter runs. Undefined
 * where the system does not tell enough.
 */
export function programIdentity(process: PeerProcess | undefined): string | undefined {
  if (process?.path === undefined) return undefined;
  const { path, program } = process;
  const file = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return program.startsWith(file) ? path + program.slice(file.length) : path;
}

/** A yes to one of several must say to which: it lets in what was shown, and nothing else. */
export function ambiguous(): LatchkeyError {
  return new LatchkeyError('request-invalid', 'More than one prompt waits for this answer.', {
    remedy: 'Name the one that you mean by its id: latchkey prompts',
  });
}

function notAllowed({ connection }: Demand): LatchkeyError {
  return new LatchkeyError('client-denied', `Nobody has allowed this program to use "${connection}" yet.`, {
    remedy: 'Allow it in the Latchkey window, or run: latchkey allow; then connect again.',
  });
}
