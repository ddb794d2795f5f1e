import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestAuthority } from '../../support/certificates.ts';
import { type FakeUpstream, type FakeVisit, startFakeUpstream } from '../../support/fake-upstream.ts';
import { freePort } from '../../support/free-port.ts';
import { preloginAnswer } from '../../support/tds-server-login.ts';
import * as tokens from '../../support/tds-server-tokens.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';
import { errorIn, logIn, login7, packet, packets } from './raw-client.ts';

const password = 'swordfish of the upstream';
const version = 0x74000004;

let upstream: FakeUpstream;
let gateway: TestGateway;
let tlsPort: number;
let script: (visit: FakeVisit) => void | Promise<void> = () => undefined;

beforeAll(async () => {
  upstream = await startFakeUpstream((visit) => script(visit));
  const address = { host: '127.0.0.1', port: upstream.port, allowedMethods: [], connectTimeoutMs: 1500 };
  gateway = await startTestGateway({
    upstream: address,
    login: { user: 'reporting', database: 'sales', password },
    listener: { protocol: 'sqlserver' },
  });
  tlsPort = await freePort();
  const { caPem } = await createTestAuthority();
  const failures = await gateway.host.open([
    {
      connection: 'sales over TLS',
      protocol: 'sqlserver',
      host: '127.0.0.1',
      port: tlsPort,
      clientAuth: 'password',
      databases: ['sales'],
      maxSessions: 100,
      upstream: { ...address, tls: { mode: 'verify', ca: caPem } },
    },
  ]);
  expect(failures).toEqual([]);
});
afterEach(() => {
  for (const visit of upstream.visits.splice(0)) visit.socket.destroy();
});
afterAll(async () => {
  await gateway.close();
  expect(gateway.log).toEqual([]);
  await upstream.close();
});

const answer = (encryption: number): Buffer =>
  packet(4, preloginAnswer({ 0: Buffer.from([16, 0, 0, 0, 0, 0]), 1: Buffer.from([encryption]) }));
const loginAck = tokens.loginAck(version);
const done = tokens.done(version, 0);

/** Waits until the gateway has sent a message of this type. */
async function seen({ received, socket }: FakeVisit, type: number): Promise<void> {
  while (!packets(received()).some((each) => each.type === type && each.last)) {
    if (socket.destroyed) throw new Error('gone');
    await new Promise(setImmediate);
  }
}

/** What the client gets, while the upstream plays the script. */
async function outcome(port: number, play: (visit: FakeVisit) => void | Promise<void>) {
  script = play;
  const { socket, answer } = await logIn(port, login7({ password: gateway.token }));
  const { received } = await socket.closed();
  // PRELOGIN's answer and one error, and nothing that the upstream has said.
  expect(packets(received)).toHaveLength(2);
  expect(received.includes(Buffer.from(password, 'utf16le'))).toBe(false);
  return errorIn(answer.payload);
}
const sentLogin = (): boolean =>
  upstream.visits.some(({ received }) => packets(received()).some(({ type }) => type === 0x10));

const beforeLogin: [string, Buffer[], RegExp][] = [
  [
    'speaks HTTP',
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    /does not follow the SQL Server protocol/,
  ],
  ['answers with a packet of another type', [packet(0x12, Buffer.from([0xff]))], /does not answer PRELOGIN/],
  ['answers without an end', [packet(4, Buffer.from([1, 0, 0, 0, 1]))], /has no end/],
  ['points outside', [packet(4, Buffer.from([1, 1, 0, 0, 1, 0xff]))], /points outside/],
  ['never ends its answer', Array.from({ length: 9 }, () => packet(4, Buffer.alloc(4000), 0)), /longer than/],
  [
    'never ends empty packets',
    Array.from({ length: 999 }, () => packet(4, Buffer.alloc(0), 0)),
    /longer than/,
  ],
  ['has packets that are too short', [Buffer.from([4, 1, 0, 2, 0, 0, 0, 0])], /impossible length/],
];
test.each(beforeLogin)('before the login it %s', async (_, bytes, sentence) => {
  for (const port of [gateway.port, tlsPort]) {
    const { number, message } = await outcome(port, async (visit) => {
      await seen(visit, 0x12);
      visit.socket.write(Buffer.concat(bytes));
    });
    expect(number).toBe(40_613);
    expect(message).toMatch(sentence);
  }
  expect(sentLogin()).toBe(false);
});

test('it closes at once, or says nothing', async () => {
  for (const port of [gateway.port, tlsPort]) {
    const closed = await outcome(port, (visit) => void visit.socket.destroy());
    expect(closed.message).toMatch(/closed the connection/);
    const silent = await outcome(port, () => undefined);
    expect(silent.message).toMatch(/did not finish the login in time/);
  }
});

test('it lets a login succeed that was not sent', async () => {
  for (const [port, encryption] of [
    [gateway.port, 2],
    [tlsPort, 1],
  ] as const) {
    const early = Buffer.concat([answer(encryption), packet(4, Buffer.concat([loginAck, done]))]);
    const { message } = await outcome(port, async (visit) => {
      await seen(visit, 0x12);
      visit.socket.write(early);
    });
    expect(message).toMatch(/it speaks before it is asked/);
  }
  expect(sentLogin()).toBe(false);
});

test('it breaks the TLS handshake: no login is sent, whatever it says', async () => {
  for (const bytes of [
    packet(4, Buffer.concat([loginAck, done])),
    packet(0x12, Buffer.from('15030300020228', 'hex')),
    packet(0x12, Buffer.alloc(3000, 0x16)),
    Buffer.from([0x12, 1, 0, 1, 0, 0, 0, 0]),
    Buffer.alloc(5000, 0x17),
  ]) {
    const { number, message } = await outcome(tlsPort, async (visit) => {
      await seen(visit, 0x12);
      visit.socket.write(answer(1));
      while (packets(visit.received()).length < 2) await new Promise(setImmediate);
      visit.socket.write(bytes);
    });
    expect(number).toBe(40_613);
    expect(message).toMatch(/TLS/);
  }
  expect(sentLogin()).toBe(false);
});

const env = (type: number, ...body: number[]): Buffer =>
  Buffer.from([0xe3, body.length + 1, 0, type, ...body]);
const answers: [string, Buffer[], RegExp][] = [
  ['is empty', [packet(4, Buffer.alloc(0))], /neither accepts nor refuses/],
  ['is of another type', [packet(1, Buffer.concat([loginAck, done]))], /does not answer the login/],
  ['is a DONE alone', [packet(4, done)], /neither accepts nor refuses/],
  ['has no DONE', [packet(4, loginAck)], /neither accepts nor refuses/],
  [
    'fails without an error',
    [packet(4, Buffer.concat([loginAck, tokens.done(version, 2)]))],
    /neither accepts/,
  ],
  [
    'has rows',
    [packet(4, Buffer.concat([loginAck, Buffer.from([0xd1, 1, 2]), done]))],
    /does not belong to a login/,
  ],
  [
    'asks for Windows authentication',
    [packet(4, Buffer.from([0xed, 1, 0, 7]))],
    /does not belong to a login/,
  ],
  ['ends inside a token', [packet(4, loginAck.subarray(0, 9))], /ends too early/],
  ['has a LOGINACK without a version', [packet(4, Buffer.from([0xad, 1, 0, 1]))], /LOGINACK is malformed/],
  ['has an ENVCHANGE without a type', [packet(4, Buffer.from([0xe3, 0, 0]))], /ends too early/],
  [
    'has features without an end',
    [packet(4, Buffer.from([0xae, 1, 0xff, 0xff, 0xff, 0x7f]))],
    /ends too early/,
  ],
  [
    'has 3,000 tokens',
    Array.from({ length: 3 }, (_, i) =>
      packet(4, Buffer.concat(Array.from({ length: 1000 }, () => env(3, 0, 0))), i === 2 ? 1 : 0),
    ),
    /has no end/,
  ],
  [
    'never ends',
    Array.from({ length: 70 }, () =>
      packet(
        4,
        Buffer.concat(Array.from({ length: 200 }, () => env(3, ...Array.from({ length: 16 }, () => 1)))),
        0,
      ),
    ),
    /longer than/,
  ],
  [
    'sends the login nowhere',
    [packet(4, Buffer.concat([loginAck, env(20, 5, 0, 1, 1, 1, 0, 0, 0, 0), done]))],
    /on to nowhere/,
  ],
  [
    'has a route that is cut off',
    [packet(4, Buffer.concat([loginAck, env(20, 200, 0, 0, 1, 1), done]))],
    /ends too early/,
  ],
  [
    'names an impossible packet size',
    [packet(4, Buffer.concat([loginAck, tokens.textChange(4, '99999999', '4096'), done]))],
    /impossible packet size/,
  ],
  [
    'names a packet size that is no number',
    [packet(4, Buffer.concat([loginAck, tokens.textChange(4, 'many', '4096'), done]))],
    /impossible packet size/,
  ],
  [
    'has an error without a text',
    [packet(4, Buffer.from([0xaa, 6, 0, 1, 0, 0, 0, 1, 14]))],
    /ends too early/,
  ],
];
test.each(answers)('its answer to the login %s', async (_, bytes, sentence) => {
  const { number, message } = await outcome(gateway.port, async (visit) => {
    await seen(visit, 0x12);
    visit.socket.write(answer(2));
    await seen(visit, 0x10);
    visit.socket.write(Buffer.concat(bytes));
  });
  expect(number).toBe(40_613);
  expect(message).toMatch(sentence);
});

test.each([
  [4060, 11, 2, 'Correct upstream.database'],
  [40_613, 17, 1, 'Try again in a minute'],
  [40_615, 14, 1, 'through its firewall'],
  [17_892, 14, 1, 'logon trigger'],
  [17_809, 16, 4, 'ask whoever administers'],
])('its error %i reaches the client with its number, state and text, and what to do', async (...row) => {
  const [number, severity, state, remedy] = row;
  const told = await outcome(gateway.port, async (visit) => {
    await seen(visit, 0x12);
    visit.socket.write(answer(2));
    await seen(visit, 0x10);
    const error = tokens.error(version, number, severity, 'Not now.');
    error.writeUInt8(state, 7);
    // What servers say first counts, and not that the login has failed therefore.
    const failed = tokens.error(version, 18_456, 14, 'Login failed.');
    visit.socket.write(packet(4, Buffer.concat([error, failed, tokens.done(version, 2)])));
  });
  expect(told).toMatchObject({ number, severity, state });
  expect(told.message).toContain('refused the login: Not now.');
  expect(told.message).toContain(remedy);
});

test('its error gives the password away, or would paint the terminal', async () => {
  const say = (text: string) => async (visit: FakeVisit) => {
    await seen(visit, 0x12);
    visit.socket.write(answer(2));
    await seen(visit, 0x10);
    visit.socket.write(
      packet(4, Buffer.concat([tokens.error(version, 40_501, 20, text), tokens.done(version, 2)])),
    );
  };
  const told = await outcome(gateway.port, say(`Login with ${password} failed.`));
  expect(told).toMatchObject({ number: 40_501, severity: 20 });
  expect(told.message).toMatch(/refused the login\. Try again/);
  const painted = await outcome(gateway.port, say('Bad\u001b[31m\r\nday\0'));
  expect(painted.message).toMatch(/refused the login: Bad \[31m day\. Try again/);
  const long = await outcome(gateway.port, say('x'.repeat(20_000).slice(0, 2000)));
  expect(long.message.length).toBeLessThan(500);
});
