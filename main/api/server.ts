import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Broker } from '../broker/broker.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { writeDurably } from '../store/durable-file.ts';
import type { Home } from '../store/home.ts';
import { apiFile, socketAddress, type ApiDescription } from './description.ts';
import { createRequestHandler, type RequestHandler } from './requests.ts';

const loopback = '127.0.0.1';
/** Node's own limits are a minute and more; a local caller needs milliseconds. */
const patienceMs = { headers: 2_000, request: 3_000, keepAlive: 2_000 };
const longestTimer = 2 ** 31 - 1;

type Address = { port: number } | { path: string };

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
  const { broker, home, log, version, portOwnerName } = options;
  const bearer = randomBytes(32).toString('base64url');
  const handler = createRequestHandler({ broker, bearer, log });
  const opened: Server[] = [];

  async function open(address: Address): Promise<Server> {
    const server = await listen(address, handler).catch((cause: NodeJS.ErrnoException) =>
      explainFailure(address, cause, portOwnerName),
    );
    opened.push(server);
    return server;
  }

  async function close(): Promise<void> {
    const forgotten = rm(apiFile(home), { force: true });
    await Promise.allSettled([forgotten, ...opened.map(closeServer)]);
    await forgotten;
  }

  try {
    const tcp = await open({ port: options.port ?? 0 });
    const path = socketAddress(home);
    if (path !== undefined) {
      // What a killed process has left: the home is ours alone, so nobody listens there.
      if (process.platform !== 'win32')
        await rm(path, { force: true }).catch((cause: NodeJS.ErrnoException) =>
          explainFailure({ path }, cause, portOwnerName),
        );
      await open({ path });
    }
    const description: ApiDescription = {
      pid: process.pid,
      version,
      url: `http://${loopback}:${(tcp.address() as AddressInfo).port}`,
      ...(path === undefined ? {} : { socket: path }),
      bearer,
    };
    await writeDurably(apiFile(home), new TextEncoder().encode(`${JSON.stringify(description)}\n`));
    return { description, close };
  } catch (error) {
    // What cannot be cleared away is what the error is about.
    await close().catch(() => undefined);
    throw error;
  }
}

export async function listen(address: Address, handler: RequestHandler): Promise<Server> {
  let port: number | undefined;
  const server = createServer(
    {
      // Node would look at its connections again and again, also while there is none.
      headersTimeout: 0,
      requestTimeout: 0,
      connectionsCheckingInterval: longestTimer,
      maxHeaderSize: 8_192,
    },
    (request, response) => {
      void handler(request, response, port).catch(() => response.destroy());
    },
  );
  // An error that comes later is one failed accept (no descriptor free, say): the next one may succeed.
  server.on('error', () => undefined);
  server.maxConnections = 256;
  server.keepAliveTimeout = patienceMs.keepAlive;
  limitWaits(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('port' in address ? { ...address, host: loopback, exclusive: true } : address, resolve);
  });
  const bound = server.address();
  if (bound !== null && typeof bound === 'object') port = bound.port;
  return server;
}

/** Ends connections that do not bring a whole request in time, however they drip. */
function limitWaits(server: Server): void {
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  /** Requests that wait for their answer; a client may send the next one before. */
  const open = new WeakMap<Socket, number>();
  const count = (socket: Socket, by: number): number => {
    const now = (open.get(socket) ?? 0) + by;
    open.set(socket, now);
    return now;
  };
  function within(ms: number, socket: Socket, isWhole = (): boolean => false): void {
    clearTimeout(timers.get(socket));
    if (socket.destroyed) return;
    const timer = setTimeout(() => {
      if (!isWhole()) socket.destroy();
    }, ms);
    timers.set(socket, timer.unref());
  }
  server.on('connection', (socket) => {
    within(patienceMs.headers, socket);
    socket.once('close', () => clearTimeout(timers.get(socket)));
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    count(socket, 1);
    within(patienceMs.request, socket, () => request.complete);
    response.once('close', () => {
      if (count(socket, -1) === 0) within(patienceMs.keepAlive + patienceMs.headers, socket);
    });
  });
}

export function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return closed;
}

export async function explainFailure(
  address: Address,
  cause: NodeJS.ErrnoException,
  portOwnerName: (host: string, port: number) => Promise<string>,
  what = { name: 'API', key: 'api.port' },
): Promise<never> {
  const options = {
    cause,
    remedy:
      'port' in address
        ? `Set another ${what.key} in the configuration, or end the program that holds it.`
        : 'Remove what is there.',
  };
  if ('port' in address && cause.code === 'EADDRINUSE') {
    const owner = await portOwnerName(loopback, address.port);
    const message = `The ${what.name} cannot listen on port ${address.port}: it is in use by ${owner}.`;
    throw new LatchkeyError('port-in-use', message, options);
  }
  const place = 'port' in address ? `port ${address.port}` : address.path;
  throw new LatchkeyError(
    'socket-unusable',
    `The ${what.name} cannot listen on ${place} (${cause.code}).`,
    options,
  );
}
