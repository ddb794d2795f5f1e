import { LatchkeyError, type ErrorCode } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { correctTheClock, drift, maxClockDriftMs, utc } from '../session/clock-drift.ts';

/** What TLS says of a certificate whose time has not come or is over: OpenSSL's names in Node, Chromium's in Electron. */
const outOfTime = /^(CERT_NOT_YET_VALID|CERT_HAS_EXPIRED|ERR_CERT_DATE_INVALID)$/;
const unrelated = new Set<ErrorCode>(['clock-wrong', 'sign-in-cancelled', 'broker-not-running']);

/**
 * The reason for a failed TLS handshake that a wrong clock explains best, or undefined for any other.
 * @param detail of a failed HttpOutcome
 */
export function certificateTimeFault(
  host: string,
  detail: string,
  now: number,
): { message: string; remedy: string } | undefined {
  if (!outOfTime.test(detail)) return undefined;
  const why =
    detail === 'CERT_NOT_YET_VALID'
      ? 'is not valid yet'
      : detail === 'CERT_HAS_EXPIRED'
        ? 'has expired'
        : 'is not valid now';
  return {
    message: `The certificate of ${host} ${why} by the clock of this computer, which says ${utc(now)} (${detail}).`,
    remedy: `Is that the time? ${correctTheClock} If the clock is right, the certificate of ${host}, or of what inspects the traffic on the way, has to be renewed.`,
  };
}

/** A fetch that notes what time the other side has (RFC 9110 section 6.6.1). */
export interface ClockWatch {
  fetch: FetchLike;
  /** How far this computer's clock is behind that of the last answer, in milliseconds; undefined before there was one. */
  behindMs(): number | undefined;
  /** Runs the task; its failure names a wrong clock first, where there is one: what Entra ID says often comes from it. */
  explaining<T>(task: () => Promise<T>): Promise<T>;
}

export function watchClock(fetch: FetchLike, now: () => number = Date.now): ClockWatch {
  let behind: number | undefined;
  return {
    async fetch(url, init) {
      const response = await fetch(url, init);
      const there = Date.parse(response.headers.get('date') ?? '');
      if (!Number.isNaN(there)) behind = there - now();
      return response;
    },
    behindMs: () => behind,
    explaining: (task) =>
      task().catch((error: unknown) => {
        const isWrong = behind !== undefined && Math.abs(behind) > maxClockDriftMs;
        if (!isWrong || !(error instanceof LatchkeyError) || unrelated.has(error.code)) throw error;
        const { code, message, remedy = '', entra } = error;
        const first = `First correct the clock of this computer: it is ${drift(behind ?? 0)}.`;
        throw new LatchkeyError(code, message, { remedy: `${first} ${remedy}`.trim(), entra, cause: error });
      }),
  };
}
