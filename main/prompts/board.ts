import { randomUUID } from 'node:crypto';
import { LatchkeyError } from '../contract/errors.ts';
import type { PeerProcess, Prompt } from '../contract/state.ts';

/** A login that has to wait: what prompts and messages name, and how long its client can be kept. */
export interface Demand {
  connection: string;
  database: string;
  /** Empty where it is not known yet. */
  role: string;
  /** What the client calls itself. */
  program: string;
  /** Where the client is: "unix", or address and port. */
  address: string;
  process?: PeerProcess;
  /** Ms until the client would give up by itself. */
  holdMs: number;
  /** Aborts when the client has gone. */
  gone?: AbortSignal;
}

export interface OpenPrompt<Shown extends Prompt = Prompt> {
  /** The cause: logins with the same one wait for the same prompt. */
  key: string;
  shown: Shown;
  demand: Demand;
}

/** What a prompt has beyond the demand that it was opened for. */
type Own<Shown> = Shown extends Prompt ? Omit<Shown, keyof Base> : never;
type Base = Omit<Extract<Prompt, { kind: 'client' }>, 'kind' | 'username' | 'choices' | 'tool'>;

interface Waiter {
  demand: Demand;
  resolve(): void;
  reject(error: LatchkeyError): void;
}

interface Kept {
  prompt: OpenPrompt;
  ended: (() => void) | undefined;
  waiters: Set<Waiter>;
  timer: NodeJS.Timeout;
}

export interface WaitOptions {
  key: string;
  demand: Demand;
  /** How long the prompt may be answered, also after its clients have given up. */
  promptMs: number;
  /** What the client is told when nobody has answered in its time. */
  notAnswered(): LatchkeyError;
  /** What it is told when the prompt itself ends without an answer. */
  expired(): LatchkeyError;
  /** The prompt has ended, whichever way; called once, on the options that it was opened with. */
  ended?(): void;
}

/** Logins that need not wait any more, and what they are told. */
export interface Dismissal {
  which(demand: Demand): boolean;
  why(demand: Demand): LatchkeyError;
}

export type PromptBoard = ReturnType<typeof createPromptBoard>;

/**
 * Holds logins: one prompt for one cause, however many logins wait for it, and one answer for all of them.
 * @param changed called whenever what the prompts show has changed.
 */
export function createPromptBoard({ changed, now = Date.now }: { changed(): void; now?: () => number }) {
  const open = new Map<string, Kept>();
  let closed = false;

  function show(own: Own<Prompt>, { key, demand, promptMs, expired, ended }: WaitOptions): Kept {
    const since = now();
    const { holdMs: _client, gone: _left, process, ...facts } = demand;
    const base = {
      ...facts,
      ...(process === undefined ? {} : { process }),
      id: randomUUID(),
      waiting: 0,
      since: new Date(since).toISOString(),
      expiresAt: new Date(since + promptMs).toISOString(),
    };
    const prompt: OpenPrompt = { key, demand, shown: { ...base, ...own } };
    const kept: Kept = {
      prompt,
      ended,
      waiters: new Set(),
      timer: setTimeout(() => finish(prompt, expired()), promptMs),
    };
    kept.timer.unref();
    open.set(key, kept);
    return kept;
  }

  /** What is shown follows who waits: nobody is let in whom the prompt does not name. */
  function showWaiting({ prompt: { shown, demand }, waiters }: Kept): void {
    shown.waiting = waiters.size;
    const named = new Set([nameOf(demand)]);
    const also: NonNullable<Prompt['also']> = [];
    for (const { demand: other } of waiters) {
      if (named.has(nameOf(other))) continue;
      named.add(nameOf(other));
      also.push({ connection: other.connection, role: other.role, program: programOf(other) });
    }
    if (also.length > 0) shown.also = also;
    else delete shown.also;
    changed();
  }

  /** Ends the prompt; all who wait go on, or are told why not. A prompt that has ended before is left alone. */
  function finish(prompt: OpenPrompt, error?: LatchkeyError): void {
    const kept = open.get(prompt.key);
    if (kept?.prompt !== prompt) return;
    open.delete(prompt.key);
    clearTimeout(kept.timer);
    kept.ended?.();
    for (const { resolve, reject } of kept.waiters) {
      if (error === undefined) resolve();
      else reject(error);
    }
    changed();
  }

  return {
    /**
     * Waits for the answer to the prompt of this cause, which is opened where it is not yet.
     * @param own what the prompt shows beside the demand; used where it is opened.
     * @throws LatchkeyError of the options, what {@link finish} was called with, `client-gone`, or `broker-stopping`.
     */
    async wait(own: Own<Prompt>, options: WaitOptions): Promise<void> {
      if (closed) throw stopping();
      const { gone } = options.demand;
      if (gone?.aborted === true) throw clientGone();
      const kept = open.get(options.key) ?? show(own, options);
      const { waiters } = kept;
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => waiter.reject(clientGone());
        const settle = (how: () => void): void => {
          clearTimeout(timer);
          gone?.removeEventListener('abort', leave);
          waiters.delete(waiter);
          showWaiting(kept);
          how();
        };
        const waiter: Waiter = {
          demand: options.demand,
          resolve: () => settle(resolve),
          reject: (error) => settle(() => reject(error)),
        };
        const timer = setTimeout(() => waiter.reject(options.notAnswered()), options.demand.holdMs);
        waiters.add(waiter);
        gone?.addEventListener('abort', leave, { once: true });
        showWaiting(kept);
      });
    },

    /** Refuses the logins that wait and that it picks; a prompt ends that was opened for one and has nobody else. */
    dismiss: (some: Dismissal): void => dismissAmong(open.values(), some, finish),

    /** Ends every prompt, and with it the logins that wait; no new one is opened. */
    close(): void {
      closed = true;
      for (const { prompt } of open.values()) finish(prompt, stopping());
    },

    finish,
    isOpen: (prompt: OpenPrompt): boolean => open.get(prompt.key)?.prompt === prompt,

    /** The prompts of one kind, oldest first. */
    of<Kind extends Prompt['kind']>(kind: Kind): OpenPrompt<Extract<Prompt, { kind: Kind }>>[] {
      type Shown = Extract<Prompt, { kind: Kind }>;
      return [...open.values()]
        .map(({ prompt }) => prompt)
        .filter((prompt): prompt is OpenPrompt<Shown> => prompt.shown.kind === kind);
    },

    /** The prompt with this id, or without one the oldest. */
    named(id: string | undefined): OpenPrompt | undefined {
      const prompts = [...open.values()].map(({ prompt }) => prompt);
      return id === undefined ? prompts[0] : prompts.find(({ shown }) => shown.id === id);
    },

    /** For the state: all, oldest first. */
    list: (): Prompt[] => [...open.values()].map(({ prompt }) => ({ ...prompt.shown })),
  };
}

function dismissAmong(
  open: Iterable<Kept>,
  { which, why }: Dismissal,
  finish: (prompt: OpenPrompt, error: LatchkeyError) => void,
): void {
  for (const { prompt, waiters } of open) {
    for (const { demand, reject } of waiters) if (which(demand)) reject(why(demand));
    if (waiters.size === 0 && which(prompt.demand)) finish(prompt, why(prompt.demand));
  }
}

/** Nobody hears it but the audit. */
export function clientGone(): LatchkeyError {
  return new LatchkeyError('client-gone', 'The client has gone before its login was decided.');
}

function stopping(): LatchkeyError {
  return new LatchkeyError('broker-stopping', 'Latchkey is being closed, and this login ends with it.', {
    remedy: 'Start Latchkey again, then connect again.',
  });
}

function nameOf(demand: Demand): string {
  return JSON.stringify([demand.connection, demand.role, demand.process?.path ?? demand.program]);
}

/** As the system tells of it, else as the client says. */
function programOf({ process, program }: Demand): string {
  return process?.program ?? program;
}
