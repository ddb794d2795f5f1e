import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { UpstreamAddress } from '../../../main/gateway/ports.ts';
import { type FakeUpstream, type FakeVisit, startFakeUpstream } from '../../support/fake-upstream.ts';
import { rawSocket } from '../../support/raw-socket.ts';
import { errorFields, frames, scramLogin, startupPacket, typed } from '../../support/wire-client.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';

const password = 'upstream-secret-4711';
/** An address of this computer that is not loopback, where it has one. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((found) => found?.internal === false && found.family === 'IPv4')?.address;
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const authentication = (code: number, ...rest: (Uint8Array | string)[]): Buffer =>
  typed('R', Buffer.concat([int32(code), ...rest.map((part) => Buffer.from(part as string))]));
const ok = authentication(0);
const offer = authentication(10, 'SCRAM-SHA-256\0\0');
const ready = typed('Z', 'I');
const marker = 'EVIL-MARKER';
const row = typed('D', Buffer.concat([Buffer.from([0, 1]), int32(marker.length), Buffer.from(marker)]));
const errorMessage = (fields: Record<string, string>): Buffer =>
  typed(
    'E',
    `${Object.entries(fields)
      .map(([code, text]) => `${code}${text}\0`)
      .join('')}\0`,
  );

/** Plays SCRAM as a server that knows the password, but for what the test bends. */
async function scram(
  visit: FakeVisit,
  bend: {
    nonce?(client: string): string;
    salt?: string;
    iterations?: string;
    signature?(good: Buffer): Buffer | undefined;
    /** In place of what follows the signature. */
    farewell?: Buffer;
  } = {},
): Promise<void> {
  await visit.firstBytes();
  visit.socket.write(offer);
  const initial = (await visit.message(1)).toString();
  const bare = initial.slice(initial.indexOf('n=,r='));
  const clientNonce = bare.slice(5);
  const salt = randomBytes(16);
  const nonce = bend.nonce?.(clientNonce) ?? `${clientNonce}server`;
  const serverFirst = `r=${nonce},s=${bend.salt ?? salt.toString('base64')},i=${bend.iterations ?? '4096'}`;
  visit.socket.write(authentication(11, serverFirst));
  const final = (await visit.message(2)).subarray(5).toString();
  const withoutProof = final.slice(0, final.indexOf(',p='));
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest();
  const good = createHmac('sha256', serverKey).update(`${bare},${serverFirst},${withoutProof}`).digest();
  const signature = bend.signature === undefined ? good : bend.signature(good);
  if (signature !== undefined) visit.socket.write(authentication(12, `v=${signature.toString('base64')}`));
  const key = typed('K', Buffer.concat([int32(7), int32(8)]));
  visit.socket.write(bend.farewell ?? Buffer.concat([ok, key, ready]));
}

describe('an upstream that misbehaves', () => {
  let gateway: TestGateway;
  let upstream: FakeUpstream;
  let script: (visit: FakeVisit) => void | Promise<void> = () => undefined;
  const gateways: TestGateway[] = [];

  const gatewayWith = async (address: Partial<UpstreamAddress>): Promise<TestGateway> => {
    const opened = await startTestGateway({
      upstream: { port: upstream.port, connectTimeoutMs: 1500, ...address },
      login: { user: 'reporting', database: 'sales', password },
    });
    gateways.push(opened);
    return opened;
  };
  beforeAll(async () => {
    upstream = await startFakeUpstream((visit) => script(visit));
    gateway = await gatewayWith({});
  });
  afterEach(() => {
    for (const visit of upstream.visits.splice(0)) visit.socket.destroy();
  });
  afterAll(async () => {
    await Promise.all(gateways.map((each) => each.close()));
    await upstream.close();
  });

  /** One login of a client; everything that it received. */
  async function logIn(through = gateway): Promise<Buffer> {
    const socket = await rawSocket(through.port);
    socket.write(startupPacket({ user: 'ann', database: 'sales' }));
    await scramLogin(socket, through.token);
    const { received } = await socket.closed();
    socket.destroy();
    return received;
  }

  /** Expects the login to end in one mapped error, with nothing of what the upstream said. */
  async function expectRefused(expected: { C: string; M: RegExp }, through = gateway): Promise<Buffer> {
    const ended = through.gatekeeper.nextEnd();
    const received = await logIn(through);
    expect(errorFields(received)).toMatchObject({
      S: 'FATAL',
      C: expected.C,
      M: expect.stringMatching(expected.M) as string,
    });
    // Two SASL messages, then the error: no server signature, no AuthenticationOk.
    expect(
      frames(received)
        .map(({ type }) => type)
        .join(''),
    ).toBe('RRE');
    expect(received.toString('latin1')).not.toContain(marker);
    expect(await ended).toMatchObject({ reason: 'never-opened', bytesFromUpstream: 0 });
    expect(through.log).toEqual([]);
    return received;
  }

  test('the script is a good server when nothing is bent', async () => {
    script = (visit) => scram(visit);
    const ended = gateway.gatekeeper.nextEnd();
    const socket = await rawSocket(gateway.port);
    socket.write(startupPacket({ user: 'ann', database: 'sales' }));
    const received = await scramLogin(socket, gateway.token);
    expect(
      frames(received)
        .map(({ type }) => type)
        .join(''),
    ).toBe('RRRRKZ');
    socket.destroy();
    await ended;
  });

  test.each<[string, Buffer]>([
    ['garbage', randomBytes(200)],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a length of 2 GB', Buffer.from([0x52, 0x7f, 0xff, 0xff, 0xff])],
    ['a negative length', Buffer.from([0x52, 0xff, 0xff, 0xff, 0xf0])],
    ['a length of zero', Buffer.from([0x52, 0, 0, 0, 0])],
    ['rows before authentication', Buffer.concat([row, ok, ready])],
    ['ReadyForQuery before authentication', ready],
    ['a parameter before authentication', Buffer.concat([typed('S', `${marker}\0x\0`), ok, ready])],
    ['an authentication request cut short', typed('R', Buffer.from([0, 0]))],
    ['AuthenticationOk with more in it', typed('R', Buffer.from([0, 0, 0, 0, 1]))],
    ['a mechanism list without an end', authentication(10, 'SCRAM-SHA-256')],
    ['an error that is no error', typed('E', marker)],
    ['an error without SQLSTATE (CVE-2026-6666)', errorMessage({ S: 'FATAL', V: 'FATAL', M: marker })],
  ])('%s', async (_name, bytes) => {
    script = async (visit) => {
      await visit.firstBytes();
      visit.socket.write(bytes);
    };
    await expectRefused({ C: '08006', M: /does not follow the PostgreSQL protocol/ });
  });

  test.each<[string, Buffer, RegExp]>([
    [
      'AuthenticationOk without asking for the password',
      Buffer.concat([ok, row, ready]),
      /let Latchkey in without asking/,
    ],
    ['a cleartext password', authentication(3), /asks for a cleartext password/],
    ['an MD5 password', authentication(5, randomBytes(4)), /asks for an MD5 password/],
    ['Kerberos', authentication(7), /asks for a login method that Latchkey does not know/],
    [
      'a SASL mechanism of its own',
      authentication(10, `${marker}\0\0`),
      /asks for a SASL mechanism other than/,
    ],
    [
      'channel binding on a plain connection',
      authentication(10, 'SCRAM-SHA-256-PLUS\0\0'),
      /asks for a SASL mechanism other than/,
    ],
  ])('demands %s', async (_name, bytes, message) => {
    script = async (visit) => {
      await visit.firstBytes();
      visit.socket.write(bytes);
    };
    await expectRefused({ C: '08004', M: message });
    const said = upstream.visits.map((visit) => visit.received().toString('latin1')).join('');
    expect(said).toContain('reporting');
    expect(said).not.toContain(password);
  });

  const salt = Buffer.from([1, 2, 3, 4]);
  /** Pgpool-II asks for itself, and then once more for the server behind it. */
  const asksTwice = (second: (visit: FakeVisit) => Promise<void>) => async (visit: FakeVisit) => {
    await visit.firstBytes();
    visit.socket.write(authentication(3));
    expect((await visit.message(1)).subarray(5).toString()).toBe(`${password}\0`);
    await second(visit);
  };
  const letIn = ({ socket }: FakeVisit): void =>
    void socket.write(Buffer.concat([ok, typed('K', Buffer.concat([int32(7), int32(8)])), ready]));

  test('may ask once more for a server behind it, in any way that is allowed', async () => {
    const through = await gatewayWith({ allowedMethods: ['password', 'md5'] });
    const ways: ((visit: FakeVisit) => Promise<void>)[] = [
      async (visit) => {
        visit.socket.write(authentication(5, salt));
        const inner = createHash('md5').update(`${password}reporting`).digest('hex');
        const outer = createHash('md5').update(inner).update(salt).digest('hex');
        expect((await visit.message(2)).subarray(5).toString()).toBe(`md5${outer}\0`);
        letIn(visit);
      },
      async (visit) => {
        visit.socket.write(authentication(3));
        await visit.message(2);
        letIn(visit);
      },
    ];
    for (const way of ways) {
      script = asksTwice(way);
      const opened = through.gatekeeper.nextOpened();
      const socket = await rawSocket(through.port);
      socket.write(startupPacket({ user: 'ann', database: 'sales' }));
      await scramLogin(socket, through.token);
      await opened;
      socket.destroy();
    }
  });

  test('is not answered a second time where the way is not allowed, nor again and again', async () => {
    const narrow = await gatewayWith({ allowedMethods: ['password'] });
    script = asksTwice(async ({ socket }) => void socket.write(authentication(5, salt)));
    await expectRefused({ C: '08004', M: /asks for an MD5 password/ }, narrow);
    let asked = 0;
    script = async (visit) => {
      await visit.firstBytes();
      for (;;) {
        visit.socket.write(authentication(3));
        await visit.message(asked + 1);
        asked += 1;
      }
    };
    await expectRefused({ C: '08006', M: /again and again/ }, narrow);
    expect(asked).toBe(4);
  });

  test.runIf(outside !== undefined)(
    'demands a weak method over plain text, and is not on this computer: not even where it is allowed',
    async () => {
      const elsewhere = await startFakeUpstream(async (visit) => {
        await visit.firstBytes();
        visit.socket.write(authentication(3));
      }, outside);
      const allowing = await gatewayWith({
        host: outside ?? '',
        port: elsewhere.port,
        allowedMethods: ['password', 'md5'],
      });
      await expectRefused({ C: '08004', M: /asks for a cleartext password/ }, allowing);
      expect(elsewhere.visits[0]?.received().toString('latin1')).not.toContain(password);
      await elsewhere.close();
    },
  );

  test.each<[string, Parameters<typeof scram>[1], string, RegExp]>([
    ['asks for 1 iteration', { iterations: '1' }, '08004', /asks for 1 SCRAM iterations/],
    ['asks for 4,095 iterations', { iterations: '4095' }, '08004', /asks for 4095 SCRAM iterations/],
    [
      'asks for 1,000,001 iterations',
      { iterations: '1000001' },
      '08004',
      /asks for 1000001 SCRAM iterations/,
    ],
    ['asks for 9,999,999,999 iterations', { iterations: '9999999999' }, '08004', /9999999999/],
    ['asks for a negative number of iterations', { iterations: '-1' }, '08006', /protocol/],
    ['does not add to the nonce', { nonce: (client) => client }, '08006', /protocol/],
    ['makes up another nonce', { nonce: () => 'abcdefghijklmnopqrstuvwxyz' }, '08006', /protocol/],
    [
      'sends a nonce of 5,000 characters (CVE-2026-6665)',
      { nonce: (client) => client + 'x'.repeat(5000) },
      '08006',
      /protocol/,
    ],
    ['sends an empty salt', { salt: '' }, '08006', /protocol/],
    ['sends a salt that is no base64', { salt: '*' }, '08006', /protocol/],
    [
      'sends a wrong signature',
      { signature: () => randomBytes(32) },
      '08004',
      /could not prove that it knows the password/,
    ],
    [
      'sends half of its signature',
      { signature: (good) => good.subarray(0, 16) },
      '08004',
      /could not prove/,
    ],
    ['skips its signature', { signature: () => undefined }, '08006', /leaves the SASL exchange/],
  ])('in SCRAM %s', async (_name, bend, sqlState, message) => {
    script = (visit) => scram(visit, bend);
    await expectRefused({ C: sqlState, M: message });
    expect(upstream.visits.map((visit) => visit.received().toString('latin1')).join('')).not.toContain(
      password,
    );
  });

  test('sends parameters without an end', async () => {
    const endless = Array.from({ length: 50 }, () => typed('S', `name\0${'x'.repeat(20_000)}\0`));
    script = (visit) => scram(visit, { farewell: Buffer.concat([ok, ...endless]) });
    await expectRefused({ C: '08006', M: /its greeting has no end/ });
  });

  test('sends notices before authentication: nobody hears them', async () => {
    script = async (visit) => {
      await visit.firstBytes();
      visit.socket.write(typed('N', `SWARNING\0VWARNING\0C01000\0M${marker}\0\0`));
      await scram(visit);
    };
    const ended = gateway.gatekeeper.nextEnd();
    const socket = await rawSocket(gateway.port);
    socket.write(startupPacket({ user: 'ann', database: 'sales' }));
    const received = await scramLogin(socket, gateway.token);
    expect(frames(received).at(-1)?.type).toBe('Z');
    expect(received.toString('latin1')).not.toContain(marker);
    socket.destroy();
    await ended;
  });

  test('hangs up, at once or in the middle', async () => {
    script = (visit) => void visit.socket.destroy();
    await expectRefused({ C: '08001', M: /closed the connection/ });
    script = async (visit) => {
      await visit.firstBytes();
      visit.socket.write(offer);
      await visit.message(1);
      visit.socket.end(Buffer.from('R\0\0\0'));
    };
    await expectRefused({ C: '08001', M: /closed the connection during the login/ });
  });

  test('says one byte now and then', async () => {
    script = async (visit) => {
      await visit.firstBytes();
      for (const byte of offer) {
        visit.socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
    };
    const started = performance.now();
    await expectRefused({ C: '08001', M: /did not finish the login in time/ });
    expect(performance.now() - started).toBeLessThan(4000);
  });

  describe('its errors', () => {
    const refuseWith = (fields: Record<string, string>): void => {
      script = async (visit) => {
        await visit.firstBytes();
        visit.socket.write(errorMessage(fields));
      };
    };

    test('are passed on in one clean line, without hint, detail or position', async () => {
      refuseWith({
        S: 'FATAL',
        V: 'FATAL',
        C: '57P03',
        M: 'starting\u001b[2J\r\nup',
        H: marker,
        D: marker,
        F: marker,
      });
      const received = await expectRefused({ C: '57P03', M: /refused the login: starting \[2J up$/ });
      expect(errorFields(received)['H']).toContain('try again in a moment');
      refuseWith({ S: 'FATAL', V: 'FATAL', C: '53300', M: 'x'.repeat(5000) });
      expect(errorFields(await expectRefused({ C: '53300', M: /x{200}…$/ }))['M']?.length).toBeLessThan(300);
    });

    test('never carry the password back, and never pass for a wrong token', async () => {
      refuseWith({ S: 'FATAL', V: 'FATAL', C: '28P01', M: `no such password: ${password}` });
      const received = await expectRefused({ C: '08004', M: /refused the login\.$/ });
      expect(received.toString('latin1')).not.toContain(password);
      refuseWith({ S: 'FATAL', V: 'FATAL', C: '00000', M: 'all is well' });
      await expectRefused({ C: '08004', M: /all is well/ });
    });
  });

  describe('where TLS is wanted', () => {
    const answers = async (bytes: Buffer): Promise<string> => {
      const wanting = await gatewayWith({ tls: { mode: 'verify' } });
      script = async (visit) => {
        await visit.firstBytes();
        visit.socket.write(bytes);
      };
      const message = errorFields(await logIn(wanting));
      expect(message['C']).toBe('08001');
      return message['M'] ?? '';
    };

    test.each<[string, Buffer, RegExp]>([
      [
        'bytes behind its yes',
        Buffer.concat([Buffer.from('S'), ok, ready]),
        /did not answer the request for TLS/,
      ],
      ['no', Buffer.from('N'), /does not offer TLS/],
      ['an error', errorMessage({ S: 'FATAL', C: '53300', M: marker }), /did not answer the request for TLS/],
      ['yes, and then plain text', Buffer.from('S'), /TLS/],
    ])('it answers %s', async (_name, bytes, expected) => {
      const message = await answers(bytes);
      expect(message).toMatch(expected);
      expect(message).not.toContain(marker);
      // Nothing but the request for TLS (and, after a yes, a ClientHello) has gone to it.
      const said = Buffer.concat(upstream.visits.map((visit) => visit.received())).toString('latin1');
      expect(said).not.toContain('reporting');
      expect(said).not.toContain('SCRAM');
    });
  });
});
