import { once } from 'node:events';
import { type AddressInfo, type Socket, connect as connectTcp, createServer } from 'node:net';

export const faultKinds = ['cut', 'reset', 'garble', 'stall'] as const;

/** What a connection suffers once this many bytes of the server have passed. */
export interface Fault {
  after: number;
  kind: (typeof faultKinds)[number];
}

export const noFault: Fault = { after: Number.POSITIVE_INFINITY, kind: 'cut' };

export interface ShakyRelay {
  port: number;
  /** For the connections that begin from now on. */
  fault: Fault;
  close(): void;
}

/** A relay in front of a real server that stops, cuts or garbles after a number of bytes. */
export async function startShakyRelay(serverPort: number): Promise<ShakyRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectTcp(serverPort, '127.0.0.1');
    const { after, kind } = relay.fault;
    let passed = 0;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy());
    near.pipe(far);
    far.on('data', (chunk: Buffer) => {
      const room = Math.max(0, after - passed);
      passed += chunk.length;
      near.write(chunk.subarray(0, room));
      if (chunk.length <= room) return;
      if (kind === 'cut') near.destroy();
      else if (kind === 'reset') near.resetAndDestroy();
      else if (kind === 'garble') near.write(Buffer.from(chunk.subarray(room).map((byte) => byte ^ 0x55)));
    });
    far.on('end', () => near.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay: ShakyRelay = {
    port: (server.address() as AddressInfo).port,
    fault: noFault,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return relay;
}
