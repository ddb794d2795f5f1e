import type { ReachedLimit, SessionLimits } from './ports.ts';
import type { Traffic } from './splice.ts';

/** An open session, as far as its limits go. */
export interface Limited {
  limits: SessionLimits;
  traffic(): Traffic;
  /** 0 only where the server has nothing to do. */
  openRequests(): number;
  /** Called once, when one is reached. */
  end(limit: ReachedLimit): void;
}

const lookEveryMs = 1000;

export type SessionBounds = ReturnType<typeof createSessionLimits>;

/**
 * Ends the sessions whose rule limits them, within a second of the limit. Nothing is asked of the pipe: once a second the
 * sockets' own counters are compared. A session is idle while no statement runs and no byte passes.
 *
 * Both clocks count: the wall clock goes on in suspend, the monotonic one cannot be set back.
 */
export function createSessionLimits(clocks = { wall: () => Date.now(), monotonic: () => performance.now() }) {
  const checks = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    for (const check of checks) check();
    timer = checks.size === 0 ? undefined : setTimeout(look, lookEveryMs);
  }

  return {
    /** @returns call it when the session has ended. */
    add({ limits: { idle, last }, traffic, openRequests, end }: Limited): () => void {
      if (idle === undefined && last === undefined) return () => undefined;
      const now = () => ({ wall: clocks.wall(), monotonic: clocks.monotonic() });
      const began = now();
      let quietSince = began;
      let seen = -1;
      const remove = (): void => void checks.delete(check);
      function check(): void {
        const at = now();
        const since = (then: typeof at): number =>
          Math.max(at.wall - then.wall, at.monotonic - then.monotonic);
        const { bytesFromClient, bytesFromUpstream } = traffic();
        const sum = bytesFromClient + bytesFromUpstream;
        if (sum !== seen || openRequests() > 0) {
          seen = sum;
          quietSince = at;
        }
        let reached: ReachedLimit | undefined;
        if (last !== undefined && (at.wall >= last.at || since(began) >= last.at - began.wall))
          reached = last;
        else if (idle !== undefined && since(quietSince) >= idle.afterMs) reached = idle;
        if (reached === undefined) return;
        remove();
        end(reached);
      }
      checks.add(check);
      timer ??= setTimeout(look, lookEveryMs);
      return remove;
    },
    close: (): void => clearTimeout(timer),
  };
}
