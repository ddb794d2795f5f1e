import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../main/audit/events.ts';
import { decodeRecord, encodeRecord, genesis, type ChainEnd } from '../../main/audit/record-line.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });
const hostileText = fc.constantFrom(
  '"}\n{"seq":1',
  '","hash":"',
  '\u001b[2J',
  '\u202emoc.live',
  '\u0085',
  '\ud800',
  '🦄',
);
const text = fc.oneof(
  anyText,
  hostileText,
  fc.tuple(anyText, hostileText).map((parts) => parts.join('')),
);
const event: fc.Arbitrary<AuditEvent> = fc.oneof(
  fc.record({ event: fc.constant('request-refused' as const), reason: text, path: text, origin: text }),
  fc.record({
    event: fc.constant('secret-changed' as const),
    name: text,
    change: fc.constant('set' as const),
  }),
  fc.record({
    event: fc.constant('broker-started' as const),
    version: text,
    connections: fc.array(text, { maxLength: 10 }),
    pid: fc.nat(),
  }),
);
const end: fc.Arbitrary<ChainEnd> = fc.record({
  seq: fc.nat(),
  hash: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
});
const time = fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true });

describe('a record line', () => {
  test('gives back what was put in, as one line that a terminal shows as it is', () => {
    fc.assert(
      fc.property(event, end, time, (event, after, time) => {
        const encoded = encodeRecord(event, after, time);
        expect(encoded.line.indexOf('\n')).toBe(encoded.line.length - 1);
        expect(encoded.line.toString('utf8').slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        const record = decodeRecord(encoded.line.subarray(0, -1));
        expect(record).toEqual({
          v: 1,
          seq: after.seq + 1,
          time: time.toISOString(),
          ...event,
          prev: after.hash,
          hash: encoded.end.hash,
        });
        expect(encoded.end.seq).toBe(after.seq + 1);
      }),
      { numRuns: 5000 },
    );
  });

  test('with any bit changed, any byte lost or anything added is no record', () => {
    fc.assert(
      fc.property(
        event,
        end,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (event, after, where, more) => {
          const line = encodeRecord(event, after, new Date(0)).line.subarray(0, -1);
          const flipped = Buffer.from(line);
          const at = where % (line.length * 8);
          flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
          expect(decodeRecord(flipped)).toBeUndefined();
          const cut = where % line.length;
          expect(decodeRecord(line.subarray(0, cut))).toBeUndefined();
          expect(decodeRecord(line.subarray(cut + 1))).toBeUndefined();
          expect(
            decodeRecord(Buffer.concat([line.subarray(0, cut), more, line.subarray(cut)])),
          ).toBeUndefined();
          expect(decodeRecord(Buffer.from(more))).toBeUndefined();
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('has a bound on its length, whatever the event holds', () => {
    const long = encodeRecord(
      {
        event: 'broker-started',
        version: 'v'.repeat(5000),
        connections: Array(10_000).fill('c'.repeat(5000)),
      },
      genesis,
      new Date(0),
    );
    const record = decodeRecord(long.line.subarray(0, -1));
    expect(record?.['version']).toBe(`${'v'.repeat(1000)}…`);
    expect(record?.['connections']).toHaveLength(500);
  });

  test('leaves out what is not known', () => {
    const unknown = { event: 'request-refused', reason: 'r', host: undefined } as unknown as AuditEvent;
    const { line } = encodeRecord(unknown, genesis, new Date(0));
    expect(line.toString()).toContain('"event":"request-refused","reason":"r","prev":');
  });
});
