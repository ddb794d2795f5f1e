import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { buildProgram } from '../support/builds.ts';
import { describeWith } from '../support/parts.ts';
import { desktopParts } from './parts.ts';

describeWith([desktopParts.electron, desktopParts.display], 'the desktop behind a proxy', () => {
  let script: string;
  beforeAll(async () => {
    script = await buildProgram('e2e/proxy-main.ts');
  }, 120_000);

  /** What real Electron makes of a proxy that asks for a login, and the logins that it has been sent. */
  async function through(login: string, url = 'http://directory.example/token') {
    const logins: string[] = [];
    // Plain http, so that the proxy itself can answer for the host behind it.
    const proxy = createServer((incoming, response) => {
      const { 'proxy-authorization': basic } = incoming.headers;
      if (basic === undefined) {
        response.writeHead(407, { 'proxy-authenticate': 'Basic realm="corp"' }).end('who?');
        return;
      }
      logins.push(Buffer.from(basic.slice(6), 'base64').toString());
      response.setHeader('set-cookie', 'a=b');
      response.end(`${incoming.method} ${incoming.url} ${incoming.headers['x-test']}`);
    });
    // The way to what speaks TLS, as the tenant does: a tunnel, for which the login is asked as well.
    proxy.on('connect', ({ url, headers }: IncomingMessage, socket: Socket) => {
      socket.on('error', () => undefined);
      const { 'proxy-authorization': basic } = headers;
      if (basic === undefined) {
        socket.end(
          'HTTP/1.1 407 who?\r\nProxy-Authenticate: Basic realm="corp"\r\nContent-Length: 0\r\n\r\n',
        );
        return;
      }
      // Electron itself asks for the dictionary of its spell checker, which this script does not turn off.
      if (url?.startsWith('directory.') === true)
        logins.push(`${Buffer.from(basic.slice(6), 'base64').toString()} to ${url}`);
      socket.end('HTTP/1.1 503 not today\r\nContent-Length: 0\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = `http://${login}127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const switches = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const { stdout } = await promisify(execFile)(
      desktopParts.electron.path ?? '',
      [...switches, '--disable-gpu', script],
      {
        env: {
          ...process.env,
          PROXY_TEST_URL: url,
          http_proxy: address,
          https_proxy: address,
          no_proxy: '',
          XDG_CURRENT_DESKTOP: 'none',
        },
        timeout: 90_000,
      },
    );
    proxy.close();
    proxy.closeAllConnections();
    return { logins, outcome: JSON.parse(/OUTCOME (.*)/.exec(stdout)?.[1] ?? 'null') as unknown };
  }

  it('sends the login of its address when the proxy asks for one', async () => {
    const { logins, outcome } = await through('ana:p%40ss@');
    expect(outcome).toEqual({ kind: 'answer', status: 200, text: 'POST http://directory.example/token yes' });
    expect(logins).toEqual(['ana:p@ss']);
  }, 120_000);

  it('says that a login is wanted where there is none', async () => {
    expect(await through('')).toEqual({
      logins: [],
      outcome: { kind: 'failed', reason: 'network', detail: 'ERR_PROXY_AUTH_WANTED' },
    });
  }, 120_000);

  it('sends it for a tunnel as well', async () => {
    expect(await through('ana:p%40ss@', 'https://directory.example/token')).toEqual({
      logins: ['ana:p@ss to directory.example:443'],
      outcome: { kind: 'failed', reason: 'network', detail: 'ERR_TUNNEL_CONNECTION_FAILED' },
    });
    expect(await through('', 'https://directory.example/token')).toEqual({
      logins: [],
      outcome: { kind: 'failed', reason: 'network', detail: 'ERR_PROXY_AUTH_WANTED' },
    });
  }, 180_000);
});
