import type { TokenCachePort } from '../../main/entra/token-cache.ts';

/** A token cache port over one variable, with a record of what was done to it. */
export interface MemoryCache extends TokenCachePort {
  bytes: Uint8Array | undefined;
  writes: number;
  clears: number;
  text(): string;
}

export function createMemoryCache(bytes?: Uint8Array): MemoryCache {
  const cache: MemoryCache = {
    bytes,
    writes: 0,
    clears: 0,
    text: () => new TextDecoder().decode(cache.bytes ?? new Uint8Array()),
    async read() {
      await tick();
      return cache.bytes;
    },
    async write(next) {
      await tick();
      cache.writes++;
      cache.bytes = next;
    },
    async clear() {
      await tick();
      cache.clears++;
      cache.bytes = undefined;
    },
  };
  return cache;
}

/** Real stores answer later, and it is the waiting in between that brings races out. */
function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
