/** One read after the other: whoever asks while one runs shares it, unless theirs has to be fresh and it is not. */
export class SharedRead {
  readonly #read: (fresh: boolean) => Promise<void>;
  #running: { done: Promise<void>; fresh: boolean } | undefined;

  /** @param read never rejects */
  constructor(read: (fresh: boolean) => Promise<void>) {
    this.#read = read;
  }

  run(fresh: boolean): Promise<void> {
    const before = this.#running;
    if (before !== undefined && (before.fresh || !fresh)) return before.done;
    const running = { fresh, done: this.#readAfter(before?.done, fresh) };
    this.#running = running;
    void running.done.finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running.done;
  }

  async #readAfter(before: Promise<void> | undefined, fresh: boolean): Promise<void> {
    await before;
    await this.#read(fresh);
  }
}
