import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { BackendKey } from './backend-messages.ts';

interface Issued<Upstream> {
  secret: Buffer;
  upstream: Upstream;
}

/**
 * Keys that we hand to clients in place of the upstream's. With ours, a client can cancel its own session and nothing
 * else, and only as long as that lives: "Canceling Requests in Progress"
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS).
 *
 * The process id is the upstream's own, as clients compare it with pg_backend_pid(), pg_stat_activity and the sender of a
 * NOTIFY; the secret is ours alone. Several servers may answer at one address, each with a process of the same number.
 */
export function createCancelKeys<Upstream extends BackendKey = BackendKey>() {
  const sessions = new Map<number, Set<Issued<Upstream>>>();

  /** In constant time for each of the few of one number. */
  function lookUp({ processId, secret }: BackendKey): Issued<Upstream> | undefined {
    return [...(sessions.get(processId) ?? [])].find(
      (issued) => issued.secret.length === secret.length && timingSafeEqual(issued.secret, secret),
    );
  }

  return {
    /** @param secretLength 4 for protocol 3.0, which has room for no more; 32 from 3.2 on. */
    issue(upstream: Upstream, secretLength: 4 | 32): BackendKey & { forget(): void } {
      const { processId } = upstream;
      let secret = randomBytes(secretLength);
      while (lookUp({ processId, secret }) !== undefined) secret = randomBytes(secretLength);
      const issued: Issued<Upstream> = { secret, upstream };
      const ofNumber = sessions.get(processId) ?? new Set<Issued<Upstream>>();
      sessions.set(processId, ofNumber.add(issued));
      return {
        processId,
        secret,
        forget() {
          ofNumber.delete(issued);
          if (ofNumber.size === 0 && sessions.get(processId) === ofNumber) sessions.delete(processId);
        },
      };
    },
    /** The upstream's key for one of ours; undefined for a wrong one. */
    find: (key: BackendKey): Upstream | undefined => lookUp(key)?.upstream,
    get size() {
      return [...sessions.values()].reduce((sum, { size }) => sum + size, 0);
    },
  };
}
