import type { Monitor } from '../broker/monitor.ts';
import { guard } from './guard.ts';
import { pageHeaders, pagesOf } from './pages.ts';
import { closeServer, explainFailure, listen } from './server.ts';

const what = { name: 'metrics', key: 'metrics.port' };

/**
 * Opens the pages for programs that watch at a loopback port of their own, without a bearer: nothing in them is a secret, and
 * nobody is named. Web pages are kept out as they are from the API.
 * @throws LatchkeyError `port-in-use`, `socket-unusable`
 */
export async function openWatched({
  monitor,
  port: wanted,
  portOwnerName,
}: {
  monitor: Monitor;
  port: number;
  portOwnerName(host: string, port: number): Promise<string>;
}): Promise<{ close(): Promise<void> }> {
  const pages = pagesOf(monitor);
  const server = await listen({ port: wanted }, async (request, response, port) => {
    const { method = '', url = '', headers } = request;
    const refusal = guard({ method, headers }, port, () => true);
    const page = method === 'GET' ? pages.get(url.split('?', 1)[0] ?? '')?.() : undefined;
    if (refusal !== undefined) response.writeHead(refusal.status, { connection: 'close' }).end();
    else if (page === undefined) response.writeHead(404).end();
    else response.writeHead(page.status, pageHeaders(page)).end(page.text);
  }).catch((cause: NodeJS.ErrnoException) => explainFailure({ port: wanted }, cause, portOwnerName, what));
  return { close: () => closeServer(server) };
}
