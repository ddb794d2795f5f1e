import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Broker, RefusedRequest } from '../broker.ts';
import type { z } from 'zod';
import { LatchkeyError, toLogText, toProblem, type ErrorCode, type Problem } from '../contract/errors.ts';
import { writeDurably } from '../store/durable-file.ts';
import type { Home } from '../store/home.ts';
import type { ApiDescription } from './description.ts';
import { apiFile, socketAddress } from './description.ts';
import { guard, type GuardRefusal } from './guard.ts';
import { routes } from './routes.ts';

const loopback = '127.0.0.1';
const maxBodyBytes = 64 * 1024;
/** A flood of refused requests must not fill the audit: one record for each reason in this time. */
const refusalRecordEveryMs = 10_000;

const statusOf: Partial<Record<ErrorCode, number>> = {
  'request-invalid': 400,
  'connection-unknown': 404,
  'token-unknown': 404,
  'session-unknown': 404,
  'sign-in-required': 403,
  'not-allowed': 403,
  'role-not-allowed': 403,
  'groups-unknown': 403,
  'sign-in-busy': 409,
  'limit-reached': 429,
  internal: 500,
};

export interface ApiServer {
  description: ApiDescription;
  close(): Promise<void>;
}

/**
 * Opens the HTTP API on loopback TCP and, where the system has them, on a unix socket in the home's 0700 folder or a
 * named pipe. Where to find it and the bearer token for it stand in `run/api.json` (0600), new at every start.
 * @throws LatchkeyError `port-in-use`, `socket-unusable`
 */
export async function startApi(options: {
  broker: Broker;
  home: Home;
  port: number | undefined;
  version: string;
  /** For the log of the process: faults of our own. */
  log(line: string): void;
  /** Who listens at this port, for a sentence. */
  portOwnerName(host: string, port: number): Promise<string>;
}): Promise<ApiServer> {
  const { broker, home, log, portOwnerName } = options;
  const bearer = randomBytes(32).toString('base64url');
  const recorded = new Map<string, number>();
  const opened: Server[] = [];

  function recordRefusal(request: IncomingMessage, { reason }: GuardRefusal): void {
    const now = performance.now();
    if (now - (recorded.get(reason) ?? -Infinity) < refusalRecordEveryMs) return;
    recorded.set(reason, now);
    const { host, origin } = request.headers;
    const refused: RefusedRequest = {
      reason,
      method: request.method ?? '',
      // Without its query, which may be anything.
      path: (request.url ?? '').split('?', 1)[0] ?? '',
      ...(host === undefined ? {} : { host }),
      ...(origin === undefined ? {} : { origin }),
    };
    void broker.recordRefusedRequest(refused).catch(() => undefined);
  }

  async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    port: number | undefined,
  ): Promise<void> {
    const refusal = guard({ method: request.method ?? '', headers: request.headers }, port, bearer);
    if (refusal !== undefined) {
      recordRefusal(request, refusal);
      response.setHeader('connection', 'close');
      return send(response, refusal.status, {
        problem: { code: 'request-refused', message: refusal.message },
      });
    }
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const route = routes[`${request.method} ${path}`];
    if (route === undefined)
      return send(response, 404, {
        problem: { code: 'request-invalid', message: 'There is nothing at this path.' },
      });
    try {
      const raw =
        request.method === 'GET'
          ? Object.fromEntries(new URLSearchParams(query))
          : JSON.parse(await bodyOf(request));
      const input = route.body.safeParse(raw);
      if (!input.success) throw invalid(faultText(input.error));
      send(response, 200, await route.run(broker, input.data as never));
    } catch (error) {
      if (request.errored !== null) return void response.destroy();
      const problem = toProblem(error instanceof SyntaxError ? invalid('the body is not JSON') : error);
      if (problem.code === 'internal') log(`api: ${toLogText(error)}`);
      // What is left of a body that was not read to its end.
      if (!request.complete) response.setHeader('connection', 'close');
      send(response, statusOf[problem.code] ?? 422, { problem });
    }
  }

  async function open(address: { port: number } | { path: string }): Promise<Server> {
    let port: number | undefined;
    // Node's own limits are a minute and more; a local caller needs milliseconds.
    const server = createServer(
      {
        headersTimeout: 2_000,
        requestTimeout: 3_000,
        connectionsCheckingInterval: 500,
        maxHeaderSize: 8_192,
      },
      (request, response) => {
        void handle(request, response, port).catch(() => response.destroy());
      },
    );
    // An error that comes later is one failed accept (no descriptor free, say): the next one may succeed.
    server.on('error', () => undefined);
    server.maxConnections = 256;
    server.keepAliveTimeout = 2_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(
        'port' in address ? { port: address.port, host: loopback, exclusive: true } : { path: address.path },
        resolve,
      );
    }).catch((cause: NodeJS.ErrnoException) => explainFailure(address, cause));
    opened.push(server);
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') port = bound.port;
    return server;
  }

  async function explainFailure(
    address: { port: number } | { path: string },
    cause: NodeJS.ErrnoException,
  ): Promise<never> {
    const options = {
      cause,
      remedy: 'Set another api.port in the configuration, or end the program that holds it.',
    };
    if ('port' in address && cause.code === 'EADDRINUSE') {
      const owner = await portOwnerName(loopback, address.port);
      const message = `The API cannot listen on port ${address.port}: it is in use by ${owner}.`;
      throw new LatchkeyError('port-in-use', message, options);
    }
    const place = 'port' in address ? `port ${address.port}` : address.path;
    throw new LatchkeyError('socket-unusable', `The API cannot listen on ${place} (${cause.code}).`, options);
  }

  async function close(): Promise<void> {
    await rm(apiFile(home), { force: true });
    await Promise.all(
      opened.map((server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  try {
    const tcp = await open({ port: options.port ?? 0 });
    const path = socketAddress(home);
    if (path !== undefined) {
      // What a killed process has left: the home is ours alone, so nobody listens there.
      if (process.platform !== 'win32') await rm(path, { force: true });
      await open({ path });
    }
    const description: ApiDescription = {
      pid: process.pid,
      version: options.version,
      url: `http://127.0.0.1:${(tcp.address() as AddressInfo).port}`,
      ...(path === undefined ? {} : { socket: path }),
      bearer,
    };
    await writeDurably(apiFile(home), new TextEncoder().encode(`${JSON.stringify(description)}\n`));
    return { description, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw invalid('the body is too long');
  // Left open, so that the answer can still be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) throw invalid('the body is too long');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function faultText({ issues: [first] }: z.ZodError): string | undefined {
  return first === undefined || first.path.length === 0
    ? first?.message
    : `${first.path.join('.')}: ${first.message}`;
}

function invalid(what = 'it has the wrong form'): LatchkeyError {
  return new LatchkeyError('request-invalid', `The request is not understood: ${what}.`, {
    remedy: 'docs/API.md lists the routes and their bodies.',
  });
}

function send(response: ServerResponse, status: number, body: unknown | { problem: Problem }): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-length': Buffer.byteLength(text),
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
