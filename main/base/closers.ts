import { toLogText } from '../contract/errors.ts';

export interface Closers {
  /**
   * Opens the next part of a start and has it closed with the others.
   * @param name of the step
   * @throws what `make` throws; what was open before stays so until {@link close}
   */
  open<Part>(
    name: string,
    make: () => Promise<Part> | Part,
    close?: (part: Part) => Promise<void> | void,
  ): Promise<Part>;
  /** To be called the moment something is open that has to be closed; the last one added is closed first. */
  add(close: () => Promise<void> | void): void;
  /** Closes everything, the last one first. One that fails is logged, and the next ones are closed all the same. */
  close(): Promise<void>;
}

/** Called with the name of each step of a start before that begins; where it throws, the step has failed. */
export type OnStep = (name: string) => void;

/** What is open, in the order in which it was opened, so that a start that fails leaves nothing behind. */
export function createClosers(log: (line: string) => void, onStep?: OnStep): Closers {
  const opened: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (let next = opened.pop(); next !== undefined; next = opened.pop()) {
      try {
        await next();
      } catch (error) {
        log(`while closing: ${toLogText(error)}`);
      }
    }
  }

  return {
    async open(name, make, close) {
      onStep?.(name);
      const part = await make();
      if (close !== undefined) opened.push(() => close(part));
      return part;
    },
    add: (close) => void opened.push(close),
    close: () => (closing ??= closeAll()),
  };
}
