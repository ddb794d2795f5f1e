import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, vi } from 'vitest';
import { jsonObject } from '../../main/contract/json.ts';
import { createFetch, request } from '../../main/base/http.ts';
import { createMutex } from '../../main/base/mutex.ts';
import { afterText, backoffMs, pauseMs, retryAfterMs, wait } from '../../main/base/retry.ts';
import { sendJson, startScriptedServer } from '../entra/scripted-server.ts';
import { it, settlesWithin } from '../entra/tenant-fixture.ts';

const never = new AbortController().signal;

describe('one exchange', () => {
  it('brings status, headers and the whole body', async ({ setup }) => {
    const server = await startScriptedServer((_request, response) =>
      sendJson(response, 418, { ä: 'ö' }, { 'x-y': 'z' }),
    );
    setup.onClose(server.close);
    const outcome = await request(setup.trustingFetch(server), server.origin, {
      method: 'GET',
      signal: never,
    });
    expect(outcome).toMatchObject({ kind: 'answer', status: 418, text: '{"ä":"ö"}' });
    expect(outcome.kind === 'answer' && outcome.headers.get('x-y')).toBe('z');
  });

  it('ends at its time-out, also when that is no whole number', async ({ setup }) => {
    const server = await startScriptedServer(() => undefined);
    setup.onClose(server.close);
    const fetch = setup.trustingFetch(server);
    const outcome = request(fetch, server.origin, { method: 'GET', signal: never, timeoutMs: 99.5 });
    expect(await settlesWithin(500, outcome)).toBe(true);
    expect(await outcome).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  it('times out in the middle of a body as well', async ({ setup }) => {
    const server = await startScriptedServer((_request, response) => {
      response.writeHead(200);
      response.write('half');
    });
    setup.onClose(server.close);
    const fetch = setup.trustingFetch(server);
    expect(
      await request(fetch, server.origin, { method: 'GET', signal: never, timeoutMs: 200 }),
    ).toMatchObject({
      kind: 'failed',
      reason: 'timeout',
    });
  });

  it('names network errors without quoting the address', async ({ setup }) => {
    const server = await startScriptedServer((_request, response) => response.socket?.destroy());
    setup.onClose(server.close);
    const fetch = setup.trustingFetch(server);
    const cut = await request(fetch, `${server.origin}/?secret=1`, { method: 'GET', signal: never });
    expect(cut).toEqual({
      kind: 'failed',
      reason: 'network',
      detail: expect.stringMatching(/^[A-Z_]+$/) as string,
    });
    const untrusting = createFetch();
    setup.onClose(untrusting.close);
    expect(await request(untrusting.fetch, server.origin, { method: 'GET', signal: never })).toMatchObject({
      detail: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });
});

describe('the fetch of a process without Electron', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('takes the certificate authority from a file, and trusts no other then', async ({ setup }) => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-http-'));
    setup.onClose(() => rm(folder, { recursive: true }));
    const [server, stranger] = await Promise.all([
      startScriptedServer((_request, response) => sendJson(response, 200, {})),
      startScriptedServer((_request, response) => sendJson(response, 200, {})),
    ]);
    setup.onClose(server.close);
    setup.onClose(stranger.close);
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, server.caPem);
    const { fetch, close } = createFetch({ caFile });
    setup.onClose(close);
    expect((await fetch(server.origin, {})).status).toBe(200);
    await expect(fetch(stranger.origin, {})).rejects.toThrow('fetch failed');
    await writeFile(caFile, 'nothing');
    for (const bad of [caFile, join(folder, 'missing.pem')]) {
      expect(() => createFetch({ caFile: bad })).toThrow(
        expect.objectContaining({ code: 'config-unreadable' }),
      );
    }
  });

  it('goes through the proxy that HTTPS_PROXY names', async ({ setup }) => {
    const server = await startScriptedServer((_request, response) => sendJson(response, 200, {}));
    setup.onClose(server.close);
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (incoming, client, head) => {
      asked.push(incoming.url ?? '');
      const [host, port] = (incoming.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });
    const port = await listen(proxy);
    setup.onClose(() => close(proxy));
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${port}`);
    vi.stubEnv('https_proxy', `http://127.0.0.1:${port}`);
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('no_proxy', '');
    const proxied = createFetch();
    setup.onClose(proxied.close);
    // The tunnel opens; the test's own authority is rightly not trusted at its end.
    await expect(proxied.fetch(server.origin, {})).rejects.toThrow('fetch failed');
    expect(asked).toEqual([new URL(server.origin).host]);

    // Ranges as curl has them; a name is none.
    vi.stubEnv('no_proxy', 'fabrikam.example, 10.0.0.0/8 127.0.0.0/8');
    const { hostname, port: own } = new URL(server.origin);
    expect(hostname).toBe('127.0.0.1');
    await expect(proxied.fetch(server.origin, {})).rejects.toThrow('fetch failed');
    expect(asked).toHaveLength(1);
    await expect(proxied.fetch(`https://localhost:${own}`, {})).rejects.toThrow('fetch failed');
    expect(asked).toHaveLength(2);
  });
});

describe('waiting', () => {
  it('reads Retry-After as seconds or date', () => {
    const now = Date.parse('2026-03-01T10:00:00Z');
    const read = (value: string) => retryAfterMs(new Headers({ 'retry-after': value }), now);
    expect(read('0')).toBe(0);
    expect(read(' 120 ')).toBe(120_000);
    expect(read('Sun, 01 Mar 2026 10:01:00 GMT')).toBe(60_000);
    expect(read('Sun, 01 Mar 2026 09:00:00 GMT')).toBe(0);
    expect(read('soon')).toBeUndefined();
    expect(read('-5')).toBeUndefined();
    expect(read('1.5')).toBe(1500);
    expect(read('99999999999')).toBe(24 * 3600_000);
    expect(read('Sun, 01 Mar 2099 10:00:00 GMT')).toBe(24 * 3600_000);
    expect(retryAfterMs(new Headers(), now)).toBeUndefined();
  });

  it.each(['0', 'Sun, 01 Mar 2015 09:00:00 GMT', '-5', 'soon', undefined])(
    'Retry-After %s is no leave to hammer: a handful of tries in ten seconds',
    (value) => {
      const headers = new Headers(value === undefined ? {} : { 'retry-after': value });
      let tries = 0;
      for (let clock = 0; clock < 10_000; tries++)
        clock += pauseMs(headers, tries, { baseMs: 500, maxMs: 10_000, now: 0 });
      expect(tries).toBeLessThan(8);
    },
  );

  it('keeps what Retry-After asks for, and not all in one moment', () => {
    const headers = new Headers({ 'retry-after': '7' });
    const pauses = Array.from({ length: 50 }, () =>
      pauseMs(headers, 0, { baseMs: 500, maxMs: 10_000, now: 0 }),
    );
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(7000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(7700);
    expect(new Set(pauses).size).toBeGreaterThan(10);
  });

  it('is told with a time that a person can use', () => {
    const now = new Date(2026, 2, 1, 10, 0).getTime();
    expect(afterText(undefined, now)).toBe('in some minutes');
    expect(afterText(7000, now)).toBe('in 7 seconds (after 10:00)');
    expect(afterText(5 * 60_000, now)).toBe('in 5 minutes (after 10:05)');
    expect(afterText(3 * 3600_000, now)).toBe('in 3 hours (after 13:00)');
  });

  it('backs off within its bounds', () => {
    for (let attempt = 0; attempt < 40; attempt++) {
      const ms = backoffMs(attempt, 100, 5000);
      const ceiling = Math.min(5000, 100 * 2 ** attempt);
      expect(ms).toBeGreaterThanOrEqual(ceiling / 2);
      expect(ms).toBeLessThanOrEqual(ceiling);
    }
  });

  it('ends at an abort with the reason, and leaves no listener behind', async () => {
    const controller = new AbortController();
    await wait(1, controller.signal);
    const waiting = wait(60_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(() => wait(1, controller.signal)).toThrow('enough');
  });
});

describe('a mutex', () => {
  it('runs one task at a time, in order, and goes on after a failure', async () => {
    const mutex = createMutex();
    const events: string[] = [];
    const task = (name: string, fails = false) =>
      mutex.run(async () => {
        events.push(`${name}+`);
        await new Promise((resolve) => setTimeout(resolve, 2));
        events.push(`${name}-`);
        if (fails) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([task('a'), task('b', true), task('c')]);
    expect(events).toEqual(['a+', 'a-', 'b+', 'b-', 'c+', 'c-']);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

describe('JSON objects', () => {
  it.for(['[]', 'null', '"x"', '7', '', '<html>', '{"a":'])('%j is none', (text) => {
    expect(jsonObject(text)).toBeUndefined();
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
