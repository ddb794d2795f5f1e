import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createByteReader } from '../../../main/gateway/byte-reader.ts';
import type { Receiver } from '../../../main/gateway/connection.ts';
import { ProtocolError } from '../../../main/gateway/refused.ts';
import {
  createPacketFollower,
  createPacketGatherer,
  inRecords,
} from '../../../main/gateway/sqlserver/packet-follower.ts';
import { encodeMessage, readMessage } from '../../../main/gateway/sqlserver/packets.ts';
import { createUnwrapper, createWrapper } from '../../../main/gateway/sqlserver/tls-in-tds.ts';
import { bytes, holds } from './any-bytes.ts';
import { packets } from './raw-client.ts';

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
/** 0x53 begins a packet of another protocol. */
const types = fc.nat(255).filter((type) => type !== 0x53);
const messages = fc.array(fc.record({ type: types, payload: bytes(60), last: fc.boolean() }), {
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

  test('a packet of MARS between two packets is known by its first byte, and not inside of one', () => {
    fc.assert(
      fc.property(messages, bytes(60), sizes, (list, tail, pieces) => {
        const before = Buffer.concat(list.map(raw));
        const follower = createPacketFollower();
        for (const chunk of cut(before, pieces)) follower.watch(chunk);
        expect(follower.multiplexed).toBeUndefined();
        follower.watch(Buffer.concat([Buffer.from([0x53]), tail]));
        expect(follower.multiplexed?.[0]).toBe(0x53);
        expect(follower.betweenPackets).toBe(false);
      }),
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

  test('what is written at once ends behind a packet that is not full, so that each has a record of its own', () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 8, max: 68 }), (list, full) => {
        const whole = Buffer.concat(list.map(raw));
        const pieces = inRecords(whole, full);
        expect(Buffer.concat(pieces)).toEqual(whole);
        for (const piece of pieces) {
          const lengths = packets(piece).map(({ payload }) => payload.length + 8);
          expect(lengths.slice(0, -1).every((length) => length === full)).toBe(true);
        }
      }),
    );
    expect(inRecords(Buffer.alloc(0), 4096)).toEqual([Buffer.alloc(0)]);
    holds((input) => void inRecords(input, 8), bytes(60));
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
      raw: socket,
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
