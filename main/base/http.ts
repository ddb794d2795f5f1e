import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type * as Undici from 'undici';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { orAborted } from './abort.ts';
import { isInDirectRange, readProxies } from './proxies.ts';

const timeoutMs = 30_000;
const defaultMaxBytes = 4 * 1024 * 1024;

/** `fetch`, and the end of its connections. */
export interface OwnFetch {
  fetch: FetchLike;
  close(): Promise<void>;
}

/**
 * The fetch of a process without Electron. With an own certificate authority (the local tenant's) that one alone is
 * trusted; else the certificates of Node and of the system, and the proxy named by HTTPS_PROXY and NO_PROXY. Its client
 * and the system's certificates are loaded for the first request, since together they take as long as all the rest of a
 * start.
 * @throws LatchkeyError `config-unreadable` where `caFile` cannot be read or holds no certificate.
 */
export function createFetch(
  options: { caFile?: string | undefined; caPem?: string | undefined } = {},
): OwnFetch {
  const limits = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
  const { caFile, caPem } = options;
  if (caFile === undefined && caPem === undefined) {
    return lateFetch(({ Agent, EnvHttpProxyAgent }) => {
      const ca = [...getCACertificates('default'), ...getCACertificates('system')];
      const tls = { secureContext: createSecureContext({ ca }), timeout: timeoutMs };
      // Always given, and an empty one means none: undici itself would end the start over one that it cannot read.
      const { http: httpProxy, https: httpsProxy } = readProxies();
      const proxied = new EnvHttpProxyAgent({
        ...limits,
        httpProxy,
        httpsProxy,
        connect: tls,
        requestTls: tls,
        proxyTls: tls,
      });
      const direct = new Agent({ ...limits, connect: tls });
      return { proxied, direct };
    });
  }
  const connect = { secureContext: authorityContext(caPem, caFile), timeout: timeoutMs };
  return lateFetch(({ Agent }) => ({ direct: new Agent({ ...limits, connect }) }));
}

/** Past the proxy that HTTP_PROXY may name, which would see what is sent in the clear: for addresses of this computer. */
export function createLoopbackFetch(): OwnFetch {
  return lateFetch(({ Agent }) => ({ direct: new Agent() }));
}

/** At once, so that one that cannot be read ends the start. */
function authorityContext(caPem: string | undefined, caFile: string | undefined): SecureContext {
  try {
    const ca = caPem ?? readFileSync(caFile as string, 'utf8');
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no PEM certificate');
    return createSecureContext({ ca });
  } catch (cause) {
    throw new LatchkeyError(
      'config-unreadable',
      `The certificate authority ${caFile ?? 'given'} cannot be read.`,
      {
        remedy: 'Name a PEM file with the certificate of the authority in "caFile".',
        cause,
      },
    );
  }
}

/** What carries requests: `proxied` leaves out what NO_PROXY names, but for its ranges of addresses. */
interface Ways {
  direct: Undici.Dispatcher;
  proxied?: Undici.Dispatcher;
}

/** @param createWays is called for the first request */
function lateFetch(createWays: (undici: typeof Undici) => Ways): OwnFetch {
  let isClosed = false;
  let loading: Promise<{ ways: Ways; fetch: FetchLike }> | undefined;
  async function load() {
    const undici = await import('undici');
    const ways = createWays(undici);
    const { direct, proxied = direct } = ways;
    // undici's own fetch and types, since a dispatcher of this version does not fit the fetch built into Node.
    const fetch: FetchLike = async (url, init) => {
      const dispatcher = isInDirectRange(new URL(url).hostname) ? direct : proxied;
      const own = { ...init, dispatcher } as Parameters<typeof undici.fetch>[1];
      return (await undici.fetch(url, own)) as unknown as Response;
    };
    return { ways, fetch };
  }
  return {
    async fetch(url, init) {
      if (isClosed) throw new Error('asked after the close');
      const { fetch } = await (loading ??= load());
      return fetch(url, init);
    },
    async close() {
      isClosed = true;
      const { ways } = (await loading) ?? {};
      await Promise.all([ways?.direct.destroy(), ways?.proxied?.destroy()]);
    },
  };
}

export type HttpOutcome =
  | { kind: 'answer'; status: number; headers: Headers; text: string }
  /** No complete answer. `detail` is a short error name such as ECONNREFUSED; it holds no URL and no secret. */
  | { kind: 'failed'; reason: 'timeout' | 'network' | 'too-large'; detail: string };

export interface HttpRequest {
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** At most this long from the call to the last byte; 30 s by default. */
  timeoutMs?: number;
  /** A longer body is not read to its end; 4 MiB by default. */
  maxBytes?: number;
}

/**
 * One HTTP exchange with its whole body. Redirects are refused: no endpoint used here redirects, and following one
 * would carry tokens to a place that nobody has checked. Returns at once on an abort, whatever the fetch does.
 * @throws the signal's reason when it is aborted, and nothing else.
 */
export async function request(fetch: FetchLike, url: string, options: HttpRequest): Promise<HttpOutcome> {
  const { signal } = options;
  signal.throwIfAborted();
  // Takes whole numbers only.
  const limit = AbortSignal.timeout(Math.max(1, Math.ceil(options.timeoutMs ?? timeoutMs)));
  const either = AbortSignal.any([signal, limit]);
  try {
    return await orAborted(exchange(fetch, url, options, either), either);
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return { kind: 'failed', reason: 'timeout', detail: 'no answer in time' };
    return { kind: 'failed', reason: 'network', detail: networkErrorName(error) };
  }
}

async function exchange(
  fetch: FetchLike,
  url: string,
  options: HttpRequest,
  signal: AbortSignal,
): Promise<HttpOutcome> {
  const response = await fetch(url, {
    method: options.method,
    headers: options.headers ?? {},
    ...(options.body === undefined ? {} : { body: options.body }),
    signal,
    redirect: 'error',
    credentials: 'omit',
    cache: 'no-store',
  });
  const text = await readText(response, options.maxBytes ?? defaultMaxBytes);
  if (text === undefined) return { kind: 'failed', reason: 'too-large', detail: 'answer too large' };
  return { kind: 'answer', status: response.status, headers: response.headers, text };
}

async function readText(response: Response, maxBytes: number): Promise<string | undefined> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString('utf8');
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}

/** Only names such as ECONNRESET or ERR_CERT_AUTHORITY_INVALID are passed on: whole messages may quote the URL. */
export function networkErrorName(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    // undici's own error for a tunnel that was refused has no code for it.
    const [, status] = /^Proxy response \((\d{3})\)/.exec(current.message) ?? [];
    if (status !== undefined) return `PROXY_${status}`;
    const { code } = current as { code?: unknown };
    if (typeof code === 'string' && /^[A-Z0-9_]{3,60}$/.test(code)) return code;
    const name = /\bnet::(ERR_[A-Z0-9_]{1,60})/.exec(current.message);
    if (name?.[1]) return name[1];
  }
  return 'connection failed';
}
