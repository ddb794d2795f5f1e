import { z } from 'zod';
import { LatchkeyError, type EntraFault } from '../../contract/errors.ts';
import { orAborted } from '../../base/abort.ts';
import { certificateTimeFault } from '../clock-watch.ts';
import type { FetchLike } from '../../contract/http.ts';
import { jsonObject } from '../../contract/json.ts';
import { request, type HttpOutcome } from '../../base/http.ts';
import { networkFault } from '../../base/proxies.ts';
import { afterText, backoffMs, retryAfterMs, wait } from '../../base/retry.ts';
import { createThrottle, type Throttle } from '../throttle.ts';

/**
 * Gives an access token for Graph; with `claims` (JSON text) a new one that satisfies the challenge, with `fresh` a new
 * one whatever is cached.
 */
export type AccessTokenSource = (options?: { claims?: string; fresh?: boolean }) => Promise<string>;

export interface GraphOptions {
  /** Origin of Microsoft Graph. Tokens are sent there and nowhere else. */
  origin: string;
  fetch: FetchLike;
  accessToken: AccessTokenSource;
  /**
   * Whom the tokens are for, a signed-in person by default. What Graph holds against the application is never the
   * person's fault and so never `sign-in-required`.
   */
  caller?: 'person' | 'application';
  /** Milliseconds since 1970; Date.now by default. */
  now?: (() => number) | undefined;
  /** Waits milliseconds, and throws the signal's reason when it is aborted. */
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Pauses that Graph has asked for, shared by all who ask it for this provider. */
  throttle?: Throttle | undefined;
  /** One look-up with all its pages and retries may take this long; 60 s by default. */
  deadlineMs?: number | undefined;
}

/** One GET that belongs to a look-up: retried, authorised, parsed. The URL must be on the Graph origin. */
export type GraphGet = (url: string) => Promise<Record<string, unknown>>;

/** What a look-up is for, for the sentences after a 403. */
export interface Need {
  /** Goes on after "The application may not". */
  what: string;
  /** Goes on after "add the". */
  permissions: string;
}

export interface GraphClient {
  /** Starts a look-up: its requests share one deadline and may answer one claims challenge. */
  lookUp(signal: AbortSignal, need: Need): GraphGet;
}

const defaultDeadlineMs = 60_000;
const requestMs = 30_000;
const firstBackoffMs = 500;
const longestBackoffMs = 10_000;
const badBodies = 3;
/** Answers 429 to one request, after which the look-up has failed. */
const mostThrottled = 6;

const errorBody = z.object({
  error: z.object({
    code: z.string().min(1).max(200),
    innerError: z
      .object({ 'request-id': z.string().max(100).optional() })
      .optional()
      .catch(undefined),
  }),
});

/**
 * GET requests to Microsoft Graph. 429, 5xx and network faults are tried again until the deadline: after Retry-After
 * where it is given, else with exponential backoff and jitter (learn.microsoft.com/graph/throttling). What Graph has asked for is kept
 * for the look-ups that follow, of whomever.
 */
export function createGraphClient(options: GraphOptions): GraphClient {
  const now = options.now ?? Date.now;
  const sleep = options.sleep ?? wait;
  const { caller = 'person', origin, throttle = createThrottle(now) } = options;

  return {
    lookUp(signal, need) {
      const deadline = now() + (options.deadlineMs ?? defaultDeadlineMs);
      /** One of each before anything ends: a challenge is met, a token that is not accepted is renewed. */
      const tried = new Set<'claims' | 'fresh'>();

      async function send(url: string, asked: { claims?: string; fresh?: boolean } | undefined) {
        signal.throwIfAborted();
        const token = options.accessToken(asked);
        const accessToken = await orAborted(token, signal);
        return request(options.fetch, url, {
          method: 'GET',
          headers: {
            authorization: `Bearer ${accessToken}`,
            accept: 'application/json',
            // Casts and $count are "advanced queries", answered from an index that may lag a little.
            consistencylevel: 'eventual',
          },
          signal,
          timeoutMs: Math.min(requestMs, Math.max(1, deadline - now())),
        });
      }

      /** Waits before the next try, or gives up where there is no time for it. */
      async function pause(attempt: number, outcome: HttpOutcome): Promise<void> {
        const asked = throttle.answered(origin, outcome);
        const ms = asked ?? backoffMs(attempt, firstBackoffMs, longestBackoffMs);
        const isEnough = asked !== undefined && attempt + 1 >= mostThrottled;
        if (isEnough || now() + ms >= deadline) throw unreachable(origin, outcome, now());
        await sleep(ms, signal);
      }

      /** What others were told counts here as well. */
      async function untilFree(): Promise<void> {
        const ms = throttle.heldMs(origin);
        if (ms === 0) return;
        if (now() + ms >= deadline) throw heldBack(origin, ms, now());
        await sleep(ms, signal);
      }

      return async (url) => {
        await untilFree();
        let unreadable = 0;
        let asked: { claims?: string; fresh?: boolean } | undefined;
        for (let attempt = 0; ; attempt++) {
          const outcome = await send(url, asked);
          asked = undefined;
          if (outcome.kind === 'failed') {
            if (outcome.reason === 'too-large') throw malformed('the answer is too large');
            await pause(attempt, outcome);
            continue;
          }
          const { status, headers, text } = outcome;
          if (status === 429 || status >= 500) {
            await pause(attempt, outcome);
            continue;
          }
          throttle.answered(origin, outcome);
          const body = jsonObject(text);
          if (status === 200) {
            if (body) return body;
            // An answer that was cut off on its way.
            if (++unreadable === badBodies) throw malformed('the answer is no complete JSON');
            await pause(attempt, outcome);
            continue;
          }
          const fault = graphFault(body);
          const claims = status === 401 ? claimsChallenge(headers) : undefined;
          const way = claims === undefined ? 'fresh' : 'claims';
          if (status === 401 && !tried.has(way)) {
            tried.add(way);
            asked = claims === undefined ? { fresh: true } : { claims };
            continue;
          }
          // A proxy or a login page in between says nothing about the person.
          if (fault === undefined && claims === undefined) throw unreachable(origin, outcome, now());
          if (status !== 401) throw refused(status, fault, need, caller);
          throw notAccepted(claims, fault, caller);
        }
      };
    },
  };
}

/**
 * The claims that a resource with continuous access evaluation asks for: JSON text out of the WWW-Authenticate header
 * (learn.microsoft.com/entra/identity-platform/claims-challenge); undefined where there is no such challenge.
 */
export function claimsChallenge(headers: Headers): string | undefined {
  const header = headers.get('www-authenticate') ?? '';
  if (!/\berror="insufficient_claims"/.test(header)) return undefined;
  const encoded = /\bclaims="([A-Za-z0-9+/=_-]{1,20000})"/.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return jsonObject(text) ? text : undefined;
}

/** Undefined for what is no error of Graph (learn.microsoft.com/graph/errors). */
function graphFault(body: Record<string, unknown> | undefined): EntraFault | undefined {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const { code, innerError } = parsed.data.error;
  const fault: EntraFault = { error: code };
  if (innerError?.['request-id'] !== undefined) fault.traceId = innerError['request-id'];
  return fault;
}

type Caller = NonNullable<GraphOptions['caller']>;

function notAccepted(
  claims: string | undefined,
  fault: EntraFault | undefined,
  caller: Caller,
): LatchkeyError {
  if (caller === 'application') {
    return new LatchkeyError('directory-refused', 'The directory does not accept the application any more.', {
      remedy:
        'Look at the application in the Entra admin center (Entra ID > Enterprise apps), and store a new secret for it.',
      entra: fault,
    });
  }
  return new LatchkeyError('sign-in-required', 'The directory does not accept the sign-in any more.', {
    remedy: 'Sign in again.',
    entra: claims === undefined ? fault : { ...fault, claims },
  });
}

const notFound = 'Request_ResourceNotFound';

/** Whether Graph has said that there is no such account (as against a 404 of something in between). */
export function isNoSuchAccount(error: unknown): boolean {
  return (
    error instanceof LatchkeyError && error.code === 'account-disabled' && error.entra?.error === notFound
  );
}

function refused(status: number, fault: EntraFault | undefined, need: Need, caller: Caller): LatchkeyError {
  if (status === 404 && fault?.error === notFound) {
    return new LatchkeyError('account-disabled', 'The directory has no such account.', {
      remedy: 'Check the account name; an administrator finds it under Entra ID > Users.',
      entra: fault,
    });
  }
  if (status === 403) {
    return new LatchkeyError('directory-refused', `The application may not ${need.what}.`, {
      remedy: `In the Entra admin center open Entra ID > App registrations > your application > API permissions, add the ${need.permissions}, and click "Grant admin consent"; then ${caller === 'person' ? 'sign in' : 'try'} again.`,
      entra: fault,
    });
  }
  const detail = [`HTTP ${status}`, fault?.error].filter(
    (part) => part !== undefined && /^[\w .-]{1,80}$/.test(part),
  );
  return new LatchkeyError('directory-refused', `The directory refused the look-up (${detail.join(', ')}).`, {
    remedy:
      'Check "cloud" and "resource" of the provider; if they are right, give the trace id to your administrator.',
    entra: fault,
  });
}

export function malformed(detail: string): LatchkeyError {
  return new LatchkeyError('directory-refused', `The directory's answer cannot be used: ${detail}.`, {
    remedy:
      'Try again; if it stays, check "resource" of the provider and whatever stands between here and Graph.',
  });
}

function heldBack(origin: string, ms: number, now: number): LatchkeyError {
  const message = `The directory at ${new URL(origin).host} has asked not to be asked again yet.`;
  return new LatchkeyError('directory-unreachable', message, {
    remedy: `Latchkey asks again by itself; try again ${afterText(ms, now)}.`,
  });
}

function unreachable(origin: string, outcome: HttpOutcome, now: number): LatchkeyError {
  const detail = outcome.kind === 'answer' ? `HTTP ${outcome.status}` : outcome.detail;
  const { host } = new URL(origin);
  const time = certificateTimeFault(host, detail, Date.now());
  if (time !== undefined) return new LatchkeyError('clock-wrong', time.message, { remedy: time.remedy });
  if (outcome.kind === 'failed') {
    const { message, remedy } = networkFault(`the directory at ${host}`, detail);
    return new LatchkeyError('directory-unreachable', message, { remedy });
  }
  const when = afterText(retryAfterMs(outcome.headers, now), now);
  return new LatchkeyError(
    'directory-unreachable',
    `The directory at ${host} cannot be read now (${detail}).`,
    { remedy: `Check the network and try again ${when}.` },
  );
}
