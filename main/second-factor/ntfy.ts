import { isLoopbackHost } from '../contract/loopback.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { afterText, retryAfterMs, withJitter } from '../base/retry.ts';

/** A button that makes the phone send `body` to a topic of the same server (docs.ntfy.sh/publish, "Send HTTP request"). */
export interface NtfyButton {
  label: string;
  topic: string;
  body: string;
}

export interface NtfyMessage {
  topic: string;
  title: string;
  /** Plain text of at most 4,096 bytes. */
  message: string;
  /** 1 makes no sound, 3 is normal, 4 pops over. */
  priority: 1 | 3 | 4;
  /** A later message of the same sequence takes the place of this one (ntfy 2.16; older ones show both). */
  sequence: string;
  /** Three at most. */
  buttons: readonly NtfyButton[];
}

export type PublishOutcome =
  | { kind: 'published' }
  /** `delivered: 'no'` where the server has said that it did not take the message; else nobody can tell. */
  | { kind: 'failed'; delivered: 'no' | 'unknown'; problem: LatchkeyError };

export interface NtfyServer {
  /** Origin, checked by {@link ntfyOrigin}. */
  origin: string;
  fetch: FetchLike;
  accessToken: string | undefined;
}

const publishTimeoutMs = 10_000;
/** A person waits for the phone, and a login for the person. */
export const longestRetryMs = 5_000;
const leastRetryMs = 500;

/**
 * Origin of an ntfy server: https, or http on loopback. ntfy does not run below a path.
 * @throws LatchkeyError `config-invalid`
 */
export function ntfyOrigin(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  const isBare = url !== undefined && `${url.origin}/` === url.href;
  if (isSafe && isBare) return url.origin;
  throw new LatchkeyError('config-invalid', 'The address of the ntfy server cannot be used.', {
    remedy: 'Give it as https://host or https://host:port, without path, user or query.',
  });
}

/**
 * Sends a message as JSON to the root of the server (docs.ntfy.sh/publish, "Publish as JSON"). Where the server asks
 * for a pause of at most 5 s it is granted once.
 * @throws the signal's reason, and nothing else
 */
export async function publish(
  server: NtfyServer,
  message: NtfyMessage,
  signal: AbortSignal,
): Promise<PublishOutcome> {
  const first = await publishOnce(server, message, signal);
  const askedMs = first.kind === 'refused' ? retryAfterMs(first.response.headers, Date.now()) : undefined;
  if (askedMs === undefined || askedMs > longestRetryMs) return outcomeOf(first);
  await pause(withJitter(askedMs, leastRetryMs), signal);
  return outcomeOf(await publishOnce(server, message, signal));
}

type Exchange =
  { kind: 'published' } | { kind: 'refused'; response: Response } | { kind: 'no-answer'; fault: string };

async function publishOnce(server: NtfyServer, message: NtfyMessage, signal: AbortSignal): Promise<Exchange> {
  signal.throwIfAborted();
  const limit = AbortSignal.timeout(publishTimeoutMs);
  try {
    const response = await server.fetch(`${server.origin}/`, {
      ...exchangeOptions(server),
      method: 'POST',
      body: JSON.stringify(wireForm(server.origin, message)),
      signal: AbortSignal.any([signal, limit]),
    });
    await response.body?.cancel();
    return response.ok ? { kind: 'published' } : { kind: 'refused', response };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'no-answer', fault: limit.aborted ? 'no answer in time' : faultName(error) };
  }
}

function wireForm(origin: string, { topic, title, message, priority, sequence, buttons }: NtfyMessage) {
  const actions = buttons.map(({ label, topic: target, body }) => ({
    action: 'http',
    label,
    url: `${origin}/${target}`,
    method: 'POST',
    // The phone needs no second copy of its own tap, and Google's or Apple's push service none at all.
    headers: { Firebase: 'no' },
    body,
    clear: true,
  }));
  return { topic, title, message, priority, sequence_id: sequence, ...(actions.length > 0 && { actions }) };
}

function outcomeOf(exchange: Exchange): PublishOutcome {
  switch (exchange.kind) {
    case 'published':
      return exchange;
    case 'refused':
      return { kind: 'failed', delivered: 'no', problem: refusal(exchange.response) };
    case 'no-answer':
      return { kind: 'failed', delivered: 'unknown', problem: unreachable(exchange.fault) };
  }
}

/** What every request to the server has in common. Redirects are refused: they would carry the token elsewhere. */
export function exchangeOptions({ accessToken }: NtfyServer): RequestInit {
  return {
    headers: accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` },
    redirect: 'error',
    credentials: 'omit',
    cache: 'no-store',
  };
}

export function refusal({ status, headers }: Pick<Response, 'status' | 'headers'>): LatchkeyError {
  const failed = (message: string, remedy: string) => new LatchkeyError('push-failed', message, { remedy });
  switch (status) {
    case 401:
    case 403:
      return failed(
        `The ntfy server refused access to the topics (HTTP ${status}).`,
        'Check the access token and what "ntfy access" allows for the topics, then enrol the phone again.',
      );
    case 429:
      return failed(
        'The ntfy server takes no more messages for the moment (HTTP 429).',
        `Try again ${afterText(retryAfterMs(headers, Date.now()) ?? 60_000, Date.now())}, or use another second factor.`,
      );
    default:
      return failed(
        `The ntfy server did not take the request (HTTP ${status}).`,
        'Try again; if it stays, look into the log of the ntfy server.',
      );
  }
}

export function unreachable(fault: string): LatchkeyError {
  return new LatchkeyError('push-failed', `The ntfy server cannot be reached (${fault}).`, {
    remedy: 'Check the network and the address of the server, or use another second factor.',
  });
}

/** A short name such as ECONNREFUSED; whole messages may quote the address with the topic in it. */
export function faultName(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string' && /^[A-Z0-9_]{3,60}$/.test(code)) return code;
    const name = /\bnet::(ERR_[A-Z0-9_]{1,60})/.exec(current.message)?.[1];
    if (name !== undefined) return name;
  }
  return 'connection failed';
}

/** @throws the signal's reason as soon as it is aborted */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
