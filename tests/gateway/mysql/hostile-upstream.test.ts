import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import mysql from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { capabilities } from '../../../main/gateway/mysql/capabilities.ts';
import { packet } from '../../../main/gateway/mysql/wire.ts';
import { rawSocket } from '../../support/raw-socket.ts';
import { type MysqlGateway, startMysqlGateway } from './fixture.ts';
import { lastError, loginPacket, modernFlags, packets, rawClient, rawLogin } from './raw-client.ts';
import {
  type ScriptedServer,
  type ServerSide,
  errorPayload,
  greetingPayload,
  okPayload,
  startScriptedServer,
  switchTo,
} from './scripted-server.ts';

const password = 'upstream-secret-4711';
const marker = 'EVIL-MARKER';
const file = Buffer.from('\u00fb/home/ann/.ssh/id_ed25519', 'latin1');
const column = Buffer.from('\u0003def\0\0\0\u0001a\0\u000c\u003f\0\u000b\0\0\0\u0003\0\0\0\0\0', 'latin1');
const eof = Buffer.from([0xfe, 0, 0, 2, 0]);
const more = Buffer.from([0, 0, 0, 0x0a, 0, 0, 0]);

describe('a MySQL server that misbehaves', () => {
  let server: ScriptedServer;
  let gateway: MysqlGateway;
  let script: (side: ServerSide, index: number) => void | Promise<void> = () => undefined;
  beforeAll(async () => {
    server = await startScriptedServer((side, index) => script(side, index));
  });
  const open = async (more: Partial<Parameters<typeof startMysqlGateway>[0]> = {}): Promise<void> => {
    gateway = await startMysqlGateway({
      login: { user: 'reporting', database: 'shop', password },
      ...more,
      upstream: { port: server.port, connectTimeoutMs: 1500, ...more.upstream },
    });
  };
  afterEach(async () => {
    await gateway.close();
    for (const { socket } of server.sides.splice(0)) socket.destroy();
  });
  afterAll(() => server.close());

  const secretsSent = (): boolean =>
    server.sides.some((side) => side.received().toString('latin1').includes(password));

  test.each<[string, Buffer]>([
    ['garbage', randomBytes(200)],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a length of 16 MB', Buffer.from([0xff, 0xff, 0xff, 0])],
    ['a greeting out of order', packet(1, greetingPayload())],
    ['a greeting of version 9', packet(0, Buffer.from([9, 0x35, 0]))],
    ['a greeting cut short', packet(0, greetingPayload().subarray(0, 30))],
    ['a greeting from before 4.1', packet(0, greetingPayload({}, { flags: 0 }))],
    ['a version with control characters', packet(0, greetingPayload({ version: `8\u001b[2J${marker}` }))],
    ['an error cut short', packet(0, Buffer.from([0xff, 1]))],
    ['an empty packet', packet(0, Buffer.alloc(0))],
  ])('greets with %s: an error in place of the greeting', async (_name, bytes) => {
    script = (side) => side.write(bytes);
    await open();
    const socket = await rawSocket(gateway.port);
    const { received } = await socket.closed();
    expect(lastError(received)).toMatchObject({
      number: 1105,
      sqlState: '',
      sequence: 0,
      message: expect.stringMatching(/does not follow the MySQL protocol/) as string,
    });
    expect(received.toString('latin1')).not.toContain(marker);
    expect(gateway.log).toEqual([]);
    socket.destroy();
  });

  test('says nothing, or says no: the next client asks again', async () => {
    script = () => undefined;
    await open({ upstream: { port: server.port, connectTimeoutMs: 300 } });
    const mute = await rawSocket(gateway.port);
    expect(lastError((await mute.closed()).received).message).toMatch(/did not finish the login in time/);
    script = (side) => side.send(errorPayload(1040, 'Too many connections'));
    const full = await rawSocket(gateway.port);
    expect(lastError((await full.closed()).received)).toMatchObject({
      number: 1040,
      sqlState: '',
      message: expect.stringMatching(/Too many connections\. Close sessions/) as string,
    });
    script = (side) => side.send(greetingPayload());
    const client = await rawClient(gateway.port);
    expect(client.greeting).toMatchObject({ version: '8.4.3', plugin: 'caching_sha2_password' });
    for (const { destroy } of [mute, full, client.socket]) destroy();
  });

  test.each<[number, RegExp, number]>([
    [1040, /refused the login: it has too many connections \(error 1040\)\. Close sessions/, 1040],
    [1129, /refused the login: it blocks this computer .*\(error 1129\)\. .* FLUSH HOSTS/, 1129],
    [1130, /refused the login: it lets nobody in from this computer \(error 1130\)\. .* address\.$/, 1130],
    [1045, /refused the login\. Ask whoever administers/, 1105],
    [1226, /refused the login\. Ask whoever administers/, 1105],
  ])(
    'error %i before TLS may be anybody’s, also at this computer: its words do not pass',
    async (says, tells, number) => {
      script = (side) => side.send(errorPayload(says, marker));
      await open({ upstream: { port: server.port, tls: { mode: 'verify' } } });
      const client = await rawSocket(gateway.port);
      const { received } = await client.closed();
      expect(lastError(received)).toMatchObject({ number, message: expect.stringMatching(tells) as string });
      expect(received.toString('latin1')).not.toContain(marker);
      client.destroy();
    },
  );

  test('one short connection for all clients that come at once', async () => {
    script = async (side) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      side.send(greetingPayload());
    };
    await open();
    const clients = await Promise.all(Array.from({ length: 30 }, () => rawClient(gateway.port)));
    expect(server.sides).toHaveLength(1);
    expect(new Set(clients.map(({ greeting }) => greeting.threadId)).size).toBe(30);
    expect(new Set(clients.map(({ greeting }) => greeting.scramble.toString('hex'))).size).toBe(30);
    for (const { socket } of clients) socket.destroy();
  });

  test('what a client is offered: nothing that cannot be kept', async () => {
    script = (side) => side.send(greetingPayload());
    await open();
    const { greeting, socket } = await rawClient(gateway.port);
    for (const name of [
      'compress',
      'zstd',
      'localFiles',
      'ssl',
      'optionalMetadata',
      'expiredPasswords',
      'multiFactor',
      'extension',
    ] as const)
      expect([name, greeting.capabilities.flags & capabilities[name]]).toEqual([name, 0]);
    for (const name of ['deprecateEof', 'sessionTrack', 'pluginAuth', 'queryAttributes'] as const)
      expect([name, (greeting.capabilities.flags & capabilities[name]) !== 0]).toEqual([name, true]);
    socket.destroy();
  });

  /** Answers the login of every connection with these bytes. */
  const answerLogin = (...answers: (Buffer | ((side: ServerSide) => Promise<void>))[]): void => {
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
      for (const answer of answers) {
        if (typeof answer === 'function') await answer(side);
        else side.write(answer);
      }
    };
  };

  test.each<[string, Buffer, RegExp]>([
    ['garbage', randomBytes(200), /does not follow the MySQL protocol/],
    ['a length of 16 MB', Buffer.from([0xff, 0xff, 0xff, 2]), /does not follow the MySQL protocol/],
    ['an OK out of order', packet(7, okPayload), /does not follow the MySQL protocol/],
    ['an empty packet', packet(2, Buffer.alloc(0)), /does not follow the MySQL protocol/],
    ['rows', packet(2, Buffer.from(`\u000b${marker}`)), /does not follow the MySQL protocol/],
    ['a request for a file', packet(2, file), /does not follow the MySQL protocol/],
    ['a switch without a name', packet(2, Buffer.from([0xfe, 0x61])), /does not follow the MySQL protocol/],
    [
      'a scramble that is too short',
      packet(2, switchTo('mysql_native_password', Buffer.alloc(5))),
      /does not follow the MySQL protocol/,
    ],
    [
      'a switch to the method of 4.0',
      packet(2, Buffer.from([0xfe])),
      /asks for the password hash of MySQL 4\.0/,
    ],
    ['a switch to PAM', packet(2, switchTo('dialog')), /asks for the login method dialog/],
    [
      'a switch to sha256_password with half a scramble',
      packet(2, switchTo('sha256_password', Buffer.alloc(5))),
      /does not follow the MySQL protocol/,
    ],
    [
      'a switch to a name of its own',
      packet(2, switchTo(`<b>${marker}`)),
      /asks for the login method of an unknown kind/,
    ],
    [
      'a switch to cleartext',
      packet(2, switchTo('mysql_clear_password')),
      /asks for a cleartext password without TLS/,
    ],
    ['more data of length 0', packet(2, Buffer.from([1])), /does not follow the MySQL protocol/],
    ['an unknown state of its cache', packet(2, Buffer.from([1, 9])), /does not follow the MySQL protocol/],
    ['the end of the connection', Buffer.alloc(0), /closed the connection during the login|did not finish/],
  ])('answers the login with %s', async (_name, bytes, message) => {
    answerLogin(bytes);
    await open();
    const ended = gateway.gatekeeper.nextEnd();
    const client = await rawClient(gateway.port);
    client.send(1, loginPacket(client.greeting, gateway.token));
    await client.socket.closed();
    expect(lastError(client.received())).toMatchObject({
      number: 1105,
      sqlState: 'HY000',
      sequence: 2,
      message: expect.stringMatching(message) as string,
    });
    expect(packets(client.received())).toHaveLength(1);
    expect(client.received().toString('latin1')).not.toContain(marker);
    expect(secretsSent()).toBe(false);
    expect(await ended).toMatchObject({ reason: 'never-opened', bytesFromUpstream: 0 });
    expect(gateway.log).toEqual([]);
    client.socket.destroy();
  });

  test.each<[string, ...Parameters<typeof answerLogin>]>([
    [
      'changes the method again and again',
      async (side) => {
        for (;;) {
          side.send(switchTo('mysql_native_password'));
          await side.next();
        }
      },
    ],
    [
      'has a cache that answers without end',
      async (side) => {
        for (let count = 0; count < 100; count += 1) side.send(Buffer.from([1, 3]));
      },
    ],
    [
      'has a public key that is none',
      async (side) => {
        side.send(Buffer.from([1, 4]));
        await side.next();
        side.send(`\u0001-----BEGIN PUBLIC KEY-----\n${marker}`);
      },
    ],
    [
      'says OK in place of its public key',
      async (side) => {
        side.send(Buffer.from([1, 4]));
        await side.next();
        side.send(okPayload);
      },
    ],
  ])('%s', async (_name, ...answers) => {
    answerLogin(...answers);
    await open();
    const client = await rawClient(gateway.port);
    client.send(1, loginPacket(client.greeting, gateway.token));
    await client.socket.closed();
    expect(lastError(client.received()).message).toMatch(/does not follow the MySQL protocol/);
    expect(secretsSent()).toBe(false);
    client.socket.destroy();
  });

  /** A session in which the server does this when the first command has come. */
  const inSession = (act: (side: ServerSide) => void | Promise<void>): void => {
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(okPayload);
      await side.next();
      await act(side);
    };
  };
  const eofPackets = { flags: modernFlags - capabilities.deprecateEof, extended: 0 };
  const today = { flags: modernFlags, extended: 0 };

  test.each<[string, typeof today, Buffer[]]>([
    ['for the first answer', today, [file]],
    ['as the second result', today, [more, file]],
    [
      'behind rows',
      today,
      [Buffer.from([1]), column, Buffer.from([0xfb]), Buffer.from([0xfe, 0, 0, 0x0a, 0, 0, 0]), file],
    ],
    [
      'behind rows with EOF packets',
      eofPackets,
      [Buffer.from([1]), column, eof, Buffer.from([0xfb]), Buffer.from([0xfe, 0, 0, 0x0a, 0]), file],
    ],
    ['behind an answer that is complete', today, [okPayload, file]],
    ['behind an error', today, [errorPayload(1064, 'no'), file]],
    ['without a name', today, [Buffer.from([0xfb])]],
  ])('asks for a file of the client %s: the request does not arrive', async (_name, spoken, answers) => {
    for (const whole of [true, false]) {
      const bytes = Buffer.concat(answers.map((payload, index) => packet(index + 1, payload)));
      inSession(async (side) => {
        if (whole) {
          side.write(bytes);
          return;
        }
        for (const byte of bytes) {
          side.write(Buffer.from([byte]));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      });
      await open();
      const client = await rawLogin(gateway.port, gateway.token, spoken);
      const before = client.received().length;
      client.send(0, Buffer.from('\u0003select 1'));
      const { received } = await client.socket.closed();
      const seen = received.subarray(received.length - client.received().length + before);
      const all = packets(seen);
      expect(all.some(({ payload }) => payload.equals(file))).toBe(false);
      expect(all.slice(0, answers.length - 1).map(({ payload }) => payload.toString('hex'))).toEqual(
        answers.slice(0, -1).map((payload) => payload.toString('hex')),
      );
      if (whole) {
        expect(lastError(seen).message).toMatch(/asked for a file of this computer/);
        const idle = answers.length > 1 && !answers.at(-2)?.equals(more) && answers.length === 2;
        // Under a statement two errors: its answer, and what ends the connection.
        const errors = all.filter((each) => each.payload.toString('latin1').includes('asked for a file'));
        expect(errors.map(({ sequence }) => sequence)).toEqual(idle ? [1] : [answers.length, 0]);
      }
      expect(gateway.log.join()).toMatch(/asked for a file of this computer/);
      client.socket.destroy();
      if (whole) await gateway.close();
    }
  });

  const longZero = Buffer.from([0xfc, 0, 0]);
  test.each<[string, string, Buffer[]]>([
    ['a count of 0 in a long form', 'select 1', [longZero]],
    ['a count of 0 in the longest form', 'select 1', [Buffer.from([0xfe, 0, 0, 0, 0, 0, 0, 0, 0])]],
    ['a count of 2^32', 'select 1', [Buffer.from([0xfe, 0, 0, 0, 0, 1, 0, 0, 0])]],
    ['a count of 1 in a long form', 'select 1', [Buffer.from([0xfc, 1, 0])]],
    ['a count, and no definition', 'select 1', [Buffer.from([2]), column]],
    [
      'a prepared statement, and no definition',
      '\u0016select 1',
      [Buffer.from([0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]), column],
    ],
  ])('asks for a file behind %s: the request does not arrive', async (_name, command, answers) => {
    const all = [...answers, file];
    inSession((side) => side.write(Buffer.concat(all.map((payload, index) => packet(index + 1, payload)))));
    await open();
    const client = await rawLogin(gateway.port, gateway.token, today);
    client.send(0, Buffer.from(command.startsWith('\u0016') ? command : `\u0003${command}`));
    const { received } = await client.socket.closed();
    expect(received.includes(file)).toBe(false);
    expect(lastError(client.received())).toMatchObject({ number: 1927 });
    client.socket.destroy();
  });

  test('asks mysql2 for a file, which is ready to send any: it does not', async () => {
    let read = false;
    inSession((side) => side.send(file));
    await open();
    const client = await mysql.createConnection({
      host: '127.0.0.1',
      port: gateway.port,
      user: 'ann',
      password: gateway.token,
      flags: ['LOCAL_FILES'],
    });
    const failed = client.query({
      sql: 'select 1',
      infileStreamFactory: () => {
        read = true;
        return Readable.from([Buffer.from('secret')]);
      },
    });
    await expect(failed).rejects.toThrow(/asked for a file of this computer/);
    expect(read).toBe(false);
  });

  test.each<[string, Buffer]>([
    ['an OK', okPayload],
    ['rows', Buffer.from([1])],
    ['a request for a file', file],
  ])('sends %s that nobody has asked for, behind the login', async (_name, payload) => {
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(okPayload);
      await side.refuseToTell();
      side.send(payload, 1);
    };
    await open();
    const client = await rawClient(gateway.port);
    client.send(1, loginPacket(client.greeting, gateway.token));
    await client.socket.closed();
    const all = packets(client.received());
    expect(all).toHaveLength(2);
    expect(lastError(client.received())).toMatchObject({ number: 1927, sequence: 1 });
    client.socket.destroy();
  });

  test('says its last without being asked, as servers do that close: the client reads it', async () => {
    script = async (side) => {
      side.send(greetingPayload());
      await side.next();
      side.send(okPayload);
      await side.refuseToTell();
      await new Promise((resolve) => setTimeout(resolve, 50));
      side.send(errorPayload(4031, 'The client was disconnected by the server because of inactivity.'), 0);
      side.socket.end();
    };
    await open();
    const client = await rawLogin(gateway.port, gateway.token, today);
    await client.socket.closed();
    expect(lastError(client.received())).toMatchObject({ number: 4031 });
    expect(gateway.log).toEqual([]);
    client.socket.destroy();
  });
});
