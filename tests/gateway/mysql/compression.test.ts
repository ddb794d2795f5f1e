import { deflateSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capabilities } from '../../../main/gateway/mysql/capabilities.ts';
import { createFraming } from '../../../main/gateway/mysql/compression.ts';
import { packet } from '../../../main/gateway/mysql/wire.ts';
import { mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { mysqlGatewayTo } from './fixture.ts';
import {
  lastError,
  loginPacket,
  modernExtended,
  modernFlags,
  packets,
  rawClient,
  rawLogin,
} from './raw-client.ts';

const query = (sql: string): Buffer => packet(0, Buffer.from(`\u0003${sql}`));

type Method = 'zlib' | 'zstd';
const methods: Method[] = ['zlib', 'zstd'];

/** "Compressed Packet"; short ones go as they are, as clients have it. */
function frame(sequence: number, bytes: Buffer, method: Method = 'zlib'): Buffer {
  const isShort = bytes.length < 50;
  const compressed = method === 'zlib' ? deflateSync(bytes) : zstdCompressSync(bytes);
  const payload = isShort ? bytes : compressed;
  const header = Buffer.alloc(7);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(sequence, 3);
  header.writeUIntLE(isShort ? 0 : bytes.length, 4, 3);
  return Buffer.concat([header, payload]);
}

/** The whole frames in these bytes, without their headers; all from the gateway are uncompressed. */
function unframed(bytes: Buffer): { sequences: number[]; payload: Buffer } {
  const sequences: number[] = [];
  const payloads: Buffer[] = [];
  for (let offset = 0; offset + 7 <= bytes.length;) {
    const end = offset + 7 + bytes.readUIntLE(offset, 3);
    if (end > bytes.length) break;
    expect(bytes.readUIntLE(offset + 4, 3)).toBe(0);
    sequences.push(bytes.readUInt8(offset + 3));
    payloads.push(bytes.subarray(offset + 7, end));
    offset = end;
  }
  return { sequences, payload: Buffer.concat(payloads) };
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

describe('a client that may compress', () => {
  const sizes = fc.integer({ min: 1, max: 40 });
  const texts = fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 5 });

  test.each(methods)('what it compresses with %s comes out as it was, however the chunks fall', (method) => {
    fc.assert(
      fc.property(texts, sizes, (all, size) => {
        const framing = createFraming();
        const sent = Buffer.concat(all.map((text) => frame(0, query(text), method)));
        const seen = Buffer.concat(pieces(sent, size).map((piece) => framing.fromClient(piece)));
        expect(seen).toEqual(Buffer.concat(all.map(query)));
        const answer = unframed(framing.toClient(Buffer.from('answer')));
        expect(answer).toEqual({ sequences: [1], payload: Buffer.from('answer') });
      }),
    );
  });

  test('what it does not compress passes', () => {
    fc.assert(
      fc.property(texts, sizes, (all, size) => {
        const framing = createFraming();
        const sent = Buffer.concat(all.map(query));
        const seen = pieces(sent, size).map((piece) => framing.fromClient(piece));
        expect(Buffer.concat(seen)).toEqual(sent);
        expect(framing.toClient(Buffer.from('answer'))).toEqual(Buffer.from('answer'));
      }),
    );
  });

  test.each([
    '/*x */ select 1',
    '/*x?*/ select 1',
    `/*x ${'y'.repeat(20_000)}*/ select 1`,
    '//x^ 1234567',
    '--x}',
  ])('what begins as zlib does passes: %.20s', (sql) => {
    for (const size of [1, 7, 11, 100_000]) {
      const framing = createFraming();
      const seen = pieces(query(sql), size).map((piece) => framing.fromClient(piece));
      expect(Buffer.concat(seen)).toEqual(query(sql));
    }
  });

  test('what compresses best, and what is compressed though it is short', () => {
    for (const compress of [deflateSync, zstdCompressSync])
      for (const size of [20, 50, 51, 100, 100_000]) {
        const said = query('x'.repeat(size));
        const payload = compress(said);
        if (payload.length >= said.length) continue;
        const header = frame(0, Buffer.alloc(1)).subarray(0, 7);
        header.writeUIntLE(payload.length, 0, 3);
        header.writeUIntLE(said.length, 4, 3);
        expect(createFraming().fromClient(Buffer.concat([header, payload]))).toEqual(said);
      }
  });

  test.each(methods)('a length that lies: %s', (method) => {
    const lying = frame(0, query('x'.repeat(1000)), method);
    lying.writeUIntLE(999, 4, 3);
    expect(() => createFraming().fromClient(lying)).toThrow('a compressed packet is broken');
  });
});

describeWith([mariadbParts.server, mariadbParts.install], 'a client that insists on compression', () => {
  const server = useAll(startMariadb);
  const gateway = useAll(() => mysqlGatewayTo(server));
  const insisting = { flags: modernFlags + capabilities.compress, extended: modernExtended };

  async function login() {
    const opened = gateway.gatekeeper.nextOpened();
    const client = await rawLogin(gateway.port, gateway.token, insisting);
    const start = client.received().length;
    return {
      client,
      sessionId: await opened,
      answer: () => unframed(client.received().subarray(start)),
    };
  }

  test('is answered in frames, and its large statements arrive', async () => {
    const { client, answer } = await login();
    client.socket.write(frame(0, query(`select length('${'x'.repeat(100_000)}')`)));
    await expect.poll(() => packets(answer().payload).length).toBe(4);
    expect(packets(answer().payload)[2]?.payload.toString('latin1')).toContain('100000');
    expect(answer().sequences[0]).toBe(1);
    client.socket.destroy();
  });

  test('with zstd is answered in frames as well', async () => {
    const flags = modernFlags + capabilities.zstd;
    const client = await rawClient(gateway.port);
    const response = loginPacket(client.greeting, gateway.token, { flags, extended: modernExtended });
    // The level of zstd comes last.
    client.send(1, Buffer.concat([response, Buffer.from([3])]));
    await client.packets(1);
    const start = client.received().length;
    client.socket.write(frame(0, query(`select length('${'x'.repeat(100_000)}')`), 'zstd'));
    const answer = () => unframed(client.received().subarray(start));
    await expect.poll(() => packets(answer().payload).length).toBe(4);
    expect(packets(answer().payload)[2]?.payload.toString('latin1')).toContain('100000');
    client.socket.write(frame(0, query('no statement'), 'zstd'));
    await expect.poll(() => packets(answer().payload).length).toBe(5);
    expect(lastError(answer().payload)).toMatchObject({ number: 1064 });
    client.socket.destroy();
  });

  test('is told why it is cut', async () => {
    const { client, sessionId, answer } = await login();
    client.socket.write(frame(0, query('select sleep(60)')));
    await expect
      .poll(() =>
        server.query("select id from information_schema.processlist where info = 'select sleep(60)'"),
      )
      .toHaveLength(1);
    gateway.host.cut([sessionId], 'You have signed out.');
    await client.socket.closed();
    expect(lastError(answer().payload)).toMatchObject({ number: 1927, message: 'You have signed out.' });
    client.socket.destroy();
  });

  test('that sends broken frames is disconnected', async () => {
    const { client, sessionId } = await login();
    const broken = frame(0, query('x'.repeat(1000)));
    broken.fill(0xff, 20);
    client.socket.write(broken);
    await client.socket.closed();
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'upstream-closed' });
    client.socket.destroy();
  });

  test('and does not compress is served as every other', async () => {
    const { client } = await login();
    expect(await client.command('\u0003do 1', 1)).toHaveLength(1);
    client.socket.destroy();
  });
});
