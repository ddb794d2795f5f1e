import { pauseMs, retryAfterMs } from '../base/retry.ts';
import type { HttpOutcome } from '../base/http.ts';

/**
 * What the servers of one provider have asked to be left alone for, over all operations and people: a round that was
 * told "wait 120 s" is not followed by another one before that.
 */
export interface Throttle {
  /** Milliseconds that the endpoint is not to be asked for; 0 where it may be. */
  heldMs(endpoint: string): number;
  /**
   * To be told of each outcome.
   * @returns milliseconds until the next try, with jitter, where the endpoint asks for a pause (429, or 503 and its kin with
   *   Retry-After); else undefined
   */
  answered(endpoint: string, outcome: HttpOutcome): number | undefined;
}

interface Hold {
  from: number;
  until: number;
  /** Such answers in a row. */
  count: number;
}

/** Whatever a box in between asks for: after this long one request finds out whether it is still meant. */
const longestHoldMs = 30 * 60_000;
const backoff = { baseMs: 500, maxMs: 10_000 };

/** @param now milliseconds since 1970 */
export function createThrottle(now: () => number): Throttle {
  const holds = new Map<string, Hold>();
  return {
    heldMs(endpoint) {
      const hold = holds.get(endpoint);
      // A clock that was set back would hold for ever.
      if (hold === undefined || now() < hold.from) return 0;
      return Math.max(0, hold.until - now());
    },
    answered(endpoint, outcome) {
      if (outcome.kind === 'failed') return undefined;
      const { status, headers } = outcome;
      const isAsked = status >= 500 && retryAfterMs(headers, now()) !== undefined;
      if (status !== 429 && !isAsked) {
        // A fault says nothing of the pause that was asked for before it.
        if (status < 500) holds.delete(endpoint);
        return undefined;
      }
      const count = holds.get(endpoint)?.count ?? 0;
      const from = now();
      const ms = pauseMs(headers, count, { ...backoff, now: from });
      holds.set(endpoint, { from, until: from + Math.min(ms, longestHoldMs), count: count + 1 });
      return ms;
    },
  };
}
