import { createServer } from 'node:net';
import { LatchkeyError } from '../contract/errors.ts';
import type { ProtocolName } from '../contract/protocols.ts';

/** The servers' own ports with a 1 in front. */
const firstPorts: Record<ProtocolName, number> = { postgresql: 15432, mysql: 13306, sqlserver: 11433 };
/** Linux hands the ones above out to outgoing connections. */
const lastPort = 32_767;

/**
 * A loopback port for a new connection.
 * @param taken those that the configuration names already
 * @throws LatchkeyError `port-in-use` where there is none
 */
export async function findFreePort(protocol: ProtocolName, taken: ReadonlySet<number>): Promise<number> {
  for (let port = firstPorts[protocol]; port <= lastPort; port += 1)
    if (!taken.has(port) && (await isFree(port))) return port;
  throw new LatchkeyError('port-in-use', 'There is no free port for the connection.', {
    remedy: 'Name one yourself, or remove connections that are not needed.',
  });
}

/** Whether nobody listens there, at either loopback address. */
export async function isFree(port: number): Promise<boolean> {
  return (await isFreeAt('127.0.0.1', port)) && (await isFreeAt('::1', port));
}

function isFreeAt(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // A computer without IPv6 has nobody there.
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'),
    );
    server.listen({ host, port, exclusive: true, ipv6Only: true }, () => server.close(() => resolve(true)));
  });
}
