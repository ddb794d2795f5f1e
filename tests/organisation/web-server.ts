import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WebServer {
  url: string;
  /** Undefined: there is no such file. */
  text: string | undefined;
  /** How often it was asked. */
  asked: number;
  close(): Promise<void>;
}

/** A static web server of this computer with one file. */
export async function startWebServer(): Promise<WebServer> {
  const site = { text: undefined as string | undefined, asked: 0 };
  const server = createServer((request, response) => {
    site.asked += 1;
    const etag = `"${site.text?.trim().slice(-40)}"`;
    if (site.text === undefined) response.writeHead(404).end();
    else if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(site.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(site, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/latchkey.jws`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
