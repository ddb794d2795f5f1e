import type { NetworkRequestOptions } from '@azure/msal-node';
import { request, type HttpOutcome } from '../base/http.ts';
import { backoffMs, wait } from '../base/retry.ts';
import type { EntraFault, LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { jsonObject } from '../contract/json.ts';
import { describe, heldBack, invalidAnswer, unreachable } from './authority-faults.ts';
import { readAnswerFault, readFault } from './entra-fault.ts';
import type { Throttle } from './throttle.ts';

export interface AuthorityRequestsOptions {
  fetch: FetchLike;
  /** Ends the request or wait under way at once; MSAL's promise then rejects without another request. */
  signal: AbortSignal;
  /** Pauses that the authority has asked for. */
  throttle: Throttle;
  now: () => number;
  log: (line: string) => void;
}

type Method = 'GET' | 'POST';

const attempts = 3;
const requestMs = 30_000;
const budgetMs = 40_000;
const longestWaitMs = 10_000;

/**
 * Requests to the authority of Entra ID.
 * @param fail throws the error, and keeps it as the reason why the operation has failed
 */
export function createAuthorityRequests(
  { fetch, signal, throttle, now, log }: AuthorityRequestsOptions,
  fail: (error: LatchkeyError) => never,
) {
  const send = async (url: string, method: Method, sent: NetworkRequestOptions, timeoutMs: number) =>
    request(fetch, url, {
      method,
      headers: { accept: 'application/json', ...sent.headers },
      ...(method === 'POST' && { body: sent.body ?? '' }),
      signal,
      timeoutMs: Math.min(requestMs, timeoutMs),
    });

  /**
   * For requests that may be repeated. Only an authorization code can be used up by a try whose answer was lost; the
   * next try is then told so (54005), and the person starts again.
   */
  const sendPatiently = async (url: string, method: Method, sent: NetworkRequestOptions) => {
    const deadline = now() + budgetMs;
    const endpoint = endpointOf(url);
    const held = throttle.heldMs(endpoint);
    if (held > longestWaitMs) return fail(heldBack(url, held, now()));
    await wait(held, signal);
    for (let attempt = 0; ; attempt++) {
      const outcome = await send(url, method, sent, deadline - now());
      const asked = throttle.answered(endpoint, outcome);
      if (!isTransient(outcome)) return outcome;
      const pause = asked ?? backoffMs(attempt, 300, 2000);
      log(`authority: ${describe(outcome)}, attempt ${attempt + 1} of ${attempts}`);
      if (attempt + 1 === attempts || pause > longestWaitMs || now() + pause + 1000 > deadline) {
        return fail(unreachable(url, outcome, now()));
      }
      await wait(pause, signal);
    }
  };

  return {
    /** The object that the authority answers with, after three tries at most. */
    async forObject(
      url: string,
      method: Method,
      sent: NetworkRequestOptions,
      explain: (fault: EntraFault) => LatchkeyError,
    ): Promise<Record<string, unknown>> {
      const outcome = await sendPatiently(url, method, sent);
      const body = outcome.kind === 'answer' ? jsonObject(outcome.text) : undefined;
      const fault = outcome.kind === 'answer' && body ? readAnswerFault(outcome.status, body) : undefined;
      if (fault) return fail(explain(fault));
      // Not the authority's words: whatever stands in between says nothing about the sign-in.
      if (outcome.kind === 'answer' && outcome.status >= 400) return fail(unreachable(url, outcome, now()));
      if (!body || !isOk(outcome)) return fail(invalidAnswer(url, describe(outcome)));
      if (readFault(body)) return fail(invalidAnswer(url, 'an error that is none of OAuth'));
      return body;
    },
    /**
     * One poll, when the endpoint may be asked.
     * @param remainingMs until there is nothing more to poll for
     * @returns undefined where that is over before it was sent
     */
    async poll(
      url: string,
      sent: NetworkRequestOptions,
      remainingMs: () => number,
    ): Promise<HttpOutcome | undefined> {
      const endpoint = endpointOf(url);
      await wait(Math.min(throttle.heldMs(endpoint), remainingMs()), signal);
      const remaining = remainingMs();
      if (remaining === 0) return undefined;
      const outcome = await send(url, 'POST', sent, Math.max(1000, remaining));
      throttle.answered(endpoint, outcome);
      return outcome;
    },
  };
}

function endpointOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function isTransient(outcome: HttpOutcome): boolean {
  if (outcome.kind === 'failed') return outcome.reason !== 'too-large';
  return outcome.status >= 500 || outcome.status === 429;
}

function isOk(outcome: HttpOutcome): boolean {
  return outcome.kind === 'answer' && outcome.status >= 200 && outcome.status < 300;
}
