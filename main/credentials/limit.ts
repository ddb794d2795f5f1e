export interface Limit {
  /**
   * Runs `task` as soon as fewer than the limit run. An abort takes one that still waits out of the queue.
   * @throws the signal's reason; RangeError where too many wait already
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** At most `running` tasks at a time, the others in the order of the calls. */
export function createLimit({ running, waiting }: { running: number; waiting: number }): Limit {
  const queue: (() => void)[] = [];
  let active = 0;

  function turn(signal: AbortSignal): Promise<void> {
    if (active < running) {
      active += 1;
      return Promise.resolve();
    }
    if (queue.length >= waiting) return Promise.reject(new RangeError('too many are waiting'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const begin = (): void => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = (): void => {
      queue.splice(queue.indexOf(begin), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    queue.push(begin);
    return promise;
  }

  return {
    async run(task, signal) {
      signal.throwIfAborted();
      await turn(signal);
      try {
        return await task();
      } finally {
        const next = queue.shift();
        // Whoever is next takes over the place, so that nobody can slip in between.
        if (next === undefined) active -= 1;
        else next();
      }
    },
  };
}

interface InFlight<T> {
  /** The result of `start`, or of the call for the same key that is still under way. */
  share(key: string, start: () => Promise<T>): Promise<T>;
}

/** Many logins that need the same thing at once cause one request, and all get its result or its failure. */
export function createInFlight<T>(): InFlight<T> {
  const running = new Map<string, Promise<T>>();
  return {
    share(key, start) {
      const known = running.get(key);
      if (known !== undefined) return known;
      const own = start().finally(() => running.delete(key));
      running.set(key, own);
      return own;
    },
  };
}
