export interface Mutex {
  /** Runs `task` when every earlier one has ended; its result or error is passed on. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Runs tasks one after another in the order of the calls; a failed task does not stop the next. */
export function createMutex(): Mutex {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(task) {
      const result = tail.then(task);
      tail = result.catch(() => undefined);
      return result;
    },
  };
}
