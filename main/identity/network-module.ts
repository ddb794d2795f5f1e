import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { LatchkeyError, type EntraFault } from '../contract/errors.ts';
import type { VerificationPage } from './clouds.ts';
import { createDeviceCodePolling, type DeviceCode, type DeviceCodePolling } from './device-code.ts';
import { explainFault, explainRefreshFault } from './entra-codes.ts';
import { readFault } from './entra-fault.ts';
import type { FetchLike } from '../contract/http.ts';
import { jsonObject, request, type HttpOutcome } from './http.ts';
import { backoffMs, retryAfterMs, wait } from './retry.ts';

export interface AuthorityNetworkOptions {
  fetch: FetchLike;
  /** Ends the request or wait under way at once; MSAL's promise then rejects without another request. */
  signal: AbortSignal;
  /** Pages that a person may be sent to with a code. */
  verificationPages: readonly VerificationPage[];
  /** Discovery documents that were read before; shared by the networks of one directory. */
  discovery: Map<string, NetworkResponse<unknown>>;
  /** Called once a device code has been received and checked. */
  onCode?: (code: DeviceCode) => void;
  now: () => number;
  log: (line: string) => void;
}

export interface AuthorityNetwork {
  module: INetworkModule;
  /**
   * Why the operation failed, as far as the exchange with the authority tells: MSAL itself drops numbers, claims and
   * ids. Undefined while nothing went wrong.
   */
  failure(): LatchkeyError | undefined;
}

const attempts = 3;
const requestMs = 30_000;
const budgetMs = 40_000;
const longestWaitMs = 10_000;

/**
 * MSAL's network module for one operation: a sign-in, a renewal, a token of the application. MSAL gives up on the first
 * `slow_down`, reset or 503, takes some broken answers for success and forgets why it failed; here every answer is
 * judged before MSAL sees it:
 *
 * - a devicecode answer must be complete and name an allowed page, else the operation fails;
 * - polling goes on through `slow_down`, 429, 5xx, resets and garbage until the code expires (RFC 8628 section 3.5);
 * - other requests are tried up to three times within 40 s;
 * - a token answer without a token fails the operation.
 *
 * MSAL is told the interval 0 and the pace is kept in here, where a wait can be aborted; its own cannot.
 */
export function createAuthorityNetwork(options: AuthorityNetworkOptions): AuthorityNetwork {
  const { fetch, signal, now, log } = options;
  let failure: LatchkeyError | undefined;
  let polling: DeviceCodePolling | undefined;

  const fail = (error: LatchkeyError): never => {
    failure = error;
    throw error;
  };

  const send = async (url: string, method: 'GET' | 'POST', sent: NetworkRequestOptions, timeoutMs: number) =>
    request(fetch, url, {
      method,
      headers: { accept: 'application/json', ...sent.headers },
      ...(method === 'POST' ? { body: sent.body ?? '' } : {}),
      signal,
      timeoutMs,
    });

  /**
   * For requests that may be repeated. Only an authorization code can be used up by a try whose answer was lost; the
   * next try is then told so (54005), and the person starts again.
   */
  const sendPatiently = async (url: string, method: 'GET' | 'POST', sent: NetworkRequestOptions) => {
    const deadline = now() + budgetMs;
    for (let attempt = 0; ; attempt++) {
      const outcome = await send(url, method, sent, Math.min(requestMs, deadline - now()));
      if (!isTransient(outcome)) return outcome;
      const asked = outcome.kind === 'answer' ? retryAfterMs(outcome.headers, now()) : undefined;
      const pause = asked ?? backoffMs(attempt, 300, 2000);
      log(`authority: ${describe(outcome)}, attempt ${attempt + 1} of ${attempts}`);
      if (attempt + 1 === attempts || pause > longestWaitMs || now() + pause + 1000 > deadline) {
        return fail(unreachable(url, outcome, asked));
      }
      await wait(pause, signal);
    }
  };

  const sendForObject = async (
    url: string,
    method: 'GET' | 'POST',
    sent: NetworkRequestOptions,
    explain: (fault: EntraFault) => LatchkeyError,
  ): Promise<Record<string, unknown>> => {
    const outcome = await sendPatiently(url, method, sent);
    const body = outcome.kind === 'answer' ? jsonObject(outcome.text) : undefined;
    const fault = body && readFault(body);
    if (fault) return fail(explain(fault));
    if (!body || !isOk(outcome)) return fail(invalidAnswer(url, describe(outcome)));
    return body;
  };

  const discover = async <T>(url: string, sent: NetworkRequestOptions): Promise<NetworkResponse<T>> => {
    const known = options.discovery.get(url);
    if (known) return known as NetworkResponse<T>;
    const answer = ok<T>(await sendForObject(url, 'GET', sent, explainFault));
    options.discovery.set(url, answer);
    return answer;
  };

  const startDeviceCode = async <T>(
    url: string,
    sent: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> => {
    const body = await sendForObject(url, 'POST', sent, explainFault);
    const started = createDeviceCodePolling(body, { verificationPages: options.verificationPages, now });
    if ('problem' in started) return fail(invalidAnswer(url, started.problem));
    polling = started.polling;
    options.onCode?.(started.code);
    // The interval that MSAL sleeps by itself: none, since it cannot be woken.
    return ok({ ...started.answer, interval: 0 });
  };

  const poll = async <T>(url: string, sent: NetworkRequestOptions): Promise<NetworkResponse<T>> => {
    if (!polling) return fail(invalidAnswer(url, 'polled without a code'));
    await polling.untilNext(signal);
    const remaining = polling.remainingMs();
    if (remaining === 0) return fail(polling.expiry());
    const outcome = await send(url, 'POST', sent, Math.min(requestMs, Math.max(1000, remaining)));
    const body = outcome.kind === 'answer' ? jsonObject(outcome.text) : undefined;
    const verdict = polling.judge(outcome, body);
    switch (verdict.kind) {
      case 'pending':
        if (verdict.trouble) log(`authority: ${verdict.trouble} while waiting for the code to be used`);
        return { status: 400, headers: {}, body: { error: 'authorization_pending' } as T };
      case 'refused':
        return fail(explainFault(verdict.fault));
      case 'done':
        return tokens(url, verdict.body);
    }
  };

  const redeem = async <T>(
    url: string,
    sent: NetworkRequestOptions,
    grant: string | null,
  ): Promise<NetworkResponse<T>> => {
    const explain = (fault: EntraFault) =>
      grant === 'refresh_token' ? explainRefreshFault(fault) : explainFault(fault, 'browser');
    const body = await sendForObject(url, 'POST', sent, explain);
    // An application that signs in for itself is nobody whom an id_token could name.
    return tokens(url, body, grant === 'client_credentials' ? ['access_token'] : undefined);
  };

  const tokens = <T>(
    url: string,
    body: Record<string, unknown>,
    needed = ['access_token', 'id_token'],
  ): NetworkResponse<T> => {
    for (const name of needed) {
      if (typeof body[name] !== 'string' || body[name] === '') return fail(invalidAnswer(url, `no ${name}`));
    }
    // Without refresh_in MSAL starts no renewal of its own in the background, whose result nobody would check.
    const { refresh_in: _ignored, ...rest } = body;
    return ok(rest);
  };

  return {
    module: {
      async sendGetRequestAsync<T>(url: string, sent: NetworkRequestOptions = {}) {
        return discover<T>(url, sent);
      },
      async sendPostRequestAsync<T>(url: string, sent: NetworkRequestOptions = {}) {
        if (new URL(url).pathname.endsWith('/devicecode')) return startDeviceCode<T>(url, sent);
        const grant = new URLSearchParams(sent.body).get('grant_type');
        return grant === 'device_code' ? poll<T>(url, sent) : redeem<T>(url, sent, grant);
      },
    },
    failure: () => failure,
  };
}

function ok<T>(body: Record<string, unknown>): NetworkResponse<T> {
  return { status: 200, headers: {}, body: body as T };
}

function isTransient(outcome: HttpOutcome): boolean {
  if (outcome.kind === 'failed') return outcome.reason !== 'too-large';
  return outcome.status >= 500 || outcome.status === 429;
}

function isOk(outcome: HttpOutcome): boolean {
  return outcome.kind === 'answer' && outcome.status >= 200 && outcome.status < 300;
}

function describe(outcome: HttpOutcome): string {
  return outcome.kind === 'answer' ? `HTTP ${outcome.status}` : outcome.detail;
}

function unreachable(url: string, outcome: HttpOutcome, retryAfter: number | undefined): LatchkeyError {
  const host = new URL(url).host;
  if (outcome.kind === 'failed') {
    const certificate = /CERT|SIGNATURE|SELF_SIGNED|ISSUER/.test(outcome.detail);
    return new LatchkeyError(
      'authority-unreachable',
      certificate
        ? `The certificate of ${host} is not trusted (${outcome.detail}).`
        : `The authority ${host} cannot be reached (${outcome.detail}).`,
      {
        remedy: certificate
          ? "Where a proxy inspects traffic, add its certificate authority to the system's certificates."
          : 'Check the network, and HTTPS_PROXY where a proxy is needed; then try again.',
      },
    );
  }
  const busy = outcome.status === 429;
  return new LatchkeyError(
    'authority-unreachable',
    `The authority ${host} ${busy ? 'is overloaded' : 'has a fault'} (HTTP ${outcome.status}).`,
    {
      remedy: `Try again ${retryAfter === undefined ? 'in some minutes' : `after ${Math.ceil(retryAfter / 1000)} seconds`}; nothing has to be changed here.`,
    },
  );
}

function invalidAnswer(url: string, detail: string): LatchkeyError {
  return new LatchkeyError(
    'authority-invalid',
    `${new URL(url).host} did not answer as an authority of Entra ID does (${detail}).`,
    {
      remedy:
        'Check "authority" and "cloud" of the provider; a login page of the network can be the cause, too.',
    },
  );
}
