import { defined } from '../base/defined.ts';
import type { FetchLike } from '../contract/http.ts';
import { jsonObject } from '../contract/json.ts';
import { request, type HttpOutcome } from '../base/http.ts';
import { backoffMs, wait } from '../base/retry.ts';
import { SourceFailure } from './source-failure.ts';

export interface VaultRequest {
  method: 'GET' | 'POST';
  /** Below `/v1/`. It ends up in the server's log, so it holds no secret. */
  path: string;
  token?: string;
  body?: Record<string, unknown>;
}

/** Why there is no usable answer; the server's own texts are not kept. */
export type VaultFault =
  /** 403: a token that does not serve (any more), or a policy that does not allow it. */
  | { kind: 'denied' }
  /** Other answers of the 400 range: the request itself is of no use. */
  | { kind: 'invalid'; status: number }
  | { kind: 'sealed' }
  /** Worth another try. */
  | { kind: 'busy'; status: number }
  | { kind: 'unreachable'; detail: string }
  | { kind: 'malformed' };

export type VaultAnswer =
  { kind: 'ok'; body: Record<string, unknown> } | { kind: 'failed'; fault: VaultFault };

export interface VaultClient {
  /** Host and port, for sentences. */
  host: string;
  /** One exchange. @throws the signal's reason, and nothing else */
  send(request: VaultRequest, signal: AbortSignal): Promise<VaultAnswer>;
  /** The same, tried again twice where that is worth it. */
  sendPatiently(request: VaultRequest, signal: AbortSignal): Promise<VaultAnswer>;
}

const requestMs = 10_000;
const maxBytes = 1024 * 1024;
const attempts = 3;

/**
 * The HTTP API of HashiCorp Vault (developer.hashicorp.com/vault/api-docs) and OpenBao (openbao.org/api-docs), which
 * is the same as far as it is used here. Token and secrets stand in headers and bodies only.
 */
export function createVaultClient(options: {
  address: string;
  namespace?: string | undefined;
  fetch: FetchLike;
}): VaultClient {
  const { fetch, namespace } = options;
  const base = options.address.replace(/\/+$/, '');

  const client: VaultClient = {
    host: new URL(options.address).host,
    async send({ method, path, token, body }, signal) {
      const outcome = await request(fetch, `${base}/v1/${path}`, {
        method,
        headers: {
          accept: 'application/json',
          // Asked for by agents and proxies that guard against requests which a web page forges.
          'x-vault-request': 'true',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...defined({ 'x-vault-namespace': namespace, 'x-vault-token': token }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
        timeoutMs: requestMs,
        maxBytes,
      });
      return answerOf(outcome);
    },
    async sendPatiently(sent, signal) {
      for (let attempt = 1; ; attempt++) {
        const answer = await client.send(sent, signal);
        if (answer.kind === 'ok' || attempt === attempts || !isTransient(answer.fault)) return answer;
        await wait(backoffMs(attempt, 200, 2000), signal);
      }
    },
  };
  return client;
}

/** By status, as developer.hashicorp.com/vault/api-docs#http-status-codes lists them. */
function answerOf(outcome: HttpOutcome): VaultAnswer {
  if (outcome.kind === 'failed')
    return { kind: 'failed', fault: { kind: 'unreachable', detail: outcome.detail } };
  const { status, text } = outcome;
  if (status === 204) return { kind: 'ok', body: {} };
  if (status === 200) {
    const body = jsonObject(text);
    return body === undefined ? { kind: 'failed', fault: { kind: 'malformed' } } : { kind: 'ok', body };
  }
  if (status === 403) return { kind: 'failed', fault: { kind: 'denied' } };
  if (status === 503 && /\bis sealed\b/i.test(text)) return { kind: 'failed', fault: { kind: 'sealed' } };
  // 412: a replica that lags behind. 429: a quota, or a standby node.
  const isBusy = status >= 500 || status === 412 || status === 429;
  return { kind: 'failed', fault: { kind: isBusy ? 'busy' : 'invalid', status } };
}

/** A request that found no answer in time is not sent again: it may have made a database user. */
function isTransient(fault: VaultFault): boolean {
  return fault.kind === 'busy' || (fault.kind === 'unreachable' && fault.detail !== 'no answer in time');
}

/** For the log. */
export function describeFault(fault: VaultFault): string {
  switch (fault.kind) {
    case 'denied':
      return 'HTTP 403';
    case 'invalid':
    case 'busy':
      return `HTTP ${fault.status}`;
    case 'sealed':
      return 'the server is sealed';
    case 'unreachable':
      return fault.detail;
    case 'malformed':
      return 'an answer that is no JSON';
  }
}

/** The failure where a request of `what` got no usable answer, and none of its faults has a sentence of its own. */
export function vaultFailure(host: string, fault: VaultFault): SourceFailure {
  switch (fault.kind) {
    case 'sealed':
      return new SourceFailure(
        `the vault at ${host} is sealed`,
        'An operator unseals it with: vault operator unseal (or bao operator unseal).',
      );
    case 'unreachable': {
      const certificate = /CERT|SIGNATURE|SELF_SIGNED|ISSUER/.test(fault.detail);
      return certificate
        ? new SourceFailure(
            `the certificate of the vault at ${host} is not trusted (${fault.detail})`,
            'Name the authority that signed it in "caFile", and the host as the certificate has it in "address".',
          )
        : new SourceFailure(
            `the vault at ${host} cannot be reached (${fault.detail})`,
            'Check "address" of the rule, and the network; then try again.',
          );
    }
    case 'busy':
      return new SourceFailure(
        `the vault at ${host} has a fault (HTTP ${fault.status})`,
        "Try again in a moment; if it stays, look into the server's log: it may not reach the database.",
      );
    case 'denied':
    case 'invalid':
    case 'malformed':
      return new SourceFailure(
        `the vault at ${host} did not answer as expected (${describeFault(fault)})`,
        'Check "address", "path" and "namespace" of the rule.',
      );
  }
}
