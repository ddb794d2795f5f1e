import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LatchkeyError, type EntraFault } from '../contract/errors.ts';
import { readAuthorizeFault } from './entra-fault.ts';
import { renderResultPage, resultPageHeaders, type ResultPage } from './result-page.ts';

/** What the authority sent the browser back with (RFC 6749 sections 4.1.2 and 4.1.2.1). */
export type RedirectAnswer = { code: string } | { fault: EntraFault };

/** The user id of a loopback connection's other end; undefined where the system does not tell. */
export type PeerUid = (peer: {
  address: string | undefined;
  port: number | undefined;
  localAddress: string | undefined;
  localPort: number | undefined;
}) => Promise<number | undefined>;

export interface LoopbackRedirect {
  /** `http://localhost:<port>`; of such an address Entra ID ignores the port. */
  readonly redirectUri: string;
  /** The first answer with the right state. Never rejects; stays open where none comes. */
  readonly answer: Promise<RedirectAnswer>;
  /** Gives the browser that waits its page, if one does, and takes no connection from then on. May be called twice. */
  close(page: ResultPage): void;
}

const portAttempts = 5;
const lingerMs = 1000;
/** Whatever else runs on localhost shares its cookies, so a browser's header can be long. */
const maxHeaderBytes = 64 * 1024;

/**
 * The redirect address of one browser sign-in (RFC 8252 section 7.3): a server on a free port of both loopback
 * addresses, since which of them "localhost" means is up to the browser, and nobody else is to sit on the other one.
 *
 * Every other program and page of this machine can reach it. So only `GET /` with the right Host and the right state
 * counts, once; the rest gets an error page and changes nothing. The browser's request with the answer is kept waiting
 * until {@link LoopbackRedirect.close}, so that its page can say what really came of it.
 *
 * The state reaches the browser on its command line, which other users of the machine can read: with it one of them
 * could answer with a code of their own and have this person work under that name. So another user's answer is refused
 * where `peerUid` tells.
 * @param state a secret of this sign-in
 * @throws LatchkeyError `port-in-use` where no port is free on both addresses
 */
export async function startLoopbackRedirect(state: string, peerUid?: PeerUid): Promise<LoopbackRedirect> {
  const answer = Promise.withResolvers<RedirectAnswer>();
  const expected = digest(state);
  let isAnswered = false;
  let waiting: ServerResponse | undefined;
  let host = '';

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // DNS rebinding shows in the Host header alone.
    if (request.headers.host !== host) return send(response, 421, strangePage);
    if (request.method !== 'GET') return send(response, 405, strangePage, { allow: 'GET' });
    const url = URL.parse(request.url ?? '', `http://${host}`);
    if (url?.host !== host || url.pathname !== '/') return send(response, 404, strangePage);
    const [given, ...more] = url.searchParams.getAll('state');
    if (given === undefined || more.length > 0 || !timingSafeEqual(digest(given), expected)) {
      return send(response, 400, strangePage);
    }
    const found = readAnswer(url.searchParams);
    if (found === undefined) return send(response, 400, strangePage);
    if (await isForeign(request, peerUid)) return send(response, 403, strangePage);
    if (isAnswered) return send(response, 410, repeatedPage);
    isAnswered = true;
    waiting = response;
    answer.resolve(found);
  }

  const { servers, port } = await listen(handle);
  host = `localhost:${port}`;

  return {
    redirectUri: `http://${host}`,
    answer: answer.promise,
    close(page) {
      for (const server of servers) server.close();
      if (waiting) send(waiting, 200, page);
      waiting = undefined;
      // For connections that a browser opened beforehand, and for one that does not fetch its page.
      setTimeout(() => {
        for (const server of servers) server.closeAllConnections();
      }, lingerMs).unref();
    },
  };
}

async function isForeign({ socket }: IncomingMessage, peerUid: PeerUid | undefined): Promise<boolean> {
  const { remoteAddress: address, remotePort: port, localAddress, localPort } = socket;
  const uid = await peerUid?.({ address, port, localAddress, localPort });
  return uid !== undefined && uid !== process.getuid?.();
}

function readAnswer(parameters: URLSearchParams): RedirectAnswer | undefined {
  const codes = parameters.getAll('code');
  const errors = parameters.getAll('error');
  if (errors.length === 1 && codes.length === 0) return { fault: readAuthorizeFault(parameters) };
  const [code = ''] = codes;
  return codes.length === 1 && errors.length === 0 && code !== '' ? { code } : undefined;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function listen(handle: Handler): Promise<{ servers: Server[]; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const first = createLimitedServer(handle);
    await bind(first, '127.0.0.1', 0);
    const { port } = first.address() as AddressInfo;
    const second = createLimitedServer(handle);
    try {
      await bind(second, '::1', port);
      return { servers: [first, second], port };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A machine without IPv6 has no other address that "localhost" could mean.
      if (code !== 'EADDRINUSE') return { servers: [first], port };
      first.close();
      if (attempt < portAttempts) continue;
      throw new LatchkeyError('port-in-use', 'There is no free port for the answer of the browser.', {
        remedy: 'Try again, or sign in with a device code.',
        cause: error,
      });
    }
  }
}

function bind(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address, exclusive: true }, () => {
      server.off('error', reject);
      // Without a listener a failed accept would end the process.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function createLimitedServer(handle: Handler): Server {
  const server = createServer(
    {
      headersTimeout: 2000,
      requestTimeout: 3000,
      connectionsCheckingInterval: 500,
      maxHeaderSize: maxHeaderBytes,
    },
    (request, response) => {
      handle(request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = 32;
  return server;
}

function send(
  response: ServerResponse,
  status: number,
  page: ResultPage,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { ...resultPageHeaders, ...headers, connection: 'close' })
    .end(renderResultPage(page));
}

/** Digests are of one length, which the comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const strangePage: ResultPage = {
  title: 'Nothing to see here',
  text: 'Latchkey waits here for the answer to a sign-in, and this is not it. You can close this window.',
};
const repeatedPage: ResultPage = {
  title: 'Already answered',
  text: 'This sign-in has got its answer before. You can close this window and look at Latchkey.',
};
