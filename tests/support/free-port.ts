import { createServer } from 'node:net';

/**
 * A loopback port that was free a moment ago. Drawn from below the ephemeral range (32768 on Linux), where no outgoing
 * connection of a parallel test can take it before the caller listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
