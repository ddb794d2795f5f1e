const longestMs = 24 * 3600_000;

/**
 * Milliseconds that a Retry-After header asks for (RFC 9110 section 10.2.3: seconds or an HTTP date); undefined where
 * it is absent or unreadable. Never negative, and a day at most.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (!value) return undefined;
  // Fractions are no header of the RFC, but some servers send them.
  if (/^\d{1,30}(\.\d{1,9})?$/.test(value)) return Math.min(longestMs, Math.ceil(Number(value) * 1000));
  // Date.parse alone takes "-5" for a year.
  const date = value.endsWith('GMT') ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(longestMs, Math.max(0, date - now));
}

/**
 * The asked pause and a little more, so that many clients do not come back in one moment, but never less than
 * `leastMs`: "0", or a date that has passed, is no leave to hammer.
 */
export function withJitter(askedMs: number, leastMs: number): number {
  return Math.max(leastMs, askedMs + Math.random() * Math.min(2000, askedMs / 10));
}

/** When to come back, for a sentence: how long it is and until what time of this computer's clock. */
export function afterText(ms: number | undefined, now: number): string {
  if (ms === undefined) return 'in some minutes';
  const minutes = Math.ceil(ms / 60_000);
  const span =
    ms < 90_000
      ? `${Math.max(1, Math.ceil(ms / 1000))} seconds`
      : minutes < 90
        ? `${minutes} minutes`
        : `${Math.ceil(ms / 3600_000)} hours`;
  const at = new Date(now + ms);
  const clock = [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
  return `in ${span} (after ${clock})`;
}

/** Waits `ms` milliseconds; an abort ends the wait at once and throws the signal's reason. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      },
      Math.max(0, ms),
    );
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/**
 * Milliseconds until the next try. What the server asks for is kept, and a little more, so that many clients do not come
 * back in one moment; but never less than the backoff: "0", or a date that has passed, is no leave to hammer.
 */
export function pauseMs(
  headers: Headers | undefined,
  attempt: number,
  { baseMs, maxMs, now }: { baseMs: number; maxMs: number; now: number },
): number {
  const backoff = backoffMs(attempt, baseMs, maxMs);
  const asked = headers === undefined ? undefined : retryAfterMs(headers, now);
  if (asked === undefined) return backoff;
  return withJitter(asked, backoff);
}

/**
 * Exponential backoff with full jitter: up to `baseMs` before the first retry, doubling up to `maxMs`. `attempt`
 * counts from 0.
 */
export function backoffMs(attempt: number, baseMs: number, maxMs: number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** attempt);
  // At least half, so that a burst of retries cannot fall on one moment by luck.
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
