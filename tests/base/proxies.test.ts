import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, vi } from 'vitest';
import { createFetch, request } from '../../main/base/http.ts';
import { isInDirectRange, networkFault, proxyLogin, readProxies } from '../../main/base/proxies.ts';
import { it } from '../entra/tenant-fixture.ts';

const nowhere = 'https://login.microsoftonline.com/';

describe('proxies of the environment', () => {
  it.for([
    ['proxy.example:3128', 'http://proxy.example:3128/', undefined],
    [' http://proxy.example ', 'http://proxy.example/', undefined],
    ['http://ana:secret@proxy.example:8080', 'http://ana:secret@proxy.example:8080/', 'secret'],
    ['ana:secret@proxy.example:8080', 'http://ana:secret@proxy.example:8080/', 'secret'],
    [
      'http://ana:p@ss/w?rd#100%@proxy.example:80',
      'http://ana:p%40ss%2Fw%3Frd%23100%25@proxy.example/',
      'p@ss/w?rd#100%',
    ],
    ['http://ana:p%40ss@proxy.example:8080', 'http://ana:p%40ss@proxy.example:8080/', 'p@ss'],
    ['http://corp\\ana:a:b%zz@[::1]:8080/', 'http://corp%5Cana:a%3Ab%25zz@[::1]:8080/', 'a:b%zz'],
    ['https://proxy.example', 'https://proxy.example/', undefined],
    ['socks5h://proxy.example:1080', 'socks5://proxy.example:1080', undefined],
    ['', '', undefined],
  ] as const)('%s', ([text, address, password]) => {
    const environment = { HTTPS_PROXY: text };
    expect(readProxies(environment)).toMatchObject({ https: address, ignored: [] });
    const { hostname, port } = new URL(address === '' ? 'http://x' : address);
    expect(proxyLogin({ host: hostname, port: Number(port || 80) }, environment)?.password).toBe(password);
    expect(proxyLogin({ host: 'other.example', port: 80 }, environment)).toBeUndefined();
  });

  it('that are no address are left out and named', () => {
    for (const text of [
      'http://',
      'socks4://x:1',
      'file:///etc/passwd',
      'a b',
      'http://x:99999',
      'none of them',
    ])
      expect(readProxies({ HTTPS_PROXY: text, http_proxy: 'good:1' })).toEqual({
        http: 'http://good:1/',
        https: '',
        ignored: ['HTTPS_PROXY'],
      });
  });

  it('count in the order of their kind', () => {
    expect(readProxies({ ALL_PROXY: 'all:1' })).toMatchObject({
      http: 'http://all:1/',
      https: 'http://all:1/',
    });
    expect(readProxies({ HTTP_PROXY: 'plain:1' })).toMatchObject({ https: 'http://plain:1/' });
    expect(readProxies({ https_proxy: '', HTTPS_PROXY: 'x:1', http_proxy: 'y:1' })).toMatchObject({
      https: '',
    });
  });
});

describe('through a proxy that asks for a login', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.for([
    ['an odd password is sent as it is', 'ana:p@ss/100%', 'PROXY_503', 'ana:p@ss/100%'],
    ['none is asked for', '', 'PROXY_407', undefined],
  ] as const)('%s', async ([, login, detail, sent], { setup }) => {
    const logins: (string | undefined)[] = [];
    const proxy = createServer();
    proxy.on('connect', (incoming, client) => {
      const { 'proxy-authorization': basic } = incoming.headers;
      logins.push(basic === undefined ? undefined : Buffer.from(basic.slice(6), 'base64').toString());
      client.end(`HTTP/1.1 ${basic === undefined ? '407 Login' : '503 x'}\r\ncontent-length: 0\r\n\r\n`);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    setup.onClose(async () => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    for (const name of ['no_proxy', 'NO_PROXY', 'all_proxy', 'ALL_PROXY']) vi.stubEnv(name, '');
    // No scheme, as it is often written.
    vi.stubEnv('https_proxy', `${login === '' ? '' : `${login}@`}127.0.0.1:${port}`);
    const { fetch, close } = createFetch();
    setup.onClose(close);
    const outcome = await request(fetch, nowhere, { method: 'GET', signal: AbortSignal.timeout(20_000) });
    expect(outcome).toMatchObject({ kind: 'failed', detail });
    expect(logins[0]).toBe(sent);
  });

  it.for([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', 'fabrikam.example,10.1.2.0/24', true],
    ['10.1.2.3', '10.1.3.0/24', false],
    ['10.1.2.3', '10.1.2.3', false],
    ['[fd00::1]', '[fd00::]/8', true],
    ['[fd00::1]', 'fd00::/8', true],
    ['[fd00::1]', '10.0.0.0/8', false],
    ['10.1.2.3', '10.0.0.0/99 x/8 /8 10.0.0.0/', false],
    ['ten.fabrikam.example', '0.0.0.0/0', false],
  ] as const)('%s is in a range of NO_PROXY=%s: %s', ([host, NO_PROXY, isIn]) => {
    expect(isInDirectRange(host, { NO_PROXY })).toBe(isIn);
    expect(isInDirectRange(host, { no_proxy: '', NO_PROXY })).toBe(false);
  });

  it('a variable that is no address ends no start', ({ setup }) => {
    for (const name of ['https_proxy', 'HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, 'http://bad:port:x');
    const { close } = createFetch();
    setup.onClose(close);
  });
});

describe('the sentence', () => {
  const on = (platform: NodeJS.Platform, desktop: string, more = {}) => ({
    platform,
    environment: { XDG_CURRENT_DESKTOP: desktop, ...more },
  });
  it.for([
    ['PROXY_407', on('linux', 'GNOME'), /asks for a login/, /HTTPS_PROXY=http:\/\/name:password@/],
    ['ERR_PROXY_AUTH_WANTED', on('win32', ''), /asks for a login/, /in Windows under/],
    ['ERR_TUNNEL_CONNECTION_FAILED', on('darwin', ''), /proxy does not open the way/, /in macOS under/],
    ['ERR_PROXY_CONNECTION_FAILED', on('linux', 'ubuntu:GNOME'), /proxy/, /HTTPS_PROXY does not count/],
    [
      'ERR_NAME_NOT_RESOLVED',
      on('linux', 'i3'),
      /cannot be reached/,
      /in HTTPS_PROXY before Latchkey starts/,
    ],
    [
      'ENOTFOUND',
      on('linux', 'GNOME', { HTTPS_PROXY: 'x y' }),
      /cannot be reached/,
      /^Check.*HTTPS_PROXY is no address/,
    ],
  ] as const)('%s names what works there', ([detail, place, message, remedy]) => {
    const fault = networkFault('login.example', detail, place);
    expect(fault.message).toMatch(message);
    expect(fault.remedy).toMatch(remedy);
  });

  it('begins with a capital letter, but for a name of a host', () => {
    expect(networkFault('login.example', 'ENOTFOUND').message).toBe(
      'login.example cannot be reached (ENOTFOUND).',
    );
    expect(networkFault('the authority login.example', 'ENOTFOUND').message).toMatch(/^The authority login/);
  });
});
