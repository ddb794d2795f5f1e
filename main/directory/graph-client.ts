import { z } from 'zod';
import { LatchkeyError, type EntraFault } from '../contract/errors.ts';
import { jsonObject, request, type FetchLike, type HttpOutcome } from '../identity/http.ts';
import { backoffMs, retryAfterMs, wait } from '../identity/retry.ts';

/** Gives an access token for Graph; with `claims` (JSON text) a new one that satisfies the challenge. */
export type AccessTokenSource = (options?: { claims?: string }) => Promise<string>;

export interface GraphOptions {
  /** Origin of Microsoft Graph. Tokens are sent there and nowhere else. */
  origin: string;
  fetch: FetchLike;
  accessToken: AccessTokenSource;
  /** Milliseconds since 1970; Date.now by default. */
  now?: (() => number) | undefined;
  /** Waits milliseconds, and throws the signal's reason when it is aborted. */
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** One look-up with all its pages and retries may take this long; 60 s by default. */
  deadlineMs?: number | undefined;
}

/** One GET that belongs to a look-up: retried, authorised, parsed. The URL must be on the Graph origin. */
export type GraphGet = (url: string) => Promise<Record<string, unknown>>;

export interface GraphClient {
  /** Starts a look-up: its requests share one deadline and may answer one claims challenge. */
  lookUp(signal: AbortSignal): GraphGet;
}

const defaultDeadlineMs = 60_000;
const requestMs = 30_000;
const firstBackoffMs = 500;
const longestBackoffMs = 10_000;
const badBodies = 3;

const errorBody = z.object({
  error: z.object({
    code: z.string().max(200).catch(''),
    innerError: z
      .object({ 'request-id': z.string().max(100).optional() })
      .optional()
      .catch(undefined),
  }),
});

/**
 * GET requests to Microsoft Graph. 429, 5xx and network faults are tried again until the deadline: after Retry-After
 * where it is given, else with exponential backoff and jitter (learn.microsoft.com/graph/throttling).
 */
export function createGraphClient(options: GraphOptions): GraphClient {
  const now = options.now ?? Date.now;
  const sleep = options.sleep ?? wait;

  return {
    lookUp(signal) {
      const deadline = now() + (options.deadlineMs ?? defaultDeadlineMs);
      let challenged = false;

      async function send(url: string, claims: string | undefined): Promise<HttpOutcome> {
        signal.throwIfAborted();
        const accessToken = await options.accessToken(claims === undefined ? undefined : { claims });
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
        const asked = outcome.kind === 'answer' ? retryAfterMs(outcome.headers, now()) : undefined;
        const ms = asked ?? backoffMs(attempt, firstBackoffMs, longestBackoffMs);
        if (now() + ms >= deadline) throw unreachable(options.origin, outcome, asked);
        await sleep(ms, signal);
      }

      return async (url) => {
        let unreadable = 0;
        let claims: string | undefined;
        for (let attempt = 0; ; attempt++) {
          const outcome = await send(url, claims);
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
          const body = jsonObject(text);
          if (status === 200) {
            if (body) return body;
            // An answer that was cut off on its way.
            if (++unreadable === badBodies) throw malformed('the answer is no complete JSON');
            await pause(attempt, outcome);
            continue;
          }
          const fault = graphFault(body);
          if (status !== 401) throw refused(status, fault);
          claims = claimsChallenge(headers);
          if (claims === undefined || challenged) throw notAccepted(claims, fault);
          challenged = true;
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

function graphFault(body: Record<string, unknown> | undefined): EntraFault | undefined {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const { code, innerError } = parsed.data.error;
  const fault: EntraFault = {};
  if (code !== '') fault.error = code;
  if (innerError?.['request-id'] !== undefined) fault.traceId = innerError['request-id'];
  return fault;
}

function notAccepted(claims: string | undefined, fault: EntraFault | undefined): LatchkeyError {
  return new LatchkeyError('sign-in-required', 'The directory does not accept the sign-in any more.', {
    remedy: 'Sign in again.',
    entra: claims === undefined ? fault : { ...fault, claims },
  });
}

function refused(status: number, fault: EntraFault | undefined): LatchkeyError {
  if (status === 403) {
    return new LatchkeyError('directory-refused', 'The application may not read the groups of the person.', {
      remedy:
        'In the Entra admin center open Entra ID > App registrations > your application > API permissions, add the delegated Microsoft Graph permissions User.Read and GroupMember.Read.All, and click "Grant admin consent"; then sign in again.',
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

function unreachable(origin: string, outcome: HttpOutcome, retryAfter: number | undefined): LatchkeyError {
  const detail = outcome.kind === 'answer' ? `HTTP ${outcome.status}` : outcome.detail;
  const when = retryAfter === undefined ? 'in some minutes' : `after ${Math.ceil(retryAfter / 1000)} seconds`;
  return new LatchkeyError(
    'directory-unreachable',
    `The directory at ${new URL(origin).host} cannot be read now (${detail}).`,
    { remedy: `Check the network and try again ${when}.` },
  );
}
