import type { AppState } from '../contract/state.ts';

export type Changes = ReturnType<typeof createChanges>;

/** Tells listeners that the state has changed. Many changes in one turn of the event loop are told as one. */
export function createChanges() {
  const listeners = new Set<(state: AppState) => void>();
  let parts: { state(): AppState; before(): void } | undefined;
  let revision = 0;
  let isAnnounced = false;

  function tell(): void {
    isAnnounced = false;
    // Half built there is no state to tell, and of a start that has failed there never is.
    if (parts === undefined) return;
    parts.before();
    revision += 1;
    // The whole state is made for whoever looks at it: no login waits for one that nobody sees.
    if (listeners.size === 0) return;
    const state = parts.state();
    for (const listener of listeners) listener(state);
  }

  return {
    changed(): void {
      if (isAnnounced) return;
      isAnnounced = true;
      setImmediate(tell);
    },
    /**
     * From here on changes are told.
     * @param state as it is when it is told
     * @param before called ahead of that, whether anybody listens or not
     */
    begin(state: () => AppState, before: () => void): void {
      parts = { state, before };
    },
    /** Grows with every change that is told. */
    revision: (): number => revision,
    /** @returns the way to stop */
    subscribe(listener: (state: AppState) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
