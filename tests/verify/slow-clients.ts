import { connect } from 'node:net';
import { startApiWorld, type ApiWorld } from '../api/api-world.ts';
import { send } from '../api/raw-request.ts';
import { count, quantile, slack, type Target } from './target.ts';

const sizes = { quick: 200, full: 2_000 };
const bounds = { cutMs: 5_000, p99Ms: 50 };

/**
 * Slow clients of the API's TCP port. The good client is the command line's way, the unix socket, and so not in the
 * same queue.
 */
export const slowClients: Target = {
  name: 'slow-clients',
  isTimed: true,
  bound: `2,000 slow clients of the API: all cut within ${bounds.cutMs / 1000} s, a good one's p99 ≤ ${bounds.p99Ms} ms`,
  async run(size) {
    const api = await startApiWorld();
    try {
      const slow = Array.from({ length: sizes[size] }, (_, index) => slowClient(api, index));
      const times: number[] = [];
      const over = new AbortController();
      const good = (async () => {
        while (!over.signal.aborted) times.push(await goodRequest(api));
      })();
      const longest = Math.max(...(await Promise.all(slow)));
      over.abort();
      await good;
      const p99 = quantile(times, 0.99);
      return {
        figure:
          `${count(sizes[size])} slow clients, the last cut after ${(longest / 1000).toFixed(1)} s; ` +
          `${count(times.length)} good requests, p99 ${p99.toFixed(0)} ms`,
        pass: longest <= bounds.cutMs * Math.min(slack(size), 3) && p99 <= bounds.p99Ms * slack(size),
      };
    } finally {
      await api.close();
    }
  },
};

/** One that says nothing, stops in its headers, or in its body, a byte in each 100 ms; how long it was put up with. */
function slowClient({ port, bearer }: ApiWorld, index: number): Promise<number> {
  const head = `POST /v1/sign-out HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${bearer}\r\n`;
  const first = [
    '',
    'G',
    `${head}x-filler: `,
    `${head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
  ];
  return new Promise((resolve) => {
    const started = performance.now();
    const socket = connect({ host: '127.0.0.1', port });
    socket.write(first[index % first.length] ?? '');
    const drip = setInterval(() => socket.writable && index % first.length > 0 && socket.write('x'), 100);
    const end = (): void => {
      clearInterval(drip);
      clearTimeout(limit);
      socket.destroy();
      resolve(performance.now() - started);
    };
    const limit = setTimeout(end, bounds.cutMs * 4);
    socket
      .on('error', () => undefined)
      .on('close', end)
      .resume();
  });
}

async function goodRequest({ socketPath, bearer }: ApiWorld): Promise<number> {
  const started = performance.now();
  const headers = { host: 'localhost', authorization: `Bearer ${bearer}` };
  const { status } = await send({ path: socketPath }, { method: 'GET', path: '/v1/state', headers });
  if (status !== 200) return Number.POSITIVE_INFINITY;
  return performance.now() - started;
}
