import { createHash, createPrivateKey, createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capabilities } from '../../../main/gateway/mysql/capabilities.ts';
import { createCommandTranslator } from '../../../main/gateway/mysql/client-commands.ts';
import { commands } from '../../../main/gateway/mysql/commands.ts';
import { ed25519Response } from '../../../main/gateway/mysql/ed25519.ts';
import {
  type Greeting,
  createScramble,
  encodeGreeting,
  parseGreeting,
} from '../../../main/gateway/mysql/greeting.ts';
import {
  encodeHandshakeResponse,
  parseAttributes,
  parseHandshakeResponse,
  parseSslRequest,
} from '../../../main/gateway/mysql/handshake-response.ts';
import { createKillStatements } from '../../../main/gateway/mysql/kill-statements.ts';
import { killsByParameter, mayKill, translateKill } from '../../../main/gateway/mysql/kill.ts';
import { createPacketFollower } from '../../../main/gateway/mysql/packet-follower.ts';
import {
  checkMysqlProof,
  mysqlVerifier,
  nativeResponse,
  sha2Response,
} from '../../../main/gateway/mysql/proofs.ts';
import { encodeRefusalPacket } from '../../../main/gateway/mysql/refusals.ts';
import { createReplies } from '../../../main/gateway/mysql/replies.ts';
import { parseLoginAnswer, parseServerError } from '../../../main/gateway/mysql/server-packets.ts';
import { createThreadIds } from '../../../main/gateway/mysql/thread-ids.ts';
import {
  createCursor,
  int32,
  lengthEncoded,
  lengthEncodedBytes,
  packet,
} from '../../../main/gateway/mysql/wire.ts';
import { ProtocolError } from '../../../main/gateway/refused.ts';
import { modernExtended, modernFlags } from './raw-client.ts';

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'binary', maxLength: 50 }).map((value) => value.replaceAll('\0', ''));
const flags = fc.nat(0xffff_ffff);
const parseResponse = (payload: Buffer) =>
  parseHandshakeResponse(payload, parseSslRequest(payload), 0xffff_ffff);
/** Splits bytes into chunks of these lengths, again and again. */
function* chunks(source: Buffer, lengths: number[]): Generator<Buffer> {
  for (let offset = 0, index = 0; offset < source.length; index += 1) {
    const length = Math.max(1, lengths[index % lengths.length] ?? 1);
    // A buffer that is used again, as the upstream's is.
    const chunk = Buffer.from(source.subarray(offset, offset + length));
    yield chunk;
    chunk.fill(0xee);
    offset += length;
  }
}
const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

describe('packets of a MySQL login', () => {
  test('a greeting is parsed to what was written', () => {
    const greeting: fc.Arbitrary<Greeting> = fc.record({
      version: fc.stringMatching(/^[ -~]{0,60}$/),
      threadId: flags,
      scramble: fc.constant(null).map(() => createScramble()),
      capabilities: fc.record({ flags, extended: flags }).map((value) => ({
        flags:
          (value.flags |
            capabilities.protocol41 |
            capabilities.secureConnection |
            capabilities.pluginAuth) >>>
          0,
        extended: (value.flags & capabilities.longPassword) === 0 ? value.extended : 0,
      })),
      charset: fc.nat(255),
      status: fc.nat(0xffff),
      plugin: fc.stringMatching(/^\w{0,30}$/),
    });
    fc.assert(
      fc.property(greeting, (value) => {
        expect(parseGreeting(encodeGreeting(value))).toEqual(value);
      }),
    );
  });

  test('a handshake response is parsed to what was written', () => {
    const sent = fc.record({
      capabilities: flags.map((value) => ({
        flags: (value | capabilities.protocol41 | capabilities.secureConnection) >>> 0,
        extended: (value & capabilities.longPassword) === 0 ? 5 : 0,
      })),
      maxPacket: flags,
      charset: fc.constantFrom(33, 45, 46, 192, 224, 255),
      user: text,
      response: bytes(250),
      database: text,
      plugin: text,
      attributes: bytes(300),
    });
    fc.assert(
      fc.property(sent, (value) => {
        const has = (flag: number): boolean => (value.capabilities.flags & flag) !== 0;
        expect(parseResponse(encodeHandshakeResponse(value))).toEqual({
          ...value,
          database: has(capabilities.connectWithDatabase) ? value.database : '',
          plugin: has(capabilities.pluginAuth) ? value.plugin : '',
          attributes: has(capabilities.connectAttributes) ? value.attributes : Buffer.alloc(0),
        });
      }),
    );
  });

  test.each<[string, (input: Buffer) => unknown]>([
    ['greeting', parseGreeting],
    ['handshake response', parseResponse],
    ['attributes', parseAttributes],
    ['login answer', parseLoginAnswer],
    ['server error', parseServerError],
  ])('%s: random and bent bytes give a value or a ProtocolError', (_name, parse) => {
    const valid = fc.constantFrom(
      encodeGreeting({
        version: '11.4.2-MariaDB',
        threadId: 9,
        scramble: createScramble(),
        capabilities: { flags: modernFlags, extended: modernExtended },
        charset: 45,
        status: 2,
        plugin: 'mysql_native_password',
      }),
      encodeHandshakeResponse({
        capabilities: { flags: modernFlags, extended: modernExtended },
        maxPacket: 2 ** 24,
        charset: 45,
        user: 'ann',
        response: Buffer.alloc(20),
        database: 'sales',
        plugin: 'mysql_native_password',
        attributes: Buffer.from('\u0004_pid\u000242'),
      }),
    );
    const bent = fc.tuple(valid, fc.nat(), fc.nat(255), fc.nat()).map(([good, at, value, end]) => {
      const copy = Buffer.from(good);
      copy[at % copy.length] = value;
      return copy.subarray(0, end % (copy.length + 1));
    });
    fc.assert(
      fc.property(fc.oneof(bytes(200), bent), (input) => {
        try {
          parse(input);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
      { numRuns: 20_000 },
    );
  });

  test('lengths of every size', () => {
    for (const value of [0, 250, 251, 255, 256, 65_535, 65_536, 2 ** 24 - 1])
      expect(createCursor(lengthEncoded(value)).lengthEncoded()).toBe(value);
    expect(createCursor(Buffer.from('fe0000000001000000', 'hex')).lengthEncoded()).toBe(2 ** 32);
    expect(createCursor(Buffer.alloc(9, 0xfe)).lengthEncoded()).toBe(2 ** 53);
    for (const none of ['fb', 'ff', 'fc01', 'fd0102', 'fe00']) {
      const cursor = createCursor(Buffer.from(none, 'hex'));
      expect(() => cursor.lengthEncoded()).toThrow(ProtocolError);
    }
  });

  test('an error fits into what a client reads, and ends with a whole character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 900 }), fc.boolean(), (message, greeted) => {
        const refusal = { sqlState: '28000', problem: { code: 'token-wrong' as const, message } };
        const { message: shown, sqlState } = parseServerError(
          encodeRefusalPacket(refusal, 2, greeted).subarray(4),
        );
        expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(511);
        expect(sqlState).toBe(greeted ? '28000' : '');
        if (!shown.endsWith('…')) expect(Buffer.from(shown)).toEqual(Buffer.from(message));
      }),
    );
  });
});

describe('proofs', () => {
  const verifier = mysqlVerifier('lk_token');
  const kinds = { 'mysql-native': nativeResponse, 'caching-sha2': sha2Response } as const;

  test('hashes as the manuals have them', () => {
    // SELECT PASSWORD('lk_token') in MariaDB is a star and the first of these.
    const sha1 = (value: Uint8Array): Buffer => createHash('sha1').update(value).digest();
    expect(Buffer.from(verifier.nativeDouble)).toEqual(sha1(sha1(Buffer.from('lk_token'))));
    const native = nativeResponse('password', Buffer.from('abcdefghijklmnopqrst'));
    const mixed = Buffer.concat([
      Buffer.from('abcdefghijklmnopqrst'),
      Buffer.from('2470c0c06dee42fd1618bb99005adca2ec9d1e19', 'hex'),
    ]);
    const inner = sha1(Buffer.from('password'));
    expect(native).toEqual(Buffer.from(sha1(mixed).map((byte, index) => byte ^ (inner[index] ?? 0))));
  });

  test.each(['mysql-native', 'caching-sha2'] as const)('%s: the right one, and no other', (kind) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.nat(),
        fc.nat(7),
        (scramble, at, bit) => {
          const response = kinds[kind]('lk_token', scramble);
          expect(checkMysqlProof(verifier, { kind, scramble, response })).toBe(true);
          const bent = Buffer.from(response);
          const index = at % bent.length;
          bent.writeUInt8(bent.readUInt8(index) ^ (1 << bit), index);
          expect(checkMysqlProof(verifier, { kind, scramble, response: bent })).toBe(false);
          expect(checkMysqlProof(mysqlVerifier('lk_tokem'), { kind, scramble, response })).toBe(false);
          const otherScramble = Uint8Array.from(scramble, (byte) => byte ^ 1);
          expect(checkMysqlProof(verifier, { kind, scramble: otherScramble, response })).toBe(false);
        },
      ),
    );
    for (const length of [0, 1, 19, 21, 31, 33, 256])
      expect(
        checkMysqlProof(verifier, { kind, scramble: Buffer.alloc(20), response: Buffer.alloc(length) }),
      ).toBe(false);
  });

  test('a proof of one kind is none of the other', () => {
    const scramble = createScramble();
    const response = nativeResponse('lk_token', scramble);
    expect(checkMysqlProof(verifier, { kind: 'caching-sha2', scramble, response })).toBe(false);
  });

  test('client_ed25519: with a seed of 32 bytes it is Ed25519 as OpenSSL has it', () => {
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
    const seed = fc.stringMatching(/^[ -~]{32}$/);
    fc.assert(
      fc.property(seed, bytes(32), (password, message) => {
        const key = Buffer.concat([prefix, Buffer.from(password)]);
        const publicKey = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
        expect(verify(null, message, publicKey, ed25519Response(password, message))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('KILL', () => {
  const find = (id: number): number | undefined => (id === 1_500_000_000 ? 42 : undefined);
  const query = (sql: string): Buffer => Buffer.from(`\u0003${sql}`);

  test.each([
    ['KILL 1500000000', 'KILL 42'],
    ['kill query 1500000000', 'kill query 42'],
    ['KILL CONNECTION 1500000000;', 'KILL CONNECTION 42;'],
    [' Kill  Hard Query 1500000000 ; ', ' Kill  Hard Query 42 ; '],
    ['KILL /*!50000 QUERY */ 1500000000', 'KILL /*!50000 QUERY */ 42'],
    ['KILL /*!*/ CONNECTION 1500000000;', 'KILL /*!*/ CONNECTION 42;'],
    ["/* app='a**b', trace 1 */ KILL QUERY 1500000000", "/* app='a**b', trace 1 */ KILL QUERY 42"],
    ['KILL QUERY 1500000000 /* 1500000000 */', 'KILL QUERY 42 /* 1500000000 */'],
    ['KILL QUERY 1500000000 -- stop', 'KILL QUERY 42 -- stop'],
    ['# x\n-- y\nkill/**/query\n1500000000\n;', '# x\n-- y\nkill/**/query\n42\n;'],
    [`/*${'x'.repeat(3000)}*/kill soft query 1500000000`, `/*${'x'.repeat(3000)}*/kill soft query 42`],
  ])('%s', (sent, translated) => {
    expect(translateKill(query(sent), false, find)?.toString()).toBe(`\u0003${translated}`);
    const prepared = Buffer.from(`\u0016${sent}`);
    expect(translateKill(prepared, true, find)?.toString()).toBe(`\u0016${translated}`);
    const withAttributes = Buffer.concat([Buffer.from([3, 0, 1]), Buffer.from(sent)]);
    expect(translateKill(withAttributes, true, find)?.toString()).toBe(`\u0003\0\u0001${translated}`);
    expect(translateKill(query(sent), true, find)).toBeUndefined();
  });

  test.each([
    'KILL 42',
    'KILL 1500000001',
    'KILL QUERY ID 1500000000',
    'KILL HARD QUERY ID 1500000000',
    '/* KILL 1500000000 */',
    '/* not closed KILL 1500000000',
    '-- KILL\n',
    'KILL --1500000000',
    'KILL USER 1500000000',
    "select 'KILL 1500000000'",
    'KILL 1500000000 or 1',
    'KILL 15000000001500000000',
    'KILLL 1500000000',
    '',
  ])('stays as it is: %s', (sent) => {
    expect(translateKill(query(sent), false, find)).toBeUndefined();
  });

  test.each(['KILL QUERY ?', '/* trace */ kill ?;', 'KILL HARD CONNECTION ? -- now'])(
    '%s, prepared',
    (sql) => {
      expect(killsByParameter(Buffer.from(`\u0016${sql}`))).toBe(true);
      expect(translateKill(Buffer.from(`\u0016${sql}`), false, find)).toBeUndefined();
    },
  );

  test.each(['KILL QUERY ID ?', 'select ?', 'KILL USER ?', 'KILL ? + 1'])('%s, prepared: not ours', (sql) => {
    expect(killsByParameter(Buffer.from(`\u0016${sql}`))).toBe(false);
  });

  const values: [string, number, (id: number) => Buffer][] = [
    ['int', 3, int32],
    ['bigint', 8, (id) => Buffer.concat([int32(id), Buffer.alloc(4)])],
    ['double', 5, (id) => Buffer.from(Float64Array.of(id).buffer)],
    ['text', 0xfd, (id) => lengthEncodedBytes(Buffer.from(String(id)))],
  ];
  test.each(values)('a prepared KILL whose parameter is a %s', (_name, type, encode) => {
    for (const attributes of [[], [1]]) {
      const kills = createKillStatements();
      const execution = (id: number, statement: number, isFirst: boolean): Buffer => {
        const types = isFirst ? [1, type, 0, ...attributes.map(() => 0)] : [0];
        const head = [0x17, ...int32(statement), 0, 1, 0, 0, 0, ...attributes, 0, ...types];
        return Buffer.concat([Buffer.from(head), encode(id)]);
      };
      const ours = execution(1_500_000_000, 7, true);
      expect(kills.mayExecute(ours)).toBe(false);
      kills.prepares(true);
      kills.prepared(7);
      expect([kills.mayExecute(ours), kills.mayExecute(execution(1, 8, true))]).toEqual([true, false]);
      const withAttributes = attributes.length > 0;
      for (const isFirst of [true, false])
        expect(kills.translate(execution(1_500_000_000, 7, isFirst), withAttributes, find)).toEqual(
          execution(42, 7, isFirst),
        );
      expect(kills.translate(execution(1_500_000_001, 7, true), withAttributes, find)).toBeUndefined();
      for (let length = 5; length < ours.length; length += 1)
        expect(kills.translate(ours.subarray(0, length), withAttributes, find)).toBeUndefined();
      const last = execution(1_500_000_000, 2 ** 32 - 1, true);
      expect(kills.mayExecute(last)).toBe(true);
      expect(kills.translate(last, withAttributes, find)).toEqual(execution(42, 2 ** 32 - 1, true));
      kills.prepares(false);
      expect(kills.mayExecute(last)).toBe(false);
    }
  });

  test('COM_PROCESS_KILL', () => {
    const sent = Buffer.from([0x0c, 0, 0, 0, 0]);
    sent.writeUInt32LE(1_500_000_000, 1);
    expect(translateKill(sent, true, find)).toEqual(Buffer.from([0x0c, 42, 0, 0, 0]));
    expect(translateKill(Buffer.from([0x0c, 42, 0, 0, 0]), true, find)).toBeUndefined();
    expect(mayKill(0x0c, 4)).toBe(false);
  });

  test('thread ids are unique, and small enough for clients that read a signed number', () => {
    const ids = createThreadIds();
    const issued = Array.from({ length: 10_000 }, () => ids.issue());
    expect(new Set(issued).size).toBe(10_000);
    expect(Math.min(...issued)).toBeGreaterThanOrEqual(2 ** 30);
    expect(Math.max(...issued)).toBeLessThan(2 ** 31);
    const [id = 0] = issued;
    ids.opened(id, 7, 'one');
    expect(ids.find(id)).toBe(7);
    expect([ids.find(id, ['one']), ids.find(id, ['other']), ids.find(id, [])]).toEqual([
      7,
      undefined,
      undefined,
    ]);
    ids.forget(id);
    expect([ids.find(id), ids.size]).toEqual([undefined, 0]);
  });
});

describe('what goes by', () => {
  const payloads = fc.array(bytes(60), { maxLength: 20 });

  test('every packet is seen once, however the chunks fall', () => {
    fc.assert(
      fc.property(payloads, lengths, fc.integer({ min: 1, max: 30 }), (all, cut, shown) => {
        const seen: [number, number, string][] = [];
        const follower = createPacketFollower(shown, (length, chunk, start) => {
          seen.push([
            length,
            follower.lastSequence,
            chunk.toString('hex', start, start + Math.min(length, shown)),
          ]);
          return true;
        });
        const stream = Buffer.concat(all.map((payload, index) => packet(index, payload)));
        for (const chunk of chunks(stream, cut)) expect(follower.watch(chunk)).toBe(chunk.length);
        expect(seen).toEqual(
          all.map((payload, index) => [
            payload.length,
            Math.max(0, index - 1),
            payload.toString('hex', 0, shown),
          ]),
        );
        expect(follower.atBoundary).toBe(true);
      }),
    );
  });

  test('a packet that must not pass never passes whole', () => {
    fc.assert(
      fc.property(payloads, lengths, fc.nat(), (all, cut, index) => {
        fc.pre(all.length > 0);
        const refused = index % all.length;
        let count = -1;
        const follower = createPacketFollower(21, () => (count += 1) !== refused);
        const stream = Buffer.concat(all.map((payload, number) => packet(number, payload)));
        const before = Buffer.concat(all.slice(0, refused).map((payload, number) => packet(number, payload)));
        let passed = 0;
        for (const chunk of chunks(stream, cut)) {
          const passing = follower.watch(chunk);
          passed += passing;
          if (passing < chunk.length) break;
        }
        expect(passed).toBeGreaterThanOrEqual(before.length);
        expect(passed).toBeLessThan(before.length + 4 + (all[refused]?.length ?? 0));
      }),
    );
  });

  test('a payload of several packets is seen once, and its second part is not taken for a packet', () => {
    const seen: number[] = [];
    const follower = createPacketFollower(5, (length) => {
      seen.push(length);
      return true;
    });
    follower.watch(packet(0, Buffer.alloc(0xff_ff_ff)));
    expect(follower.atBoundary).toBe(false);
    follower.watch(packet(1, Buffer.from([0xfb, 1, 2])));
    follower.watch(packet(0, Buffer.from([1])));
    expect(seen).toEqual([0xff_ff_ff, 1]);
    expect(follower.atBoundary).toBe(true);
  });

  test('rubbish from a server: no error but a refusal', () => {
    const session = fc.constantFrom(
      { flags: modernFlags, extended: modernExtended },
      { flags: 0, extended: 0 },
    );
    const reply = fc.constantFrom('single', 'result', 'prepared', 'rows', 'none');
    fc.assert(
      fc.property(
        session,
        fc.array(reply, { maxLength: 4 }),
        payloads,
        lengths,
        (spoken, expected, all, cut) => {
          const replies = createReplies(spoken, false);
          for (const each of expected) replies.expect(each);
          const stream = Buffer.concat(all.map((payload, index) => packet(index, payload)));
          for (const chunk of chunks(stream, cut)) if (replies.watch(chunk) < chunk.length) break;
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('commands that are passed on leave as they came, however the chunks fall', () => {
    const command = fc.constantFrom(
      ...Object.values(commands).filter((code) => code !== commands.changeUser),
    );
    const payload = fc
      .tuple(command, bytes(200))
      .map(([code, rest]) => Buffer.concat([Buffer.from([code]), rest]));
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 20 }), lengths, (all, cut) => {
        const spoken = { flags: 0, extended: 0 };
        const translate = createCommandTranslator(spoken, createReplies(spoken, false), {
          find: () => undefined,
        });
        const stream = Buffer.concat(all.map((each) => packet(0, each)));
        const out: Buffer[] = [];
        for (const chunk of chunks(stream, cut)) out.push(Buffer.from(translate(chunk)));
        expect(Buffer.concat(out)).toEqual(stream);
      }),
    );
  });

  test('a file of the client with a block of 16 MB goes on behind it, and ends with an empty packet of its own', () => {
    const spoken = { flags: 0, extended: 0 };
    const replies = createReplies(spoken, true);
    const translate = createCommandTranslator(spoken, replies, { find: () => undefined });
    translate(packet(0, Buffer.from('\u0003load data local')));
    replies.watch(packet(1, Buffer.from('\u00fbdata.csv', 'latin1')));
    const header = Buffer.from([0xff, 0xff, 0xff, 2]);
    const block = Buffer.concat([header, Buffer.alloc(0xff_ff_ff, 'x'), packet(3, Buffer.alloc(0))]);
    expect(translate(block).equals(block)).toBe(true);
    expect(replies.sendsFile).toBe(true);
    const rest = packet(4, Buffer.from('\u0011root\0\0\0'));
    expect(translate(rest)).toEqual(rest);
    translate(packet(5, Buffer.alloc(0)));
    expect(replies.sendsFile).toBe(false);
  });

  test('where texts have attributes in front, ours has none, and says so', () => {
    const spoken = { flags: capabilities.queryAttributes, extended: 0 };
    const translate = createCommandTranslator(spoken, createReplies(spoken, false), { find: () => 9 });
    const refused = translate(packet(0, Buffer.from('\u0011root\0\0\0')));
    expect(refused.toString('latin1', 4, 23)).toBe('\u0003\0\u0001SIGNAL SQLSTATE ');
    // MESSAGE_TEXT has 128 characters at most.
    expect(/MESSAGE_TEXT = '([^']*)'$/.exec(refused.toString('latin1'))?.[1]?.length).toBeLessThanOrEqual(
      128,
    );
    const kill = Buffer.from('\u0003\0\u0001KILL QUERY 1500000000');
    expect(translate(packet(0, kill)).toString('latin1', 4)).toBe('\u0003\0\u0001KILL QUERY 9');
  });

  test('in a mix, each command that is not passed on is replaced by one statement, and each KILL translated', () => {
    const kill = Buffer.from('\u0003KILL QUERY 1500000000');
    const refused = Buffer.from('\u0011root\0\0\0');
    const ping = Buffer.from([0x0e]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(kill, refused, ping), { maxLength: 20 }), lengths, (all, cut) => {
        const spoken = { flags: 0, extended: 0 };
        const translate = createCommandTranslator(spoken, createReplies(spoken, false), { find: () => 9 });
        const stream = Buffer.concat(all.map((each) => packet(0, each)));
        const out: Buffer[] = [];
        for (const chunk of chunks(stream, cut)) out.push(Buffer.from(translate(chunk)));
        const translated = all.map((each) => {
          if (each === kill) return 'KILL QUERY 9';
          return each === refused ? 'SIGNAL' : 'ping';
        });
        const sent: string[] = [];
        for (let rest = Buffer.concat(out); rest.length > 0;) {
          const length = rest.readUIntLE(0, 3);
          const body = rest.toString('latin1', 5, 4 + length);
          sent.push(rest[4] === 0x0e ? 'ping' : body.replace(/^SIGNAL.*/s, 'SIGNAL'));
          rest = rest.subarray(4 + length);
        }
        expect(sent).toEqual(translated);
      }),
    );
  });
});
