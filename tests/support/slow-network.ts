import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

export interface SlowNetwork {
  port: number;
  /** How many there have been. */
  readonly connections: number;
  /** Those that are still to come are reset. */
  refuse(): void;
  /** Those that are still to come are taken, and nothing of them arrives anywhere. */
  swallow(): void;
  /** Resets those that there are. */
  break(): void;
  close(): Promise<void>;
}

/** A network to a port of this computer with a latency: bytes, FIN and RST arrive on the other side as much later. */
export async function startSlowNetwork(port: number, oneWayMs: number): Promise<SlowNetwork> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let refusing = false;
  let swallowing = false;
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    const later = (what: () => void): void => void setTimeout(what, oneWayMs);
    let wasReset = false;
    from.on('data', (chunk: Buffer) => later(() => to.write(chunk)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => {
      wasReset = true;
    });
    from.on('close', () => {
      sockets.delete(from);
      later(() => (wasReset && to.remoteAddress !== undefined ? to.resetAndDestroy() : to.destroy()));
    });
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    connections += 1;
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    if (swallowing) {
      sockets.add(near);
      near.on('error', () => undefined).on('close', () => sockets.delete(near));
      near.resume();
      return;
    }
    const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    join(near, far);
    join(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    break() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    refuse: () => {
      refusing = true;
    },
    swallow: () => {
      swallowing = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
