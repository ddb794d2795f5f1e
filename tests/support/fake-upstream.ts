import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';

/** One connection to a fake upstream. */
export interface FakeVisit {
  /** Everything that the gateway has sent, decrypted where TLS was begun. */
  received(): Buffer;
  socket: Socket;
  /** Waits for a startup packet, or whatever comes first. */
  firstBytes(): Promise<Buffer>;
  /** Waits until this many messages with a type byte have come, and returns the last. */
  message(count: number): Promise<Buffer>;
}

export interface FakeUpstream {
  port: number;
  visits: FakeVisit[];
  close(): Promise<void>;
}

/**
 * A server on a real socket that behaves as the test says: `script` is called for each connection. It must not throw for
 * a connection that goes away.
 */
export async function startFakeUpstream(
  script: (visit: FakeVisit) => void | Promise<void>,
  host = '127.0.0.1',
): Promise<FakeUpstream> {
  const visits: FakeVisit[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const visit = watch(socket);
    visits.push(visit);
    void Promise.resolve(script(visit)).catch(() => socket.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    visits,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The same for a socket that another layer (TLS) has made. */
export function watch(socket: Socket): FakeVisit {
  let received: Buffer = Buffer.alloc(0);
  const waiting = new Set<() => void>();
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (const check of waiting) check();
  });
  const until = (enough: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!enough()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      socket.once('close', () => reject(new Error('gone')));
      check();
    });
  const messages = (): Buffer[] => {
    const found: Buffer[] = [];
    if (received.length < 4) return found;
    let offset = received.readInt32BE(0);
    while (offset + 5 <= received.length) {
      const end = offset + 1 + received.readInt32BE(offset + 1);
      if (end > received.length) break;
      found.push(received.subarray(offset, end));
      offset = end;
    }
    return found;
  };
  return {
    socket,
    received: () => received,
    async firstBytes() {
      await until(() => received.length > 0);
      return received;
    },
    async message(count) {
      await until(() => messages().length >= count);
      return messages()[count - 1] ?? Buffer.alloc(0);
    },
  };
}
