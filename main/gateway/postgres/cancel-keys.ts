import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { BackendKey } from './backend-messages.ts';

/**
 * Keys that we hand to clients in place of the upstream's. With ours, a client can cancel its own session and nothing
 * else, and only as long as that lives: "Canceling Requests in Progress"
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS).
 */
export function createCancelKeys() {
  const sessions = new Map<number, { secret: Buffer; upstream: BackendKey }>();
  return {
    /** @param secretLength 4 for protocol 3.0, which has room for no more; 32 from 3.2 on. */
    issue(upstream: BackendKey, secretLength: 4 | 32): BackendKey & { forget(): void } {
      let processId = randomInt(1, 2 ** 31);
      while (sessions.has(processId)) processId = randomInt(1, 2 ** 31);
      const secret = randomBytes(secretLength);
      sessions.set(processId, { secret, upstream });
      return { processId, secret, forget: () => void sessions.delete(processId) };
    },
    /** The upstream's key for one of ours; undefined for a wrong one. */
    find({ processId, secret }: BackendKey): BackendKey | undefined {
      const session = sessions.get(processId);
      if (session === undefined || session.secret.length !== secret.length) return undefined;
      return timingSafeEqual(session.secret, secret) ? session.upstream : undefined;
    },
    get size() {
      return sessions.size;
    },
  };
}
