import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Login7,
  encodeLogin7,
  isBefore72,
  parseLogin7,
} from '../../../main/gateway/sqlserver/login7.ts';
import { packetHeaderLength } from '../../../main/gateway/sqlserver/packets.ts';
import { encodePrelogin, encryptionOf, parsePrelogin } from '../../../main/gateway/sqlserver/prelogin.ts';
import { encodeRefusal } from '../../../main/gateway/sqlserver/refusal.ts';
import {
  encodeError,
  encodeFeatureAck,
  parseLoginResponse,
  parsePacketSize,
  parseRoute,
} from '../../../main/gateway/sqlserver/tokens.ts';
import { readLogin7 } from '../../support/tds-server-login.ts';
import * as standIn from '../../support/tds-server-tokens.ts';
import { bent, bytes, holds } from './any-bytes.ts';
import { errorIn, login7, packets } from './raw-client.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

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
    // SQL Server 7 and 2000 call themselves so.
    for (const itself of [0x07000000, 0x07010000]) {
      const answer = Buffer.concat([standIn.loginAck(itself), standIn.done(old, 0), standIn.done(old, 0)]);
      expect(parseLoginResponse(answer, version)).toHaveLength(3);
    }
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
          const old = isBefore72(tdsVersion);
          expect(errorIn(written, old)).toEqual({ ...error, done: true });
          // Two empty names, and the line, which has grown with 7.2 as DONE has.
          expect(written.length).toBe(3 + 8 + error.message.length * 2 + 2 + (old ? 2 + 9 : 4 + 13));
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
