import { fromProblem, type Problem } from '../contract/errors.ts';
import type { SignInState } from '../contract/state.ts';
import type { Provider } from './provider-port.ts';
import type { SignInRequest } from './wait-for-person.ts';

export type AttemptState = Extract<SignInState, { kind: 'working' | 'code' | 'browser' }>;

export const cancelled: Problem = {
  code: 'sign-in-cancelled',
  message: 'The sign-in was cancelled.',
  remedy: 'Start it again when you are ready.',
};

/** One sign-in or restore under way. */
export class Attempt {
  readonly provider: Provider;
  /** What was asked for, where a person asked. */
  readonly request: SignInRequest | undefined;
  readonly #controller = new AbortController();
  #state: AttemptState;
  #done: Promise<void> = Promise.resolve();

  constructor(provider: Provider, step: 'contacting' | 'restoring', request: SignInRequest | undefined) {
    this.provider = provider;
    this.request = request;
    this.#state = { kind: 'working', provider: provider.name, step };
  }

  get state(): AttemptState {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when it is over; never rejects. */
  get done(): Promise<void> {
    return this.#done;
  }

  get isRestoring(): boolean {
    return this.#state.kind === 'working' && this.#state.step === 'restoring';
  }

  show(state: AttemptState): void {
    this.#state = state;
  }

  abort(): void {
    this.#controller.abort();
  }

  /** @param run never rejects */
  start(run: () => Promise<void>): void {
    this.#done = run();
  }
}

export interface AttemptWatcher {
  began(): void;
  ended(): void;
}

/** At most one attempt at a time. */
export class Attempts {
  readonly #changed: () => void;
  readonly #report: (error: unknown) => void;
  readonly #watchers: AttemptWatcher[] = [];
  #running: Attempt | undefined;
  #isClosed = false;

  constructor({ changed, report }: { changed(): void; report(error: unknown): void }) {
    this.#changed = changed;
    this.#report = report;
  }

  get running(): Attempt | undefined {
    return this.#running;
  }

  watch(watcher: AttemptWatcher): void {
    this.#watchers.push(watcher);
  }

  /** To be called while none runs. @throws LatchkeyError `sign-in-cancelled` after the close */
  begin(attempt: Attempt, run: (attempt: Attempt) => Promise<void>): Attempt {
    // Whoever waited for something before would keep tokens in a home that is another process's by then.
    if (this.#isClosed) throw fromProblem(cancelled);
    for (const watcher of this.#watchers) watcher.began();
    this.#running = attempt;
    this.#changed();
    attempt.start(() =>
      run(attempt)
        .catch(this.#report)
        .finally(() => {
          this.#running = undefined;
          for (const watcher of this.#watchers) watcher.ended();
          this.#changed();
        }),
    );
    return attempt;
  }

  /** Resolves when it has ended; a sign-in that has got through by then has succeeded. */
  async cancel(): Promise<void> {
    const running = this.#running;
    running?.abort();
    await running?.done;
  }

  /** Cancels, and begins nothing any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.cancel();
  }
}
