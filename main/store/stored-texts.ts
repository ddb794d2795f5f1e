import { LatchkeyError } from '../contract/errors.ts';
import type { SecretStore } from './secret-store.ts';

/** Named texts of one kind: passwords of database roles (`password`), application secrets of providers (`secret`). */
export function storedTexts(secrets: SecretStore, kind: 'password' | 'secret') {
  const key = (name: string): string => `${kind}-${name}`;
  const get = async (name: string): Promise<string | undefined> => {
    const bytes = await secrets.get(key(name));
    return bytes === undefined ? undefined : decode(bytes);
  };
  const put = (name: string, value: string | undefined): Promise<void> =>
    value === undefined ? secrets.delete(key(name)) : secrets.set(key(name), encode(value));
  return {
    get,
    set: (name: string, value: string) => put(name, value),
    delete: (name: string) => put(name, undefined),
    /** The way to another text, or to none, and the way back to the one that is there now. */
    async exchange(name: string, value: string | undefined) {
      // One that cannot be opened has been put aside, and counts as none.
      const before = await get(name).catch((thrown: unknown) => {
        if (thrown instanceof LatchkeyError && thrown.code === 'sealed-unreadable') return undefined;
        throw thrown;
      });
      return { make: () => put(name, value), takeBack: () => put(name, before) };
    },
    /** Which of the names have been stored. */
    async known(names: Iterable<string>): Promise<{ name: string; stored: boolean }[]> {
      const kept = new Set(await secrets.list());
      return [...names].map((name) => ({ name, stored: kept.has(key(name)) }));
    },
  };
}

export type StoredTexts = ReturnType<typeof storedTexts>;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
