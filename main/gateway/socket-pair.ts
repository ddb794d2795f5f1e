import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/**
 * Two ends of one connection inside this process, so that a program's two pipes look like the socket that the rest of the
 * gateway works with. Somebody else who connects in this moment is told apart by address and port.
 *
 * @throws where the system has no descriptor left, or the signal aborts first.
 */
export async function socketPair(signal: AbortSignal): Promise<[Socket, Socket]> {
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted.push(socket.on('error', ignore));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const localEnd = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  localEnd.on('error', ignore);
  try {
    await once(localEnd, 'connect', { signal });
    let programEnd: Socket | undefined;
    const isOurs = ({ remoteAddress, remotePort }: Socket): boolean =>
      remoteAddress === localEnd.localAddress && remotePort === localEnd.localPort;
    while ((programEnd = accepted.find(isOurs)) === undefined) await once(server, 'connection', { signal });
    for (const socket of accepted) if (socket !== programEnd) socket.destroy();
    return [localEnd, programEnd];
  } catch (error) {
    for (const socket of [localEnd, ...accepted]) socket.destroy();
    throw error;
  } finally {
    server.close();
  }
}

function ignore(): void {}
