import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import type { EntraFault, LatchkeyError } from '../contract/errors.ts';
import { jsonObject } from '../contract/json.ts';
import type { DeviceCode } from '../session/provider-port.ts';
import { invalidAnswer } from './authority-faults.ts';
import { createAuthorityRequests, type AuthorityRequestsOptions } from './authority-requests.ts';
import type { VerificationPage } from './clouds.ts';
import { createDeviceCodePolling, type DeviceCodePolling } from './device-code.ts';
import { discoveryProblem } from './discovery.ts';
import { explainFault, explainRefreshFault } from './entra-codes.ts';

export interface AuthorityNetworkOptions extends AuthorityRequestsOptions {
  /** Origin of the authority, https. */
  origin: string;
  /** Pages that a person may be sent to with a code. */
  verificationPages: readonly VerificationPage[];
  /** Discovery documents that were read before; shared by the networks of one directory. */
  discovery: Map<string, NetworkResponse<unknown>>;
  /** Called once a device code has been received and checked. */
  onCode?: (code: DeviceCode) => void;
}

export interface AuthorityNetwork {
  module: INetworkModule;
  /**
   * Why the operation failed, as far as the exchange with the authority tells: MSAL itself drops numbers, claims and
   * ids. Undefined while nothing went wrong.
   */
  failure(): LatchkeyError | undefined;
}

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
  const { signal, now, log } = options;
  let failure: LatchkeyError | undefined;
  let polling: DeviceCodePolling | undefined;

  const fail = (error: LatchkeyError): never => {
    failure = error;
    throw error;
  };

  const requests = createAuthorityRequests(options, fail);

  const discover = async <T>(url: string, sent: NetworkRequestOptions): Promise<NetworkResponse<T>> => {
    const known = options.discovery.get(url);
    if (known) return known as NetworkResponse<T>;
    const body = await requests.forObject(url, 'GET', sent, explainFault);
    const problem = discoveryProblem(body, options.origin);
    // Not kept: the next try asks again.
    if (problem !== undefined) return fail(invalidAnswer(url, problem));
    const answer = ok<T>(body);
    options.discovery.set(url, answer);
    return answer;
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

  const startDeviceCode = async <T>(
    url: string,
    sent: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> => {
    const body = await requests.forObject(url, 'POST', sent, explainFault);
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
    const outcome = await requests.poll(url, sent, polling.remainingMs);
    if (outcome === undefined) return fail(polling.expiry());
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
    const body = await requests.forObject(url, 'POST', sent, explain);
    // An application that signs in for itself is nobody whom an id_token could name.
    return tokens(url, body, grant === 'client_credentials' ? ['access_token'] : undefined);
  };

  return {
    module: {
      async sendGetRequestAsync<T>(url: string, sent: NetworkRequestOptions = {}) {
        return discover<T>(url, sent);
      },
      async sendPostRequestAsync<T>(url: string, sent: NetworkRequestOptions = {}) {
        // Codes and refresh tokens go to the authority and to nobody else, whatever a document says.
        if (new URL(url).origin !== options.origin) return fail(invalidAnswer(url, 'another server'));
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
