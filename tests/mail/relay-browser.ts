import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchPageEngine } from '../support/pages.ts';

export const relayFile = join(import.meta.dirname, '../../assets/relay.html');
export const relaySource = readFileSync(relayFile, 'utf8');

export interface RelayServer {
  origin: string;
  port: number;
  /** Every byte that browsers have sent. */
  received(): string;
  close(): Promise<void>;
}

/** A static host in its smallest form: whatever is asked for, it answers with the page and no headers of its own. */
export async function serveRelay(source = relaySource): Promise<RelayServer> {
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const body = Buffer.from(source);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received.push(chunk);
      socket.end(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
          ),
          body,
        ]),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    received: () => Buffer.concat(received).toString('latin1'),
    close: () =>
      new Promise((resolve) => {
        sockets.forEach((socket) => socket.destroy());
        server.close(() => resolve());
      }),
  };
}

export interface Opened {
  page: Page;
  context: BrowserContext;
  /** Addresses of everything the context has asked for, fragments left out as on the wire. */
  requests: string[];
  /** Violations of the page's policy, script errors, warnings. */
  complaints: string[];
}

export interface RelayBrowser {
  open(address: string, options?: BrowserContextOptions): Promise<Opened>;
  close(): Promise<void>;
}

/** Chromium for which `relay.test` is this machine, but no secure context; no other name leads anywhere. */
export async function startRelayBrowser(): Promise<RelayBrowser> {
  const browser = await launchPageEngine([
    '--host-resolver-rules=MAP relay.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ]);
  return {
    async open(address, options = {}) {
      const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
      const requests: string[] = [];
      context.on('request', (request) => requests.push(request.url()));
      // Stands for Microsoft's pages: nothing in these tests may leave the machine.
      await context.route(
        (url) => url.protocol === 'https:',
        (route) => route.fulfill({ contentType: 'text/html', body: '<title>Microsoft</title>' }),
      );
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(address);
      return { page, context, requests, complaints };
    },
    close: () => browser.close(),
  };
}
