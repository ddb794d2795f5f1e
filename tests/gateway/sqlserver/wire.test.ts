import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestAuthority } from '../../support/certificates.ts';
import { rawSocket } from '../../support/raw-socket.ts';
import { startTdsServer } from '../../support/tds-server.ts';
import { loginAck } from '../../support/tds-server-tokens.ts';
import { useAll } from '../../support/use-all.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';
import {
  type Login7Fields,
  batch,
  errorIn,
  logIn,
  login7,
  packet,
  packets,
  plainPrelogin,
  prelogin,
} from './raw-client.ts';

const reason = 'Your directory groups no longer allow this.';
const upstreamPassword = 'only the upstream knows';

let gateway: TestGateway;
let tlsGateway: TestGateway;
let ca: string;
const server = useAll(() => startTdsServer({ logins: { reporting: upstreamPassword } }));
beforeAll(async () => {
  const authority = await createTestAuthority();
  ca = authority.caPem;
  const { certPem, keyPem } = await authority.issue({ dns: ['localhost'] });
  const options = {
    upstream: { port: server.port },
    login: { user: 'reporting', database: 'sales', password: upstreamPassword },
  };
  gateway = await startTestGateway({
    ...options,
    listener: { protocol: 'sqlserver', maxSessions: 60 },
    limits: { startupMs: 3000 },
  });
  tlsGateway = await startTestGateway({
    ...options,
    listener: { protocol: 'sqlserver', clientTls: { certificate: certPem, key: keyPem } },
    // Whoever waits for this has met a test's own time limit before.
    limits: { startupMs: 600_000 },
  });
});
afterAll(async () => {
  await gateway.close();
  await tlsGateway.close();
  expect([gateway.log, tlsGateway.log]).toEqual([[], []]);
});

const good = (fields: Login7Fields = {}): Buffer => login7({ password: gateway.token, ...fields });

describe('PRELOGIN', () => {
  const ask = async (port: number, options: [number, number[]][]): Promise<Map<number, Buffer>> => {
    const socket = await rawSocket(port);
    socket.write(packet(0x12, prelogin(options)));
    const [answer] = packets(await socket.until((received) => packets(received).length === 1));
    socket.destroy();
    expect(answer).toMatchObject({ type: 4, last: true });
    const payload = answer?.payload ?? Buffer.alloc(0);
    const found = new Map<number, Buffer>();
    for (let at = 0; payload[at] !== 0xff; at += 5) {
      const start = payload.readUInt16BE(at + 1);
      found.set(payload.readUInt8(at), payload.subarray(start, start + payload.readUInt16BE(at + 3)));
    }
    return found;
  };

  test.each([
    ['off', 0, 2, 2],
    ['on', 1, 2, 1],
    ['not supported', 2, 2, 2],
    ['required', 3, 2, 1],
    ['on, with a client certificate', 0x81, 2, 1],
  ])('encryption "%s"', async (_, wish, without, withTls) => {
    expect((await ask(gateway.port, [[1, [wish]]])).get(1)).toEqual(Buffer.from([without]));
    expect((await ask(tlsGateway.port, [[1, [wish]]])).get(1)).toEqual(Buffer.from([withTls]));
  });

  test('several requests at once are declined, and so is an Entra login by the client', async () => {
    const answer = await ask(gateway.port, [
      [0, [11, 0, 0, 0, 0, 0]],
      [1, [2]],
      [2, [...Buffer.from('INSTANCE\0')]],
      [4, [1]],
      [6, [1]],
    ]);
    expect(answer.get(2)).toEqual(Buffer.from([0]));
    expect(answer.get(4)).toEqual(Buffer.from([0]));
    expect(answer.get(6)).toEqual(Buffer.from([0]));
    expect((await ask(gateway.port, [[1, [2]]])).has(6)).toBe(false);
  });

  test('says the version of the upstream once that is known', async () => {
    const { socket } = await logIn(gateway.port, good());
    socket.destroy();
    expect((await ask(gateway.port, [[1, [2]]])).get(0)).toEqual(Buffer.from([16, 0, 0x10, 0x29, 0, 0]));
  });
});

describe('LOGIN7', () => {
  test('without PRELOGIN, as old drivers begin', async () => {
    const socket = await rawSocket(gateway.port);
    socket.write(good({ version: 0x71000001 }));
    const [answer] = packets(await socket.until((received) => packets(received).length === 1));
    expect(answer?.payload.includes(Buffer.from([0xad]))).toBe(true);
    expect(server.logins.at(-1)).toMatchObject({ user: 'reporting', version: 0x71000001, program: 'raw' });
    socket.destroy();
  });

  test('in many packets and pieces', async () => {
    const socket = await rawSocket(gateway.port);
    for (const byte of plainPrelogin) {
      socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    await socket.until((received) => packets(received).length === 1);
    const message = good().subarray(8);
    for (let at = 0; at < message.length; at += 50)
      socket.write(packet(0x10, message.subarray(at, at + 50), at + 50 < message.length ? 0 : 1));
    const received = await socket.until((bytes) => packets(bytes).length === 2);
    expect(packets(received)[1]?.payload[0]).toBe(0xe3);
    socket.destroy();
  });

  test('the answer is the server’s, without what the client did not ask for', async () => {
    const features = Buffer.concat([
      Buffer.from([0x0a, 1, 0, 0, 0, 1]),
      // SESSIONRECOVERY: a broken connection would be opened again past the broker.
      Buffer.from([0x01, 0, 0, 0, 0, 0xff]),
    ]);
    const { socket, answer } = await logIn(gateway.port, good({ features }));
    const partner = Buffer.from('partner.example', 'utf16le');
    expect([...(server.logins.at(-1)?.features.keys() ?? [])]).toEqual([0x0a]);
    expect(answer.payload.includes(partner)).toBe(false);
    const acknowledgement = Buffer.from([0xae, 0x0a, 1, 0, 0, 0, 1, 0xff]);
    expect(answer.payload.includes(acknowledgement)).toBe(true);
    expect(answer.spid).toBeGreaterThan(50);
    socket.destroy();

    const plain = await logIn(gateway.port, good());
    expect(server.logins.at(-1)?.features.size).toBe(0);
    expect(plain.answer.payload.includes(acknowledgement)).toBe(false);
    plain.socket.destroy();
  });

  test('of TDS 8.0 is 7.4 for an upstream that did not begin with TLS, and the client does not notice', async () => {
    for (const [version, spoken] of [
      [0x08000000, 0x74000004],
      [0x72090002, 0x72090002],
    ] as const) {
      const { socket, answer } = await logIn(gateway.port, good({ version }));
      expect(server.logins.at(-1)?.version).toBe(spoken);
      expect(answer.payload.includes(loginAck(version))).toBe(true);
      socket.destroy();
    }
  });

  const refusals: [string, Login7Fields, number, string][] = [
    ['a wrong token', { password: 'lk_wrong' }, 18_456, 'This token is not known. Copy a new one.'],
    ['no password', { password: '' }, 18_456, 'This token is not known. Copy a new one.'],
    ['no user', { user: '' }, 18_456, 'The client named no user. Give your sign-in name as the user.'],
    [
      'another database',
      { database: 'payroll' },
      4060,
      'There is no database "payroll" at this port. Use the database "sales".',
    ],
    ['Windows authentication', { flags2: 0x83 }, 18_456, 'The client tried Windows authentication, '],
    [
      'a Kerberos ticket',
      { sspi: Buffer.from('ticket') },
      18_456,
      'The client tried Windows authentication, ',
    ],
    [
      'an Entra token of its own',
      { features: Buffer.from([0x02, 5, 0, 0, 0, 2, 0, 0, 0, 0, 0xff]) },
      18_456,
      'The client tried Microsoft Entra authentication, ',
    ],
    ['a new password', { flags3: 0x01 }, 50_000, 'A change of the password is not passed on at login. '],
    [
      'a database file',
      { attach: 'c:\\x.mdf' },
      50_000,
      'The file of a database is not passed on at login. ',
    ],
  ];
  test.each(refusals)('%s gets its sentence', async (_, fields, number, sentence) => {
    const before = server.logins.length;
    for (const version of [0x74000004, 0x71000001]) {
      // 7.1 has no features.
      if (version === 0x71000001 && fields.features !== undefined) continue;
      const { socket, answer } = await logIn(gateway.port, good({ ...fields, version }));
      const error = errorIn(answer.payload, version === 0x71000001);
      expect(error).toMatchObject({ number, state: 1, done: true });
      expect(error.message.startsWith(sentence)).toBe(true);
      expect(packets((await socket.closed()).received)).toHaveLength(2);
    }
    expect(server.logins.length).toBe(before);
  });

  test('a refusal of the broker comes with its sentence and remedy', async () => {
    const message = 'Your session has expired.';
    gateway.gatekeeper.refuseWith({
      sqlState: '28000',
      problem: { code: 'token-expired', message, remedy: 'Sign in again — in the tray.' },
    });
    const { answer } = await logIn(gateway.port, good());
    gateway.gatekeeper.refuseWith(undefined);
    expect(errorIn(answer.payload)).toMatchObject({
      number: 18_456,
      severity: 14,
      message: `${message} Sign in again — in the tray.`,
    });
  });

  test('more sessions than allowed get 17809', async () => {
    const sessions = await Promise.all(Array.from({ length: 60 }, () => logIn(gateway.port, good())));
    expect(sessions.map(({ answer }) => answer.payload[0])).toEqual(Array.from({ length: 60 }, () => 0xe3));
    const { answer } = await logIn(gateway.port, good());
    expect(errorIn(answer.payload)).toMatchObject({ number: 17_809 });
    expect(server.sessions()).toBe(60);
    for (const { socket } of sessions) socket.destroy();
    await expect.poll(() => server.sessions(), { timeout: 20_000 }).toBe(0);
  });
});

describe('bytes that are no login', () => {
  /** A whole record that says that it is a ClientHello, and holds zeros. */
  const clientHello = Buffer.concat([Buffer.from('16030100750100007103', 'hex'), Buffer.alloc(0x70)]);
  const cases: [string, Buffer[]][] = [
    ['HTTP', [Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')]],
    ['TLS without a certificate here', [clientHello]],
    ['a login of TDS 5.0', [packet(2, Buffer.alloc(500))]],
    ['a batch in place of the login', [plainPrelogin, batch('select 1')]],
    ['PRELOGIN twice', [plainPrelogin, plainPrelogin]],
    ['PRELOGIN without an end', [packet(0x12, Buffer.from([1, 0, 6, 0, 1]))]],
    ['PRELOGIN that points outside', [packet(0x12, Buffer.from([1, 0, 200, 0, 1, 0xff]))]],
    [
      'PRELOGIN with an option twice',
      [
        packet(
          0x12,
          prelogin([
            [1, [2]],
            [1, [0]],
          ]),
        ),
      ],
    ],
    [
      'a PRELOGIN message that never ends',
      Array.from({ length: 3000 }, () => packet(0x12, Buffer.alloc(0), 0)),
    ],
    ['a packet that is shorter than its header', [Buffer.from([0x12, 1, 0, 3, 0, 0, 0, 0])]],
    [
      'a LOGIN7 message that never ends',
      Array.from({ length: 50 }, () => packet(0x10, Buffer.alloc(4088), 0)),
    ],
    ['an empty LOGIN7', [packet(0x10, Buffer.alloc(0))]],
    ['a LOGIN7 of zeros', [packet(0x10, Buffer.alloc(94))]],
    ['a LOGIN7 of two types', [packet(0x10, Buffer.alloc(94), 0), packet(0x12, Buffer.alloc(94))]],
    ['a text outside', [login7({ bend: (message) => message.writeUInt16LE(60_000, 40) })]],
    ['a text that is too long', [login7({ bend: (message) => message.writeUInt16LE(129, 46) })]],
    ['a length that is too large', [login7({ bend: (message) => message.writeUInt32LE(0xffffffff, 0) })]],
    ['features outside', [login7({ features: Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff]) })]],
    ['features without an end', [login7({ features: Buffer.from([0x0a, 0, 0, 0, 0]) })]],
    ['half a packet, and then nothing', [plainPrelogin.subarray(0, 11)]],
  ];
  test.each(cases)('%s: is closed, and nothing goes upstream', async (_, parts) => {
    const [attempts, logins] = [gateway.gatekeeper.attempts.length, server.logins.length];
    const socket = await rawSocket(gateway.port);
    for (const part of parts) socket.write(part);
    const { received } = await socket.closed();
    for (const { type } of packets(received)) expect(type).toBe(4);
    expect(gateway.gatekeeper.attempts.length).toBe(attempts);
    expect(server.logins.length).toBe(logins);
  });

  test('a TLS handshake is refused with an alert, and the reason is on record', async () => {
    const socket = await rawSocket(gateway.port);
    socket.write(clientHello);
    const { received } = await socket.closed();
    expect(received).toEqual(Buffer.from([0x15, 3, 3, 0, 2, 2, 0x28]));
    await expect
      .poll(() => gateway.gatekeeper.rejections.at(-1)?.refusal.problem)
      .toMatchObject({ code: 'protocol-unsupported', remedy: expect.stringContaining('encryption off') });
  });

  test('a handshake that does not go on is closed, and not only by the clock', async () => {
    const half = clientHello.subarray(0, 60);
    for (const start of [half, packet(0x12, prelogin([[1, [1]]]))]) {
      const socket = await rawSocket(tlsGateway.port);
      socket.write(start);
      if (start !== half) {
        await socket.until((received) => packets(received).length === 1);
        socket.write(packet(0x12, Buffer.from('no TLS record at all')));
      } else socket.finish();
      await socket.closed();
    }
  });

  test('TLS first is for TDS 8.0 only', async () => {
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => {
      connectTls({ port: tlsGateway.port, host: 'localhost', ca, ALPNProtocols: ['http/1.1'] })
        .once('error', resolve)
        .once('secureConnect', () => resolve(new Error('accepted')));
    });
    expect((await failed).code).toContain('NO_APPLICATION_PROTOCOL');
  });
});

describe('a client that sends packets of MARS, which PRELOGIN has declined', () => {
  const smp = (flags: number, session: number, data: Buffer = Buffer.alloc(0)): Buffer => {
    const header = Buffer.alloc(16);
    header.set([0x53, flags]);
    header.writeUInt16LE(session, 2);
    header.writeUInt32LE(16 + data.length, 4);
    header.writeUInt32LE(data.length === 0 ? 0 : 1, 8);
    header.writeUInt32LE(4, 12);
    return Buffer.concat([header, data]);
  };
  const syn = smp(0x01, 7);
  const request = smp(0x08, 7, batch("select 'inside'"));

  test.each([
    ['the first packet', [syn]],
    ['with a request in it', [syn, request]],
    ['behind a request of TDS', [batch('select 1'), syn]],
    ['in one piece with it', [Buffer.concat([batch('select 1'), syn, request])]],
    ['in pieces', [syn.subarray(0, 1), syn.subarray(1, 9), syn.subarray(9)]],
  ])('%s: the sentence comes in such a packet, and none goes upstream', async (_name, chunks) => {
    for (const through of [gateway, tlsGateway]) {
      const opened = through.gatekeeper.nextOpened();
      const { socket } = await logIn(through.port, login7({ password: through.token }));
      const sessionId = await opened;
      const before = socket.received().length;
      const statements = server.statements.length;
      for (const chunk of chunks) {
        socket.write(chunk);
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
      }
      const { received } = await socket.closed();
      const answer = received.subarray(before);
      const at = answer.indexOf(0x53) === 0 ? 0 : answer.indexOf(Buffer.from([0x53, 0x08]));
      const wrapped = answer.subarray(at);
      const session = chunks[0]?.length === 1 ? 0 : 7;
      expect([...wrapped.subarray(0, 4)]).toEqual([0x53, 0x08, session, 0]);
      const length = wrapped.readUInt32LE(4);
      expect(wrapped.readUInt32LE(8)).toBe(1);
      const [message] = packets(wrapped.subarray(16, length));
      expect(errorIn(message?.payload ?? Buffer.alloc(0))).toMatchObject({
        number: 50_000,
        severity: 20,
        message: expect.stringContaining('MultipleActiveResultSets=False'),
        done: true,
      });
      expect(wrapped.subarray(length).equals(Buffer.concat([smpEnd(session)]))).toBe(true);
      expect(await through.gatekeeper.nextEnd(sessionId)).toMatchObject({
        reason: 'cut',
        problem: { code: 'protocol-unsupported' },
      });
      expect(server.statements.slice(statements).join()).not.toContain('inside');
      await expect.poll(() => server.sessions(), { timeout: 20_000 }).toBe(0);
    }
  });
  const smpEnd = (session: number): Buffer => {
    const header = smp(0x04, session);
    header.writeUInt32LE(1, 8);
    return header;
  };
});

describe('ending a session from outside', () => {
  const open = async () => {
    const opened = gateway.gatekeeper.nextOpened();
    const { socket } = await logIn(gateway.port, good());
    return { socket, sessionId: await opened, before: socket.received().length };
  };

  test('an idle one gets an error with the reason', async () => {
    const { socket, sessionId, before } = await open();
    gateway.host.cut([sessionId], reason);
    const { received } = await socket.closed();
    const [last, ...more] = packets(received.subarray(before));
    expect(more).toEqual([]);
    expect(errorIn(last?.payload ?? Buffer.alloc(0))).toMatchObject({
      number: 50_000,
      severity: 20,
      message: reason,
      done: true,
    });
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut', bytesFromClient: 0 });
    await expect.poll(() => server.sessions(), { timeout: 20_000 }).toBe(0);
  });

  test('a statement under way is stopped on the server', async () => {
    const { socket, sessionId, before } = await open();
    const attentions = server.attentions;
    socket.write(batch("waitfor delay '00:10:00'"));
    await expect.poll(() => server.statements.at(-1), { timeout: 20_000 }).toContain('waitfor');
    gateway.host.cut([sessionId], reason);
    const { received } = await socket.closed();
    expect(errorIn(received.subarray(before + 8)).message).toBe(reason);
    await expect.poll(() => server.attentions, { timeout: 20_000 }).toBe(attentions + 1);
    await expect.poll(() => server.sessions(), { timeout: 20_000 }).toBe(0);
  });

  test('inside a message nothing is put, on either side', async () => {
    const { socket, sessionId, before } = await open();
    const attentions = server.attentions;
    socket.write(batch('select * from numbers(2000000)'));
    await socket.until((received) => received.length > 300_000);
    // A request of which only as many bytes are missing as an attention has: it would become the statement's end.
    socket.write(batch("select 'half'").subarray(0, -8));
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    gateway.host.cut([sessionId], reason);
    const { received } = await socket.closed();
    const answer = received.subarray(before);
    expect(answer.includes(Buffer.from(reason, 'utf16le'))).toBe(false);
    expect(packets(answer).some(({ last }) => last)).toBe(false);
    await expect.poll(() => server.sessions(), { timeout: 20_000 }).toBe(0);
    expect(server.attentions).toBe(attentions);
    expect(server.statements.filter((statement) => statement.includes("'h"))).toEqual([]);
  });

  test('what has gone through is counted', async () => {
    const { socket, sessionId, before } = await open();
    const request = batch('select 42');
    socket.write(request);
    const received = await socket.until((bytes) => packets(bytes.subarray(before)).length === 1);
    socket.finish();
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({
      reason: 'client-closed',
      bytesFromClient: request.length,
      bytesFromUpstream: received.length - before,
    });
    await socket.closed();
  });
});
