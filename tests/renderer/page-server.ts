import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appOrigin } from '../../main/desktop/origin.ts';
import { answerPageRequest } from '../../main/desktop/page-files.ts';

/**
 * Serves built pages over HTTP as the application does on its own scheme, by the same function: the same files, types
 * and content security policy.
 */
export async function startPageServer(folder: string): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answerPageRequest(
      new Request(`${appOrigin}${request.url ?? '/'}`, { method: request.method ?? 'GET' }),
      folder,
    ).then(async (answer) => {
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
