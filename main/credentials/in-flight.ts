export interface InFlight<T> {
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
