import { connect as connectTls } from 'node:tls';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith, parts } from '../../support/parts.ts';
import { startPostgres } from '../../support/postgres.ts';
import { type RawSocket, rawSocket } from '../../support/raw-socket.ts';
import {
  errorFields,
  frames,
  gssRequest,
  query,
  requestPacket,
  saslInitial,
  scramLogin,
  sslRequest,
  startupPacket,
  typed,
} from '../../support/wire-client.ts';
import { useAll } from '../../support/use-all.ts';
import { type TestGateway, gatewayTo } from '../fixture.ts';

describeWith([parts.postgres], 'the bytes of a login', () => {
  let gateway: TestGateway;
  const sockets: RawSocket[] = [];

  const server = useAll(startPostgres);
  beforeAll(async () => {
    gateway = await gatewayTo(server, { limits: { startupMs: 700, loginMs: 1500, wrongTokenMs: 400 } });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await gateway.close();
  });

  const open = async (target: number | string = gateway.port): Promise<RawSocket> => {
    const socket = await rawSocket(target);
    sockets.push(socket);
    return socket;
  };
  const names = { user: 'ann@contoso.example', database: 'sales' };
  const startup = startupPacket(names);
  const logIn = async (socket: RawSocket, packet = startup): Promise<Buffer> => {
    socket.write(packet);
    return scramLogin(socket, gateway.token);
  };

  test('a whole login, byte by byte', async () => {
    const socket = await open();
    const slow = {
      ...socket,
      write(bytes: Uint8Array | string) {
        for (const byte of Buffer.from(bytes as string)) socket.write(Buffer.from([byte]));
      },
    };
    slow.write(sslRequest);
    await socket.until((received) => received.length === 1);
    expect(socket.received().toString()).toBe('N');
    slow.write(gssRequest);
    await socket.until((received) => received.length === 2);
    expect(socket.received().toString()).toBe('NN');
    slow.write(startup);
    const greeting = await scramLogin(slow, gateway.token);
    expect(
      frames(greeting)
        .map(({ type }) => type)
        .join(''),
    ).toMatch(/^RRRRS+KZ$/);
    slow.write(query('select 42'));
    await socket.until((received) => received.toString('latin1').includes('SELECT 1'));
  });

  test('bytes behind a request for encryption close the connection with an error (CVE-2021-3935)', async () => {
    for (const request of [sslRequest, gssRequest]) {
      const socket = await open();
      socket.write(Buffer.concat([request, startup]));
      expect(errorFields((await socket.closed()).received)).toMatchObject({ S: 'FATAL', C: '08P01' });
    }
  });

  test('encryption may be asked for once each', async () => {
    const socket = await open();
    socket.write(sslRequest);
    await socket.until((received) => received.length === 1);
    socket.write(sslRequest);
    expect(errorFields((await socket.closed()).received.subarray(1))).toMatchObject({
      S: 'FATAL',
      C: '08P01',
    });
  });

  test.each([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')],
    ['a Redis command', Buffer.from('*1\r\n$4\r\nPING\r\n')],
    ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['a length above 10,000', requestPacket(0x30000, Buffer.alloc(10_000))],
    ['a length of 2 GB', Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
    ['a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
    ['a length of zero', Buffer.alloc(8)],
  ])('%s is closed without a word, and reported', async (_name, bytes) => {
    const socket = await open();
    socket.write(bytes);
    expect((await socket.closed()).received).toHaveLength(0);
    await expect
      .poll(() => gateway.gatekeeper.rejections.find(({ peer }) => peer.port === socket.localPort))
      .toMatchObject({
        refusal: { problem: { code: 'protocol-unsupported' } },
      });
  });

  test.each([
    ['without its last zero', startup.subarray(0, -1), { C: '08P01' }],
    ['with a name but no value', requestPacket(0x30000, Buffer.from('user\0')), { C: '08P01' }],
    ['with bytes behind its end', requestPacket(0x30000, Buffer.from('user\0a\0\0x')), { C: '08P01' }],
    ['without a user', startupPacket({ database: 'sales' }), { C: '28000' }],
    ['of version 2.0', startupPacket(names, 0x20000), { C: '0A000' }],
    ['of version 4.0', startupPacket(names, 0x40000), { C: '0A000' }],
    ['for another database', startupPacket({ ...names, database: 'payroll' }), { C: '3D000' }],
  ])('a startup packet %s gets an error', async (_name, packet, expected) => {
    const bytes = Buffer.from(packet);
    bytes.writeInt32BE(bytes.length);
    const socket = await open();
    socket.write(bytes);
    const { received } = await socket.closed();
    expect(frames(received).map(({ type }) => type)).toEqual(['E']);
    expect(errorFields(received)).toMatchObject({ S: 'FATAL', V: 'FATAL', ...expected });
  });

  test('TLS without an SSLRequest gets a TLS alert', async () => {
    const tls = connectTls({
      host: '127.0.0.1',
      port: gateway.port,
      ALPNProtocols: ['postgresql'],
      rejectUnauthorized: false,
    });
    await expect(
      new Promise((_resolve, reject) => {
        tls.once('error', reject);
      }),
    ).rejects.toThrow(/alert handshake failure/);
  });

  test('protocol 3.2 gets a key of 32 bytes; unknown options and newer versions are negotiated down', async () => {
    const plain = await open();
    const greeting = frames(await logIn(plain, startupPacket(names, 0x30002)));
    expect(greeting.find(({ type }) => type === 'K')?.body).toHaveLength(4 + 32);
    expect(greeting.some(({ type }) => type === 'v')).toBe(false);

    const newer = await open();
    const packet = startupPacket({ ...names, '_pq_.compression': 'zstd', '_pq_.other': '1' }, 0x30009);
    const [negotiation, ...rest] = frames(await logIn(newer, packet));
    expect(negotiation).toEqual({
      type: 'v',
      body: Buffer.from([0, 3, 0, 2, 0, 0, 0, 2, ...Buffer.from('_pq_.compression\0_pq_.other\0')]),
    });
    expect(rest.at(-1)?.type).toBe('Z');

    const old = await open();
    const key = frames(await logIn(old)).find(({ type }) => type === 'K')?.body;
    expect(key).toHaveLength(4 + 4);
  });

  test('the token never crosses the wire with SCRAM', async () => {
    const socket = await open();
    const sent: Buffer[] = [];
    const recording = {
      ...socket,
      write(bytes: Uint8Array | string) {
        sent.push(Buffer.from(bytes as string));
        socket.write(bytes);
      },
    };
    recording.write(startup);
    const greeting = await scramLogin(recording, gateway.token);
    expect(frames(greeting).at(-1)?.type).toBe('Z');
    const wire = Buffer.concat([...sent, socket.received()]);
    const secret = gateway.token.slice(3);
    for (const text of [wire.toString('latin1'), ...base64Runs(wire)]) expect(text).not.toContain(secret);
  });

  describe('SCRAM from the client', () => {
    const first = 'n=,r=abcdefghijklmnop';
    const begin = async (initial: Buffer): Promise<RawSocket> => {
      const socket = await open();
      socket.write(startup);
      await socket.until((received) => received.includes('SCRAM-SHA-256'));
      socket.write(initial);
      return socket;
    };

    test('only SCRAM-SHA-256 is offered', async () => {
      const socket = await open();
      socket.write(startup);
      const received = await socket.until((bytes) => frames(bytes).length > 0);
      expect(frames(received)[0]?.body.subarray(4).toString()).toBe('SCRAM-SHA-256\0\0');
    });

    test('a client that could bind to TLS (flag y) gets in', async () => {
      const socket = await open();
      socket.write(startup);
      expect(frames(await scramLogin(socket, gateway.token, 'y')).at(-1)?.type).toBe('Z');
    });

    test.each([
      ['demands channel binding', saslInitial('SCRAM-SHA-256', `p=tls-server-end-point,,${first}`), '08P01'],
      ['chooses another mechanism', saslInitial('SCRAM-SHA-256-PLUS', `n,,${first}`), '08P01'],
      ['wants to act as somebody else', saslInitial('SCRAM-SHA-256', `n,a=bob,${first}`), '08P01'],
      ['demands an extension', saslInitial('SCRAM-SHA-256', `n,,m=1,${first}`), '08P01'],
      ['sends no nonce', saslInitial('SCRAM-SHA-256', 'n,,n=,r='), '08P01'],
      ['sends a message of another type', query('select 1'), '08P01'],
      ['announces a message of 100 MB', Buffer.from([0x70, 6, 0, 0, 0]), '08P01'],
      ['announces a negative length', Buffer.from([0x70, 0xff, 0xff, 0xff, 0xff]), '08P01'],
      [
        'sends a field longer than its message',
        typed('p', Buffer.from('SCRAM-SHA-256\0\0\0\x10\0n,,')),
        '08P01',
      ],
      ...['7fffffff', '80000000', 'fffffffe'].map((length): [string, Buffer, string] => [
        `sends a field of length 0x${length} (CVE-2026-6664)`,
        typed(
          'p',
          Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), Buffer.from(length, 'hex'), Buffer.from('n,,')]),
        ),
        '08P01',
      ]),
      ['names itself a second time (CVE-2026-107350)', startupPacket({ ...names, user: 'bob' }), '08P01'],
    ])('a client that %s is refused', async (_name, initial, sqlState) => {
      const socket = await begin(initial);
      expect(errorFields((await socket.closed()).received)).toMatchObject({ S: 'FATAL', C: sqlState });
    });

    test.each([
      ['with another nonce', (nonce: string) => `c=biws,r=${nonce}x,p=${'A'.repeat(43)}=`],
      ['with another GS2 header', (nonce: string) => `c=eSws,r=${nonce},p=${'A'.repeat(43)}=`],
      ['without a proof', (nonce: string) => `c=biws,r=${nonce}`],
      ['that is no base64', (nonce: string) => `c=biws,r=${nonce},p=!!!`],
    ])('a last message %s is refused', async (_name, message) => {
      const socket = await begin(saslInitial('SCRAM-SHA-256', `n,,${first}`));
      const received = await socket.until((bytes) => /r=[^,]+,s=/.test(bytes.toString()));
      const nonce = /r=([^,]+),s=/.exec(received.toString())?.[1] ?? '';
      socket.write(typed('p', message(nonce)));
      expect(errorFields((await socket.closed()).received)).toMatchObject({ C: '08P01' });
      expect(gateway.gatekeeper.attempts.every(({ peer }) => peer.port !== socket.localPort)).toBe(true);
    });

    test('a wrong proof is answered late, and nobody else waits for it', async () => {
      const guessing = await open();
      guessing.write(startup);
      const started = performance.now();
      const guess = scramLogin(guessing, 'lk_guess').then((answer) => ({
        answer,
        ms: performance.now() - started,
      }));
      const honest = new Client({ host: '127.0.0.1', port: gateway.port, ...names, password: gateway.token });
      await honest.connect();
      const honestMs = performance.now() - started;
      await honest.end();
      const { answer, ms } = await guess;
      expect(errorFields(answer)).toMatchObject({ C: '28000', M: 'This token is not known.' });
      expect(ms).toBeGreaterThanOrEqual(400);
      expect(honestMs).toBeLessThan(ms);
    });
  });

  describe('clients that waste time', () => {
    test('one that says nothing is gone after the first limit', async () => {
      const { received, afterMs } = await (await open()).closed();
      expect(received).toHaveLength(0);
      expect(afterMs).toBeGreaterThan(600);
      expect(afterMs).toBeLessThan(1400);
    });

    test('one that drips its startup packet is gone just as fast', async () => {
      const socket = await open();
      let sent = 0;
      const dripping = setInterval(() => {
        socket.write(startup.subarray(sent, sent + 1));
        sent += 1;
      }, 50);
      const { afterMs } = await socket.closed();
      clearInterval(dripping);
      expect(sent).toBeLessThan(startup.length);
      expect(afterMs).toBeGreaterThan(600);
      expect(afterMs).toBeLessThan(1400);
    });

    test('one that never proves anything is told so at the second limit', async () => {
      const socket = await open();
      socket.write(startup);
      const { received, afterMs } = await socket.closed();
      expect(errorFields(received)).toMatchObject({ S: 'FATAL', C: '28000', M: 'The login took too long.' });
      expect(afterMs).toBeGreaterThan(1400);
    });

    test('one that leaves in the middle leaves nothing behind', async () => {
      const before = gateway.gatekeeper.attempts.length;
      for (let count = 0; count < 20; count += 1) {
        const socket = await open();
        socket.write(count % 2 === 0 ? startup : startup.subarray(0, 9));
        socket.destroy();
      }
      const client = new Client({ host: '127.0.0.1', port: gateway.port, ...names, password: gateway.token });
      await client.connect();
      await client.end();
      expect(gateway.gatekeeper.attempts.length).toBe(before + 1);
      expect(gateway.log).toEqual([]);
    });
  });

  test('a query sent together with the proof is not lost', async () => {
    const socket = await open();
    const eager = {
      ...socket,
      write(bytes: Uint8Array | string) {
        const isProof = Buffer.from(bytes as string).includes(',p=');
        socket.write(
          isProof ? Buffer.concat([Buffer.from(bytes as string), query("select 'eager'")]) : bytes,
        );
      },
    };
    eager.write(startup);
    await scramLogin(eager, gateway.token);
    await socket.until((received) => frames(received).filter(({ type }) => type === 'Z').length === 2);
    expect(socket.received().toString('latin1')).toContain('eager');
  });

  test('a thousand queries sent at once are answered in order', async () => {
    const socket = await open();
    const before = (await logIn(socket)).length;
    socket.write(Buffer.concat(Array.from({ length: 1000 }, (_, index) => query(`select ${index}`))));
    const complete = (): boolean =>
      frames(socket.received()).filter(({ type }) => type === 'Z').length === 1001;
    await socket.until((received) => received.length > before && complete());
    const rows = frames(socket.received()).filter(({ type }) => type === 'D');
    expect(rows.map(({ body }) => Number(body.subarray(6).toString()))).toEqual(
      Array.from({ length: 1000 }, (_, index) => index),
    );
  });

  test('a client that half-closes after its query still gets every row', async () => {
    const socket = await open();
    await logIn(socket);
    socket.write(query('select i from generate_series(1, 200000) i'));
    socket.finish();
    const { received } = await socket.closed();
    expect(frames(received).filter(({ type }) => type === 'D')).toHaveLength(200_000);
  });

  describe('cancel requests', () => {
    const cancelOn = async (target: number | string, key: Buffer): Promise<void> => {
      const socket = await open(target);
      socket.write(requestPacket(80_877_102, key));
      expect((await socket.closed()).received).toHaveLength(0);
    };
    const sleeper = async (version: number) => {
      const socket = await open();
      const key = frames(await logIn(socket, startupPacket(names, version))).find(
        ({ type }) => type === 'K',
      )?.body;
      if (key === undefined) throw new Error('no key');
      const before = socket.received().length;
      socket.write(query('select pg_sleep(5)'));
      return { socket, key: Buffer.from(key), answer: () => socket.received().subarray(before) };
    };

    test.each([
      ['3.0', 0x30000],
      ['3.2', 0x30002],
    ])('our key cancels the query in protocol %s, a wrong one does nothing', async (_name, version) => {
      const { socket, key, answer } = await sleeper(version);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const wrong = Buffer.from(key);
      wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1);
      await cancelOn(gateway.port, wrong);
      await cancelOn(gateway.port, Buffer.concat([key.subarray(0, 4), Buffer.alloc(4)]));
      expect(answer()).toHaveLength(0);
      await cancelOn(`${gateway.socketDir}/.s.PGSQL.${gateway.port}`, key);
      await socket.until(() => answer().length > 0);
      expect(errorFields(answer())).toMatchObject({ C: '57014' });
    });

    test("the client learns the upstream's process id, and a secret that is of no use there", async () => {
      const { socket, key, answer } = await sleeper(0x30000);
      const backends = await server.query(
        "select pid from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'",
      );
      expect(backends.map(({ pid }) => pid)).toContain(key.readInt32BE(0));
      await cancelOn(server.port, key);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(answer()).toHaveLength(0);
      socket.destroy();
    });
  });
});

/** Everything in the bytes that looks like base64, decoded. */
function base64Runs(bytes: Buffer): string[] {
  const runs = bytes.toString('latin1').match(/[A-Za-z0-9+/=]{8,}/g) ?? [];
  return runs.map((run) => Buffer.from(run, 'base64').toString('latin1'));
}
