import { randomBytes } from 'node:crypto';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capabilities } from '../../../main/gateway/mysql/capabilities.ts';
import { parseGreeting } from '../../../main/gateway/mysql/greeting.ts';
import { encodeSslRequest } from '../../../main/gateway/mysql/handshake-response.ts';
import { nativeResponse, sha2Response } from '../../../main/gateway/mysql/proofs.ts';
import { packet } from '../../../main/gateway/mysql/wire.ts';
import { type RawSocket, rawSocket } from '../../support/raw-socket.ts';
import { type MysqlGateway, startMysqlGateway } from './fixture.ts';
import { lastError, loginPacket, modernFlags, packets, rawClient, rawLogin } from './raw-client.ts';
import { type ScriptedServer, greetingPayload, okPayload, startScriptedServer } from './scripted-server.ts';

/** In front of a server that lets everybody in and says OK to everything. */
describe('the bytes of a MySQL login', () => {
  let server: ScriptedServer;
  let gateway: MysqlGateway;
  /** For clients that say nothing, or too little. */
  let hasty: MysqlGateway;
  beforeAll(async () => {
    server = await startScriptedServer(async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(okPayload);
      for (;;) {
        await side.next();
        side.send(okPayload);
      }
    });
    const options = {
      upstream: { port: server.port },
      login: { user: 'reporting', database: 'shop', password: 'x' },
      clientTls: true,
    };
    gateway = await startMysqlGateway({ ...options, limits: { startupMs: 3000 } });
    hasty = await startMysqlGateway({ ...options, limits: { startupMs: 500 } });
  });
  afterAll(async () => {
    await gateway.close();
    await hasty.close();
    await server.close();
  });

  const spoken = { flags: modernFlags, extended: 0 };
  const sslRequest = (): Buffer =>
    encodeSslRequest({
      capabilities: { flags: modernFlags + capabilities.ssl, extended: 0 },
      maxPacket: 2 ** 24,
      charset: 45,
    });

  test('a whole login and a statement, byte by byte', async () => {
    const client = await rawClient(gateway.port);
    const bytes = Buffer.concat([
      packet(1, loginPacket(client.greeting, gateway.token, spoken)),
      packet(0, Buffer.from('\u0003do 1')),
    ]);
    for (const byte of bytes) client.socket.write(Buffer.from([byte]));
    const all = await client.packets(2);
    expect(all.map(({ sequence, payload }) => [sequence, payload[0]])).toEqual([
      [2, 0],
      [1, 0],
    ]);
    client.socket.destroy();
  });

  test.each(['mysql_native_password', 'caching_sha2_password'])(
    '%s: at once, and after a switch; the switch has the scramble of the greeting',
    async (plugin) => {
      const respond = plugin === 'mysql_native_password' ? nativeResponse : sha2Response;
      const success = plugin === 'mysql_native_password' ? [] : [0x01];
      const client = await rawClient(gateway.port);
      const { scramble } = client.greeting;
      expect([...scramble].every((byte) => byte > 0 && byte < 0x80 && byte !== 0x24)).toBe(true);
      const response = respond(gateway.token, scramble);
      client.send(1, loginPacket(client.greeting, '', spoken, { plugin, response }));
      const direct = await client.packets(success.length + 1);
      expect(direct.map(({ payload }) => payload[0])).toEqual([...success, 0x00]);

      // Names a method that the gateway has not, or one that it did not announce, and sends nothing.
      const first = plugin === 'mysql_native_password' ? plugin : 'sha256_password';
      const other = await rawClient(gateway.port);
      other.send(1, loginPacket(other.greeting, '', spoken, { plugin: first, response: Buffer.alloc(0) }));
      const [request] = await other.packets(1);
      expect(request?.payload).toEqual(
        Buffer.concat([Buffer.from(`\u00fe${plugin}\0`, 'latin1'), other.greeting.scramble, Buffer.alloc(1)]),
      );
      other.send(3, respond(gateway.token, other.greeting.scramble));
      const answered = await other.packets(success.length + 2);
      expect(answered.map(({ sequence, payload }) => [sequence, payload[0]])).toEqual([
        [2, 0xfe],
        ...success.map((byte) => [4, byte]),
        [4 + success.length, 0x00],
      ]);
      for (const { socket } of [client, other]) socket.destroy();
    },
  );

  test.each<[string, { plugin: string; response: Buffer }]>([
    ['an empty one', { plugin: 'caching_sha2_password', response: Buffer.alloc(0) }],
    ['the byte for an empty one', { plugin: 'caching_sha2_password', response: Buffer.alloc(1) }],
    ['the token itself', { plugin: 'caching_sha2_password', response: Buffer.from('lk_token') }],
    ['one of another scramble', { plugin: 'mysql_native_password', response: randomBytes(20) }],
    ['one of another scramble', { plugin: 'caching_sha2_password', response: randomBytes(32) }],
  ])('a proof that is none: %s', async (_name, sent) => {
    const dialled = server.sides.length;
    const client = await rawClient(gateway.port);
    client.send(1, loginPacket(client.greeting, '', spoken, sent));
    await client.socket.closed();
    expect(lastError(client.received())).toMatchObject({ number: 1045, sqlState: '28000', sequence: 2 });
    expect(server.sides.length).toBe(dialled);
    client.socket.destroy();
  });

  test('TLS: the handshake may come in one piece with the request for it', async () => {
    const { secured, login } = await overTls();
    login(2);
    const received = await new Promise<Buffer>((resolve) => secured.once('data', resolve));
    expect(packets(received).map(({ sequence, payload }) => [sequence, payload[0]])).toEqual([[3, 0]]);
    secured.destroy();
  });

  test('TLS: a login that was put behind the request in clear is not read', async () => {
    const attempts = gateway.gatekeeper.attempts.length;
    const client = await rawClient(gateway.port);
    client.socket.write(
      Buffer.concat([
        packet(1, sslRequest()),
        packet(2, loginPacket(client.greeting, gateway.token, spoken)),
      ]),
    );
    await client.socket.closed();
    expect(gateway.gatekeeper.attempts.length).toBe(attempts);
    client.socket.destroy();
  });

  test('TLS that is broken off, or never begun, ends', async () => {
    const { secured } = await overTls();
    secured.destroy();
    const client = await rawClient(gateway.port);
    client.send(1, sslRequest());
    await client.socket.closed();
    client.socket.destroy();
  });

  /** Request and ClientHello leave in one write. */
  async function overTls(): Promise<{ secured: TLSSocket; login(sequence: number): void }> {
    const socket = connect({ host: '127.0.0.1', port: gateway.port });
    const hello = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    const [greeting] = packets(hello);
    const parsed = parseGreeting(greeting?.payload ?? Buffer.alloc(0));
    socket.cork();
    socket.write(packet(1, sslRequest()));
    const secured = connectTls({ socket, ca: gateway.caPem ?? '', servername: 'localhost' });
    secured.on('error', () => undefined);
    process.nextTick(() => setImmediate(() => socket.uncork()));
    await new Promise((resolve, reject) => secured.once('secureConnect', resolve).once('close', reject));
    return {
      secured,
      login: (sequence) =>
        void secured.write(
          packet(
            sequence,
            loginPacket(parsed, gateway.token, { flags: modernFlags + capabilities.ssl, extended: 0 }),
          ),
        ),
    };
  }

  const closings: [string, () => Buffer[]][] = [
    ['nothing', () => []],
    ['HTTP', () => [Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')]],
    ['TLS without asking', () => [Buffer.from('160301020001000001fc0303', 'hex'), randomBytes(500)]],
    ['PostgreSQL', () => [Buffer.from('0000000804d2162f', 'hex')]],
    ['SQL Server', () => [Buffer.from('120100340000000000001a0006010020000102002100010300220004', 'hex')]],
    ['half a header', () => [Buffer.from([0x55, 0])]],
    ['half a packet', () => [Buffer.from([0x55, 0, 0, 1, 1, 2, 3])]],
    ['a length of 16 MB', () => [Buffer.from([0xff, 0xff, 0xff, 1]), Buffer.alloc(1000)]],
    ['a wrong number', () => [packet(0, Buffer.alloc(50))]],
    ['an empty packet', () => [packet(1, Buffer.alloc(0))]],
    ['a login from before 4.1', () => [packet(1, Buffer.from('\u0085\u0024\0\0\0root\0', 'latin1'))]],
    ['a request for TLS and rubbish', () => [packet(1, sslRequest()), randomBytes(300)]],
    ['rubbish', () => [randomBytes(3000)]],
  ];

  test.each(closings)('%s: closed, in its time', async (_name, make) => {
    const client = await rawClient(hasty.port);
    const dialled = server.sides.length;
    for (const bytes of make()) client.socket.write(bytes);
    const { received } = await client.socket.closed();
    expect(received.length).toBeLessThan(1000);
    expect(server.sides.length).toBe(dialled);
    client.socket.destroy();
  });

  test('500 random beginnings: all closed, nobody asked, and a good client is served meanwhile', async () => {
    const asked = gateway.gatekeeper.attempts.length;
    const closed: Promise<unknown>[] = [];
    const sockets: RawSocket[] = [];
    for (let round = 0; round < 10; round += 1) {
      const some = await Promise.all(Array.from({ length: 50 }, () => rawSocket(gateway.port)));
      for (const socket of some) {
        socket.write(randomBytes(1 + Math.floor(Math.random() * 200)));
        closed.push(socket.closed());
      }
      sockets.push(...some);
      const good = await rawLogin(gateway.port, gateway.token, spoken);
      good.socket.destroy();
    }
    await Promise.all(closed);
    expect(gateway.gatekeeper.attempts.length).toBe(asked + 10);
    for (const socket of sockets) socket.destroy();
  });

  test('a login with lengths that lie: an error or the end, and nobody is asked', async () => {
    const asked = gateway.gatekeeper.attempts.length;
    const client = await rawClient(gateway.port);
    const good = loginPacket(client.greeting, gateway.token, spoken, {
      attributes: Buffer.from('\u0003abc\u0001x'),
    });
    client.socket.destroy();
    for (const [at, value] of [
      [good.indexOf(0, 32) + 1, 0xfe],
      [good.indexOf(0, 32) + 1, 0xff],
      [good.indexOf(0, 32) + 1, 0xfb],
      [good.length - 7, 0xfa],
      [good.length - 6, 200],
    ] as const) {
      const bent = Buffer.from(good);
      bent[at] = value;
      const bad = await rawClient(gateway.port);
      bad.send(1, bent);
      await bad.socket.closed();
      expect(lastError(bad.received())).toMatchObject({ number: 1043, sqlState: '08S01' });
      bad.socket.destroy();
    }
    expect(gateway.gatekeeper.attempts.length).toBe(asked);
  });

  test('a client without a user, and one of an unknown database', async () => {
    for (const [more, number] of [
      [{ user: '' }, 1045],
      [{ database: 'payroll' }, 1049],
    ] as const) {
      const client = await rawClient(gateway.port);
      client.send(1, loginPacket(client.greeting, gateway.token, spoken, more));
      await client.socket.closed();
      expect(lastError(client.received()).number).toBe(number);
      client.socket.destroy();
    }
  });

  test('a client that is old: no plugins, no flag for long answers', async () => {
    const flags = capabilities.protocol41 + capabilities.secureConnection;
    const client = await rawLogin(gateway.port, gateway.token, { flags, extended: 0 });
    expect(gateway.proofs.at(-1)?.kind).toBe('mysql-native');
    expect(await client.command('\u0003do 1', 1)).toHaveLength(1);
    client.socket.destroy();
  });

  test('nothing was a fault of the gateway', () => {
    expect([...gateway.log, ...hasty.log]).toEqual([]);
  });
});
