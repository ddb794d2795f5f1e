import { randomInt } from 'node:crypto';

/** Far above the ids that servers count up from 1, and below 2^31, as some clients read a signed number. */
const firstId = 2 ** 30;

/**
 * Thread ids of our own, which clients get in the greeting: the upstream's is known only once they have been let in. A
 * client kills its query with the id that it was told, so that ours are replaced on their way to the server.
 */
export function createThreadIds() {
  const upstreamIds = new Map<number, number>();
  let last = randomInt(firstId);
  return {
    issue(): number {
      do last = (last + 1) % firstId;
      while (upstreamIds.has(firstId + last));
      return firstId + last;
    },
    opened(id: number, upstreamId: number): void {
      upstreamIds.set(id, upstreamId);
    },
    /** The upstream's id of a session that is open; undefined for every other. */
    find: (id: number): number | undefined => upstreamIds.get(id),
    forget: (id: number): void => void upstreamIds.delete(id),
    get size() {
      return upstreamIds.size;
    },
  };
}
