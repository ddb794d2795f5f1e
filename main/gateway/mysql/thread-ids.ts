import { randomInt } from 'node:crypto';

/** Far above the ids that servers count up from 1, and below 2^31, as some clients read a signed number. */
const firstId = 2 ** 30;

/**
 * Thread ids of our own, which clients get in the greeting: the upstream's is known only once they have been let in. A
 * client kills its query with the id that it was told, so that ours are replaced on their way to the server.
 */
export function createThreadIds() {
  const threads = new Map<number, { upstreamId: number; sessionId: string }>();
  let last = randomInt(firstId);
  return {
    issue(): number {
      do last = (last + 1) % firstId;
      while (threads.has(firstId + last));
      return firstId + last;
    },
    opened(id: number, upstreamId: number, sessionId: string): void {
      threads.set(id, { upstreamId, sessionId });
    },
    /**
     * The upstream's id of a session that is open; undefined for every other.
     * @param among ids of the sessions that count; absent = all.
     */
    find(id: number, among?: readonly string[]): number | undefined {
      const thread = threads.get(id);
      if (thread === undefined || among?.includes(thread.sessionId) === false) return undefined;
      return thread.upstreamId;
    },
    forget: (id: number): void => void threads.delete(id),
    get size() {
      return threads.size;
    },
  };
}
