import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { isLoopbackName } from '../../base/loopback.ts';

type HttpServer = ReturnType<typeof createHttpServer>;

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export interface Listener {
  port: number;
  /** Starts answering; until then requests get 503. Handlers often have to know the port first. */
  serve(handle: Handle): void;
  /** Cuts the connection of a request with a TCP reset. */
  reset(request: IncomingMessage): void;
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** 0 takes a free port. */
  port: number;
  /** PEM key and certificate; without them the listener speaks plain http. */
  tls?: { key: string; cert: string } | undefined;
}

/**
 * Listens on 127.0.0.1 and, where the machine has IPv6, on ::1 with the same port; never on any other address. A
 * request whose Host header does not name this listener by a loopback name is answered with 421 (DNS rebinding).
 *
 * @throws Error naming the port if it is taken.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const servers: HttpServer[] = [];
  // The TCP sockets below TLS: only they can be reset, and a handshake that never ends would hold up close() otherwise.
  const sockets = new Set<Socket>();
  let port = options.port;
  let serving: Handle = (_request, response) => {
    response.writeHead(503, { 'content-type': 'text/plain', connection: 'close' });
    response.end('The server is starting.\n');
  };
  const reset = ({ socket: { remoteAddress, remotePort } }: IncomingMessage): void => {
    for (const socket of sockets) {
      if (socket.remotePort === remotePort && socket.remoteAddress === remoteAddress)
        socket.resetAndDestroy();
    }
  };
  const create = (): HttpServer => {
    const handle: Handle = (request, response) => {
      const [, name = '', ownPort] = /^(.+):(\d+)$/.exec(request.headers.host?.toLowerCase() ?? '') ?? [];
      if (isLoopbackName(name) && ownPort === String(port)) return serving(request, response);
      response.writeHead(421, { 'content-type': 'text/plain', connection: 'close' });
      response.end('This address is not served here.\n');
    };
    const limits = { headersTimeout: 10_000, requestTimeout: 20_000 };
    const server: HttpServer =
      options.tls === undefined
        ? createHttpServer(limits, handle)
        : createHttpsServer({ ...limits, ...options.tls, minVersion: 'TLSv1.2' }, handle);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    return server;
  };
  const serve = (handle: Handle): void => {
    serving = handle;
  };
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };

  for (let attempt = 1; ; attempt += 1) {
    const ipv4 = create();
    servers.push(ipv4);
    port = await listen(ipv4, '127.0.0.1', options.port);
    const ipv6 = create();
    try {
      await listen(ipv6, '::1', port);
      servers.push(ipv6);
      return { port, serve, reset, close };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL') return { port, serve, reset, close };
      await close();
      servers.length = 0;
      // Somebody else holds the free port on ::1, where "localhost" would lead half of the clients.
      if (options.port !== 0 || attempt === 10) throw error;
    }
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') {
        reject(error);
        return;
      }
      const sentence = `Port ${port} on ${host} is taken by another program; choose another port.`;
      reject(Object.assign(new Error(sentence, { cause: error }), { code: error.code }));
    });
    server.listen({ host, port, exclusive: true }, () => resolve((server.address() as AddressInfo).port));
  });
}
