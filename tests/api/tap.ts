import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export interface Tap {
  port: number;
  /** Status codes of everything that was answered through the tap, in order. */
  statuses: number[];
  close(): void;
}

/** Passes connections on to a port of this computer and notes the answers: proof that a request arrived. */
export async function startTap(target: number): Promise<Tap> {
  const statuses: number[] = [];
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: target });
    far.on('data', (chunk) => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1];
      // 408 ends the spare connections that browsers open in advance.
      if (status !== undefined && status !== '408') statuses.push(Number(status));
    });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, statuses, close: () => server.close() };
}
