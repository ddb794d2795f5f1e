import { z } from 'zod';
import type { LatchkeyError } from '../contract/errors.ts';
import { retryAfterMs, withJitter } from '../base/retry.ts';
import {
  exchangeOptions,
  faultName,
  longestRetryMs,
  type NtfyServer,
  pause,
  refusal,
  unreachable,
} from './ntfy.ts';

export interface Subscription {
  /** Fulfilled once the server has opened the stream; rejected with `push-failed` where it does not. */
  opened: Promise<void>;
  /** Why nothing can arrive at the moment; undefined while the stream is open or just being opened again. */
  fault(): LatchkeyError | undefined;
  /** Fulfilled when nothing will arrive any more: after an abort, a failed opening, or when access was withdrawn. */
  ended: Promise<void>;
}

export interface SubscriptionOptions {
  signal: AbortSignal;
  /** The body of each message, in order, possibly more than once and possibly older than the subscription. */
  onMessage(text: string): void;
  /** A stream that is silent for so long is taken for dead; ntfy sends a keepalive each 45 s by default. */
  silenceMs?: number;
  /** First pause before a new attempt; it doubles up to 40 times that. */
  retryMs?: number;
}

const event = z.object({
  // It becomes part of the next request's query, so nothing but ntfy's own form passes.
  id: z.string().regex(/^[A-Za-z0-9]{1,32}$/),
  time: z.int().nonnegative(),
  event: z.string(),
  topic: z.string(),
  message: z.string().optional(),
});

const attemptsBeforeOpen = 3;
const openMs = 10_000;

/**
 * Follows a topic (docs.ntfy.sh/subscribe/api, "Subscribe as JSON stream") and opens the stream again whenever it
 * breaks, with `since=` so that nothing the server keeps in its cache is missed. The place in the stream is told in the
 * server's own words (its message ids, and its clock for the time before the first message): the clocks may differ.
 */
export function subscribe(server: NtfyServer, topic: string, options: SubscriptionOptions): Subscription {
  const { signal, onMessage, silenceMs = 100_000, retryMs = 250 } = options;
  let since: string | undefined;
  let failures = 0;
  let lastFault: LatchkeyError | undefined;
  let hasOpened = false;
  const opened = Promise.withResolvers<void>();
  // Whoever only wants `ended` need not handle it.
  opened.promise.catch(() => undefined);

  function take(line: string): void {
    const parsed = event.safeParse(jsonOf(line));
    if (!parsed.success || parsed.data.topic !== topic) return;
    const { data } = parsed;
    if (data.event === 'open') {
      since ??= String(data.time);
      failures = 0;
      hasOpened = true;
      opened.resolve();
    } else if (data.event === 'message') {
      since = data.id;
      onMessage(data.message ?? '');
    }
  }

  /** One connection, until it ends for whatever reason. */
  async function follow(): Promise<{ fault: LatchkeyError; isFinal: boolean; askedMs?: number }> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), Math.min(openMs, silenceMs));
    try {
      const query = since === undefined ? '' : `?since=${since}`;
      const response = await server.fetch(`${server.origin}/${topic}/json${query}`, {
        ...exchangeOptions(server),
        method: 'GET',
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        const askedMs = retryAfterMs(response.headers, Date.now()) ?? 0;
        // Somebody waits for the phone, and not for so long.
        const isTooLong = !hasOpened && askedMs > longestRetryMs;
        return {
          fault: refusal(response),
          isFinal: isTooLong || [401, 403].includes(response.status),
          askedMs,
        };
      }
      for await (const line of linesOf(response.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), silenceMs);
        take(line);
      }
      return { fault: unreachable('connection closed'), isFinal: false };
    } catch (error) {
      const name = silence.signal.aborted ? 'connection went silent' : faultName(error);
      return { fault: unreachable(name), isFinal: false };
    } finally {
      clearTimeout(timer);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const { fault, isFinal, askedMs = 0 } = await follow();
      failures += 1;
      lastFault = fault;
      if (isFinal || (!hasOpened && failures === attemptsBeforeOpen)) {
        failures = attemptsBeforeOpen;
        opened.reject(fault);
        return;
      }
      // Jitter: brokers that lost the same server must not come back in step.
      const delay = Math.min(retryMs * 2 ** (failures - 1), retryMs * 40) * (0.75 + Math.random() / 2);
      await pause(withJitter(askedMs, delay), signal).catch(() => undefined);
    }
    opened.reject(signal.reason);
  }

  return { opened: opened.promise, fault: () => (failures > 1 ? lastFault : undefined), ended: run() };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Far above what ntfy sends for a message of 4,096 bytes with its actions. */
const longestLine = 64 * 1024;

/**
 * The complete lines of a stream as they arrive. What follows the last line break when the stream ends is a line that
 * was cut off, and dropped; so is a line that does not end within 64 KiB.
 * @throws whatever reading the stream throws
 */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let tooLong = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) {
        if (!tooLong) yield piece;
        tooLong = false;
      }
      if (rest.length > longestLine) {
        rest = '';
        tooLong = true;
      }
    }
  } finally {
    // Where the stream has failed already there is nothing left to cancel.
    await reader.cancel().catch(() => undefined);
  }
}
