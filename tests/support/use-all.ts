import { afterAll, beforeAll } from 'vitest';

/**
 * What all tests of this file or `describe` share: opened before the first of them, closed after the last one, in the
 * opposite order. The answer stands for it, and may be looked into as soon as it is open.
 */
export function useAll<T extends { close(): unknown }>(open: () => Promise<T>): T {
  let opened: T | undefined;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());
  return new Proxy({} as T, {
    get(_, name) {
      if (opened === undefined) throw new Error(`"${String(name)}" of what is not open yet`);
      return Reflect.get(opened, name) as unknown;
    },
  });
}
