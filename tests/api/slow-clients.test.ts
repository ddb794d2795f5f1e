import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { startApiWorld, type ApiWorld } from './api-world.ts';
import { exchange, send } from './raw-request.ts';

/** What the API gives a client is 2 s for its headers and 3 s for all; the rest is for a busy machine. */
const patienceMs = 10_000;

describeWith([parts.postgres], 'the API and clients that misbehave', () => {
  let api: ApiWorld;
  let good: { host: string; authorization: string };
  beforeAll(async () => {
    api = await startApiWorld();
    good = { host: `127.0.0.1:${api.port}`, authorization: `Bearer ${api.bearer}` };
  });
  afterAll(() => api?.close());

  const post = (path: string, body: string, change = {}) =>
    send(
      { port: api.port },
      { method: 'POST', path, headers: { ...good, 'content-type': 'application/json', ...change }, body },
    );

  /**
   * A client that begins with `first` and then sends one byte at a time, or nothing more where its request is
   * complete; resolves with how long it was put up with.
   */
  async function slowClient(first: string): Promise<number> {
    const socket: Socket = connect({ host: '127.0.0.1', port: api.port });
    const started = performance.now();
    const closed = new Promise<number>((resolve) => {
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(performance.now() - started));
    });
    const drips = first !== '' && !first.startsWith('GET');
    socket.resume().write(first);
    const drip = setInterval(() => socket.writable && drips && socket.write('x'), 100);
    const lasted = await Promise.race([closed, sleep(patienceMs * 2, Infinity)]);
    clearInterval(drip);
    socket.destroy();
    return lasted;
  }

  it('cuts slow ones, and answers others meanwhile', async () => {
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\nhost: ${good.host}\r\nauthorization: ${good.authorization}\r\ncontent-type: application/json\r\n`;
    const kinds = {
      'says nothing': '',
      'never ends its first line': 'G',
      'never ends its headers': `${head('/v1/sign-out')}x-filler: `,
      'never ends its body': `${head('/v1/sign-out')}content-length: 1000\r\n\r\n{`,
      'never ends its chunk': `${head('/v1/sign-out')}transfer-encoding: chunked\r\n\r\nffff\r\n{`,
      'keeps the line open after an answer': `GET /v1/secrets HTTP/1.1\r\nhost: ${good.host}\r\nauthorization: ${good.authorization}\r\n\r\n`,
    };
    const slow = Object.entries(kinds).flatMap(([kind, first]) =>
      Array.from({ length: 20 }, async () => [kind, await slowClient(first)] as const),
    );
    const waits: number[] = [];
    const watch = (async () => {
      for (let round = 0; round < 20; round += 1) {
        const asked = performance.now();
        const { status } = await send(
          { port: api.port },
          { method: 'GET', path: '/v1/state', headers: good },
        );
        expect(status).toBe(200);
        waits.push(performance.now() - asked);
        await sleep(100);
      }
    })();
    for (const [kind, lasted] of await Promise.all(slow)) expect(lasted, kind).toBeLessThan(patienceMs);
    await watch;
    expect(Math.max(...waits)).toBeLessThan(3000);
    expect((await api.latchkey.state()).signIn.kind).toBe('signed-in');
  });

  it('has the command line served while its TCP port is full', async () => {
    const sockets = Array.from({ length: 400 }, () => {
      const socket = connect({ host: '127.0.0.1', port: api.port });
      return socket.on('error', () => undefined).resume();
    });
    await sleep(200);
    expect((await api.latchkey.run('status')).code).toBe(0);
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(() => send({ port: api.port }, { method: 'GET', path: '/v1/secrets', headers: good }), {
        timeout: patienceMs,
      })
      .toMatchObject({ status: 200 });
  });

  describe('bodies', () => {
    const invalid = { problem: { code: 'request-invalid' } };

    it('that are too long are refused without being read', async () => {
      const long = await post('/v1/tokens', JSON.stringify({ connection: 'x'.repeat(70_000) }));
      expect(long.status).toBe(400);
      expect(JSON.parse(long.text)).toMatchObject(invalid);
      const started = performance.now();
      const { status } = await post('/v1/tokens', '', { 'content-length': '9007199254740991' });
      expect(status).toBe(400);
      expect(performance.now() - started).toBeLessThan(2000);
    });

    it('that come in chunks without end are refused as well', async () => {
      const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
      const answer = await exchange(
        { port: api.port },
        `POST /v1/tokens HTTP/1.1\r\nhost: ${good.host}\r\nauthorization: ${good.authorization}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(64)}`,
      );
      // The connection may end before the answer could be read; what matters is that it ends.
      expect(answer === '' || answer.startsWith('HTTP/1.1 400')).toBe(true);
    });

    it.each([
      ['/v1/tokens', 'nonsense'],
      ['/v1/tokens', ''],
      ['/v1/tokens', 'null'],
      ['/v1/tokens', '[]'],
      ['/v1/tokens', '{}'],
      ['/v1/tokens', '{"connection":"sales","extra":1}'],
      ['/v1/tokens', '{"connection":{"toString":"x"}}'],
      ['/v1/tokens', '{"connection":"sales","lifetimeSeconds":0}'],
      ['/v1/tokens', '{"connection":"sales","lifetimeSeconds":1e9}'],
      ['/v1/tokens', '{"connection":"sales","__proto__":{"role":"x"}}'],
      ['/v1/tokens/revoke', '{"all":false}'],
      ['/v1/tokens/revoke', '{"id":"x","all":true}'],
      ['/v1/secrets', '{"name":"sales-owner"}'],
      ['/v1/secrets', '{"name":"sales-owner","value":""}'],
      ['/v1/sign-in', '{"provider":7}'],
    ])('%s %s is not understood', async (path, body) => {
      const answer = await post(path, body);
      expect({ status: answer.status, body: JSON.parse(answer.text) as unknown }).toMatchObject({
        status: 400,
        body: invalid,
      });
    });

    it('of any nesting do no harm', async () => {
      const { status } = await post('/v1/tokens', '['.repeat(30_000));
      expect(status).toBe(400);
    });
  });

  it('refuses what could be read in two ways, and headers without end', async () => {
    const lines = `host: ${good.host}\r\nauthorization: ${good.authorization}\r\ncontent-type: application/json\r\n`;
    for (const [odd, status] of [
      ['content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}', 400],
      ['content-length: 2\r\ncontent-length: 3\r\n\r\n{}', 400],
      ['content-length: +2\r\n\r\n{}', 400],
      [`x: ${'y'.repeat(10_000)}\r\n\r\n`, 431],
    ] as const) {
      const answer = await exchange({ port: api.port }, `POST /v1/sign-out HTTP/1.1\r\n${lines}${odd}`);
      expect(answer.slice(0, 12), odd.slice(0, 40)).toBe(`HTTP/1.1 ${status}`);
    }
    expect((await api.latchkey.state()).signIn.kind).toBe('signed-in');
  });

  it('takes several requests on one connection', async () => {
    const one = `GET /v1/secrets HTTP/1.1\r\nhost: ${good.host}\r\nauthorization: ${good.authorization}\r\n`;
    const answers = await exchange({ port: api.port }, `${one}\r\n${one}connection: close\r\n\r\n`);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  it('waits for the next state, and no longer than asked', async () => {
    const ask = async (query: string) => {
      const { status, text } = await send(
        { port: api.port },
        { method: 'GET', path: `/v1/state?${query}`, headers: good },
      );
      return { status, revision: (JSON.parse(text) as { revision?: number }).revision ?? -1 };
    };
    const { revision } = await ask('');
    const started = performance.now();
    expect(await ask(`after=${revision}&wait=0.3`)).toEqual({ status: 200, revision });
    expect(performance.now() - started).toBeGreaterThan(250);
    const waiting = ask(`after=${revision}&wait=30`);
    await api.latchkey.token('sales');
    expect((await waiting).revision).toBeGreaterThan(revision);
    for (const wrong of ['wait=31', 'wait=x', 'after=-2', 'after=1.5', 'more=1'])
      expect(await ask(wrong)).toMatchObject({ status: 400 });
  });
});
