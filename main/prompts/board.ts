import { randomUUID } from 'node:crypto';
import type { LatchkeyError } from '../contract/errors.ts';
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
}

export interface OpenPrompt<Shown extends Prompt = Prompt> {
  /** The cause: logins with the same one wait for the same prompt. */
  key: string;
  shown: Shown;
  demand: Demand;
}

/** What a prompt has beyond the demand that it was opened for. */
type Own<Shown> = Shown extends Prompt ? Omit<Shown, keyof Base> : never;
type Base = Omit<Extract<Prompt, { kind: 'client' }>, 'kind' | 'choices' | 'tool'>;

interface Waiter {
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

export type PromptBoard = ReturnType<typeof createPromptBoard>;

/**
 * Holds logins: one prompt for one cause, however many logins wait for it, and one answer for all of them.
 * @param changed called whenever what the prompts show has changed.
 */
export function createPromptBoard({ changed, now = Date.now }: { changed(): void; now?: () => number }) {
  const open = new Map<string, Kept>();

  function show(own: Own<Prompt>, { key, demand, promptMs, expired, ended }: WaitOptions): Kept {
    const since = now();
    const { holdMs: _client, process, ...facts } = demand;
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
     * @throws LatchkeyError of the options, or what {@link finish} was called with.
     */
    async wait(own: Own<Prompt>, options: WaitOptions): Promise<void> {
      const kept = open.get(options.key) ?? show(own, options);
      const { prompt, waiters } = kept;
      await new Promise<void>((resolve, reject) => {
        const settle = (how: () => void): void => {
          clearTimeout(timer);
          waiters.delete(waiter);
          prompt.shown.waiting = waiters.size;
          changed();
          how();
        };
        const waiter: Waiter = {
          resolve: () => settle(resolve),
          reject: (error) => settle(() => reject(error)),
        };
        const timer = setTimeout(() => waiter.reject(options.notAnswered()), options.demand.holdMs);
        waiters.add(waiter);
        prompt.shown.waiting = waiters.size;
        changed();
      });
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
