import { Readable } from 'node:stream';
import { net, type IncomingMessage } from 'electron';
import type { FetchLike } from '../contract/http.ts';
import type { ProxyLogin } from './ports.ts';

/**
 * HTTP as the system does it: its proxy, its certificates. By `net.request`, since `net.fetch` has no way to answer a
 * proxy that asks for a login (407). Cookies neither go nor stay; redirects are refused. Of a request's `init` method,
 * headers, a text as body and the signal count, which is all that is used.
 */
export function createSystemFetch(proxyLogin: ProxyLogin): FetchLike {
  return (url, init) => send(url, init, proxyLogin);
}

function send(url: string, init: RequestInit, proxyLogin: ProxyLogin): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { signal } = init;
    signal?.throwIfAborted();
    const request = net.request({
      url,
      method: init.method ?? 'GET',
      redirect: 'error',
      useSessionCookies: false,
      cache: 'no-store',
    });
    for (const [name, value] of new Headers(init.headers)) request.setHeader(name, value);
    const stop = (): void => {
      request.abort();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', stop, { once: true });
    let tried = false;
    request.on('login', ({ isProxy, host, port }, answer) => {
      const login = isProxy && !tried ? proxyLogin({ host, port }) : undefined;
      tried = true;
      if (login !== undefined) return answer(login.username, login.password);
      // Nobody to ask: the request would stay as it is.
      reject(
        Object.assign(new Error('login wanted'), {
          code: isProxy ? 'ERR_PROXY_AUTH_WANTED' : 'ERR_AUTH_WANTED',
        }),
      );
      request.abort();
    });
    request.on('error', reject);
    request.on('response', (message) => resolve(responseOf(message)));
    request.on('close', () => signal?.removeEventListener('abort', stop));
    request.end(typeof init.body === 'string' ? init.body : undefined);
  });
}

function responseOf(message: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headers))
    for (const value of [values].flat()) headers.append(name, value);
  const { statusCode: status } = message;
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  // Electron's message is a readable stream, though its types do not say so.
  const body = Readable.toWeb(message as unknown as Readable) as ReadableStream;
  return new Response(hasBody ? body : null, { status, headers });
}
