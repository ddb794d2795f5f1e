import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createByteReader } from '../../../main/gateway/byte-reader.ts';
import type { Receiver } from '../../../main/gateway/connection.ts';
import { ProtocolError } from '../../../main/gateway/refused.ts';
import {
  type Login7,
  encodeLogin7,
  isBefore72,
  parseLogin7,
} from '../../../main/gateway/sqlserver/login7.ts';
import {
  createPacketFollower,
  createPacketGatherer,
} from '../../../main/gateway/sqlserver/packet-follower.ts';
import { encodeMessage, packetHeaderLength, readMessage } from '../../../main/gateway/sqlserver/packets.ts';
import { encodePrelogin, encryptionOf, parsePrelogin } from '../../../main/gateway/sqlserver/prelogin.ts';
import { encodeRefusal } from '../../../main/gateway/sqlserver/refusal.ts';
import { createUnwrapper, createWrapper } from '../../../main/gateway/sqlserver/tls-in-tds.ts';
import {
  encodeError,
  encodeFeatureAck,
  parseLoginResponse,
  parsePacketSize,
  parseRoute,
} from '../../../main/gateway/sqlserver/tokens.ts';
import { readLogin7 } from '../../support/tds-server-login.ts';
import * as standIn from '../../support/tds-server-tokens.ts';
import { errorIn, login7, packets } from './raw-client.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** Runs a parser over inputs, of which only ProtocolError may come. */
function holds(parse: (input: Buffer) => unknown, inputs: fc.Arbitrary<Buffer>, numRuns = 10_000): void {
  fc.assert(
    fc.property(inputs, (input) => {
      try {
        parse(input);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
    { numRuns },
  );
}

/** A good message with some of its bytes changed, or cut off. */
const bent = (good: Buffer) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(good.length),
      fc.boolean(),
    )
    .map(([changes, length, cut]) => {
      const copy = Buffer.from(good);
      for (const [at, value] of changes) copy[at] = value;
      return cut ? copy.subarray(0, length) : copy;
    });

describe('PRELOGIN', () => {
  // [MS-TDS] 4.1 "Pre-Login Request", behind its packet header.
  const example = hex(
    '00001a0006 0100200001 0200210001 0300220004 0400260001 ff 090000000000 01 00 b80d0000 01',
  );

  test("the specification's example", () => {
    const options = parsePrelogin(example);
    expect(encryptionOf(options)).toBe(1);
    expect(Object.fromEntries([...options].map(([token, data]) => [token, data.toString('hex')]))).toEqual({
      0: '090000000000',
      1: '01',
      2: '00',
      3: 'b80d0000',
      4: '01',
    });
    expect(encodePrelogin(options)).toEqual(example);
  });

  test('any bytes', () => {
    holds(parsePrelogin, bytes(80));
    holds(parsePrelogin, bent(example));
  });
});

describe('LOGIN7', () => {
  // [MS-TDS] 4.2 "Login Request", behind its packet header.
  const example = hex(`
    88000000 02000972 00100000 00000007 00010000 00000000 e0030000 e0010000 09040000
    5e000800 6e000200 72000000 72000700 80000000 80000000 80000400 88000000 88000000 00508be2b78f
    88000000 88000000 88000000 00000000
    73006b006f00730074006f007600310073006100 4f00530051004c002d0033003200 4f00440042004300`);

  test("the specification's example", () => {
    const login = parseLogin7(Buffer.from(example));
    expect(login).toMatchObject({
      tdsVersion: 0x72090002,
      hostName: 'skostov1',
      userName: 'sa',
      password: '',
      appName: 'OSQL-32',
      serverName: '',
      interfaceName: 'ODBC',
      database: '',
      clientId: hex('00508be2b78f'),
      integrated: false,
      features: undefined,
    });
    expect(encodeLogin7(login)).toEqual(example);
  });

  test('the password is gone from the message once it has been read', () => {
    const message = login7({ password: 'lk_the token' }).subarray(packetHeaderLength);
    expect(parseLogin7(message).password).toBe('lk_the token');
    expect(readLogin7(message).password).toBe('\u5a5a'.repeat(12));
  });

  const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
  const logins: fc.Arbitrary<Login7> = fc.record({
    tdsVersion: fc.constantFrom(0x71000001, 0x72090002, 0x730b0003, 0x74000004, 0x08000000),
    head: fc.uint8Array({ minLength: 36, maxLength: 36 }).map((array) => Buffer.from(array)),
    hostName: text(60),
    userName: text(60),
    password: text(60),
    appName: text(60),
    serverName: text(60),
    interfaceName: text(60),
    language: text(60),
    database: text(60),
    clientId: fc.uint8Array({ minLength: 6, maxLength: 6 }).map((array) => Buffer.from(array)),
    integrated: fc.boolean(),
    attachFile: text(60),
    changesPassword: fc.boolean(),
    features: fc.option(
      fc.array(fc.record({ id: fc.integer({ min: 3, max: 254 }), data: bytes(300) }), { maxLength: 5 }),
      {
        nil: undefined,
      },
    ),
  });

  test('whatever is written is read the same, here and by the stand-in', () => {
    fc.assert(
      fc.property(logins, (login) => {
        const message = encodeLogin7(login);
        const seen = readLogin7(message);
        expect(seen).toMatchObject({
          version: login.tdsVersion,
          user: login.userName,
          password: login.password,
          host: login.hostName,
          program: login.appName,
          server: login.serverName,
          library: login.interfaceName,
          language: login.language,
          database: login.database,
        });
        expect(seen.features).toEqual(new Map(login.features?.map(({ id, data }) => [id, data])));
        const { head, ...read } = parseLogin7(message);
        const { head: _, ...written } = login;
        expect(read).toEqual(written);
        // Flags that are not about what was parsed stay as they were.
        expect(head[24]).toBe(login.head[24]);
        expect(head.subarray(28)).toEqual(login.head.subarray(28));
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes, and good messages with changes', () => {
    const good = login7({
      password: 'secret',
      features: hex('0a0100000001 02050000000200000000 ff'),
      attach: 'file',
    }).subarray(packetHeaderLength);
    holds(parseLogin7, bytes(200), 5000);
    holds((input) => parseLogin7(input), bent(good));
    holds((input) => parseLogin7(input), bent(login7({ version: 0x71000001 }).subarray(8)));
  });
});

describe('tokens of a login', () => {
  const version = 0x74000004;
  const response = Buffer.concat([
    standIn.textChange(1, 'sales', 'master'),
    standIn.notice(0xab, version, 5701, 10, 'Changed database context.'),
    standIn.bytesChange(7, standIn.collation, Buffer.alloc(0)),
    standIn.loginAck(version),
    standIn.textChange(4, '8000', '4096'),
    standIn.featureAck([[0x0a, Buffer.from([1])]]),
    standIn.error(version, 40_613, 17, 'Not now.'),
    standIn.routing('db.example', 11_000, 'archive'),
    standIn.done(version, 0),
  ]);

  test('are read as the stand-in writes them, and kept as they came', () => {
    const tokens = parseLoginResponse(response, version);
    expect(tokens.map(({ kind }) => kind)).toEqual([
      'environment',
      'information',
      'environment',
      'login-ack',
      'environment',
      'feature-ack',
      'error',
      'environment',
      'done',
    ]);
    expect(Buffer.concat(tokens.map(({ raw }) => raw))).toEqual(response);
    const find = (index: number) => tokens[index] as (typeof tokens)[number];
    expect(find(6)).toMatchObject({ number: 40_613, severity: 17, state: 1, message: 'Not now.' });
    const [size, route] = [find(4), find(7)];
    if (size.kind !== 'environment' || route.kind !== 'environment') throw new Error('other kinds');
    expect(parsePacketSize(size.data)).toBe(8000);
    expect(parseRoute(route.type, route.data)).toEqual({
      server: 'db.example',
      port: 11_000,
      database: 'archive',
    });
  });

  test('of versions before 7.2 are shorter', () => {
    const old = 0x71000001;
    const parts = [standIn.loginAck(old), standIn.done(old, 0), standIn.done(old, 2)];
    expect(parseLoginResponse(Buffer.concat(parts), old).map(({ kind }) => kind)).toEqual([
      'login-ack',
      'done',
      'done',
    ]);
    // A server that answers a new client in the old way has said so before.
    expect(parseLoginResponse(Buffer.concat(parts), version)).toHaveLength(3);
    const refused = Buffer.concat([standIn.error(old, 18_456, 14, 'No.'), standIn.done(old, 2)]);
    expect(parseLoginResponse(refused, version)).toHaveLength(2);
  });

  test('errors are written as the stand-in and we read them', () => {
    fc.assert(
      fc.property(
        fc.record({
          number: fc.nat(99_999),
          state: fc.nat(255),
          severity: fc.nat(25),
          message: fc.string({ unit: 'binary', maxLength: 300 }),
        }),
        fc.constantFrom(0x71000001, 0x74000004, 0x08000000),
        (error, tdsVersion) => {
          const written = encodeError(error, tdsVersion);
          expect(errorIn(written, isBefore72(tdsVersion))).toEqual({ ...error, done: true });
          const [first, second] = parseLoginResponse(written, tdsVersion);
          expect(first).toMatchObject({ kind: 'error', ...error });
          expect(second).toMatchObject({ kind: 'done', failed: true });
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a refusal is one packet, however long its sentences are', () => {
    const problem = { code: 'internal' as const, message: 'é'.repeat(5000), remedy: 'r' };
    for (const sqlState of ['28000', '3D000', '53300', '08001', '57P01', 'XX000']) {
      const [packet, ...more] = packets(encodeRefusal({ sqlState, problem }, version));
      expect(more).toEqual([]);
      expect(packet).toMatchObject({ type: 4, last: true });
      expect(errorIn(packet?.payload ?? Buffer.alloc(0))).toMatchObject({ done: true, state: 1 });
    }
  });

  test('nothing is said where no feature is left', () => {
    expect(encodeFeatureAck([])).toEqual(Buffer.alloc(0));
  });

  test('any bytes, and good messages with changes', () => {
    const parse = (input: Buffer): void => {
      for (const token of parseLoginResponse(input, version)) {
        if (token.kind !== 'environment') continue;
        holds(() => parseRoute(20, token.data), fc.constant(token.data), 1);
        holds(() => parseRoute(21, token.data), fc.constant(token.data), 1);
        holds(() => parsePacketSize(token.data), fc.constant(token.data), 1);
      }
    };
    holds((input) => parseLoginResponse(input, version), bytes(60));
    holds(parse, bent(response), 3000);
    holds((input) => parseRoute(21, input), bytes(40));
    holds((input) => parsePacketSize(input), bytes(20));
  });
});

/** Cuts bytes anywhere. */
const cut = (whole: Buffer, sizes: number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= whole.length) break;
    chunks.push(whole.subarray(at, at + size));
    at += size;
  }
  if (at < whole.length) chunks.push(whole.subarray(at));
  return chunks;
};
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
const messages = fc.array(fc.record({ type: fc.nat(255), payload: bytes(60), last: fc.boolean() }), {
  minLength: 1,
  maxLength: 8,
});
const raw = ({ type, payload, last }: { type: number; payload: Buffer; last: boolean }): Buffer => {
  const whole = encodeMessage(type, payload);
  whole[1] = last ? 1 : 0;
  return whole;
};

describe('packets', () => {
  test('the follower knows every boundary, wherever the chunks end', () => {
    fc.assert(
      fc.property(messages, sizes, (list, pieces) => {
        const parts = list.map(raw);
        const ends = new Map<number, boolean>([[0, true]]);
        let total = 0;
        for (const [index, part] of parts.entries())
          ends.set((total += part.length), list[index]?.last === true);
        const follower = createPacketFollower();
        let at = 0;
        for (const chunk of cut(Buffer.concat(parts), pieces)) {
          const boundary = follower.watch(chunk);
          const expected = Math.max(
            ...[...ends.keys()].filter((end) => end > at && end <= at + chunk.length),
            at,
          );
          expect(boundary).toBe(expected - at);
          at += chunk.length;
          expect(follower.betweenPackets).toBe(ends.has(at));
          expect(follower.betweenMessages).toBe(ends.get(at) === true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('the gatherer passes whole packets on, and all of them', () => {
    fc.assert(
      fc.property(messages, sizes, (list, pieces) => {
        const whole = Buffer.concat(list.map(raw));
        const gather = createPacketGatherer(createPacketFollower());
        const passed: Buffer[] = [];
        for (const chunk of cut(whole, pieces)) {
          const out = Buffer.from(gather(chunk));
          const length = packets(out).reduce((sum, { payload }) => sum + payload.length + 8, 0);
          expect(length).toBe(out.length);
          passed.push(out);
        }
        expect(Buffer.concat(passed)).toEqual(whole);
      }),
      { numRuns: 3000 },
    );
  });

  test('a stream that makes no sense is passed on as it is, and nothing is put into it', () => {
    const follower = createPacketFollower();
    const gather = createPacketGatherer(follower);
    expect(gather(Buffer.from([1, 1, 0]))).toEqual(Buffer.alloc(0));
    expect(gather(Buffer.from([2, 0, 0, 0, 0, 9, 9]))).toEqual(Buffer.from([1, 1, 0, 2, 0, 0, 0, 0, 9, 9]));
    expect(gather(Buffer.from([7]))).toEqual(Buffer.from([7]));
    expect(follower.betweenPackets).toBe(false);
    expect(follower.betweenMessages).toBe(false);
  });

  const readerOf = (whole: Buffer, pieces: number[]) => {
    let give: Receiver = () => false;
    const socket = { resume: () => undefined, pause: () => undefined } as never;
    const reader = createByteReader({
      socket,
      reusesBuffer: false,
      receive: (receiver) => (give = receiver),
    });
    for (const chunk of cut(whole, pieces)) give(chunk);
    reader.end(new ProtocolError('no more'));
    return reader;
  };

  test('a message is read back, in however many packets', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(12_000), fc.nat(65_535), async (payload, spid) => {
        const whole = encodeMessage(4, payload, spid);
        expect(whole.length).toBe(payload.length + 8 * Math.max(1, Math.ceil(payload.length / 4088)));
        expect(await readMessage(readerOf(whole, [1000, 5000]), 12_000)).toEqual({ type: 4, payload, spid });
      }),
      { numRuns: 100 },
    );
    await expect(readMessage(readerOf(encodeMessage(4, Buffer.alloc(5000)), [100]), 4999)).rejects.toThrow(
      'longer than',
    );
  });

  test('any bytes are a message or an error', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(100), async (input) => {
        try {
          await readMessage(readerOf(input, [30]), 60);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('TLS inside TDS', () => {
  const record = (type: number, length: number): Buffer => {
    const header = Buffer.from([type, 3, 3, length >> 8, length & 0xff]);
    return Buffer.concat([header, Buffer.alloc(length, type)]);
  };
  const lengths = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 3 });

  test('the handshake is wrapped up to its last record, all else is not, and all of it comes out again', () => {
    fc.assert(
      fc.property(lengths, lengths, sizes, sizes, (before, after, pieces, others) => {
        const scale = (list: number[], by: number): number[] => list.map((size) => size * by);
        const handshake = Buffer.concat([
          ...before.map((length) => record(22, length)),
          record(20, 1),
          record(22, 40),
        ]);
        const data = Buffer.concat(after.map((length) => record(23, length)));
        const wrap = createWrapper();
        const sent = Buffer.concat(cut(Buffer.concat([handshake, data]), scale(pieces, 97)).map(wrap));
        expect(sent.subarray(sent.length - data.length)).toEqual(data);
        const wrapped = packets(sent.subarray(0, sent.length - data.length));
        expect(Buffer.concat(wrapped.map(({ payload }) => payload))).toEqual(handshake);
        for (const { type } of wrapped) expect(type).toBe(0x12);

        const unwrap = createUnwrapper();
        const received = Buffer.concat(
          cut(sent, scale(others, 61)).map((chunk) => Buffer.from(unwrap(chunk))),
        );
        expect(received).toEqual(Buffer.concat([handshake, data]));
      }),
      { numRuns: 400 },
    );
  });

  test('any bytes', () => {
    holds((input) => createUnwrapper()(input), bytes(60));
    holds((input) => createWrapper()(input), bytes(60));
  });
});
