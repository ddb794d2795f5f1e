import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMessageFollower } from '../../../main/gateway/postgres/open-requests.ts';
import { typed } from '../../support/wire-client.ts';

const message = fc
  .tuple(fc.constantFrom('D', 'T', 'C', 'Z', 'd'), fc.uint8Array({ maxLength: 300 }))
  .map(([type, body]) => typed(type, body));

test('knows every boundary, however the stream is cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(50), { minLength: 1 }),
      (messages, cuts) => {
        const stream = Buffer.concat(messages);
        const boundaries = new Set([0]);
        let end = 0;
        for (const { length } of messages) boundaries.add((end += length));
        const boundary = createMessageFollower('', () => undefined);
        let offset = 0;
        for (let index = 0; offset < stream.length; index += 1) {
          const length = cuts[index % cuts.length] ?? 1;
          boundary.watch(stream.subarray(offset, offset + length + 1));
          offset = Math.min(stream.length, offset + length + 1);
          expect(boundary.atBoundary).toBe(boundaries.has(offset));
        }
      },
    ),
  );
});

test('a length that cannot be means that nothing is known any more', () => {
  const boundary = createMessageFollower('', () => undefined);
  boundary.watch(Buffer.from([0x44, 0, 0, 0, 3]));
  expect(boundary.atBoundary).toBe(false);
  boundary.watch(typed('Z', 'I'));
  expect(boundary.atBoundary).toBe(false);
  const byByte = createMessageFollower('', () => undefined);
  for (const byte of [0x44, 0xff, 0xff, 0xff, 0xff]) byByte.watch(Buffer.from([byte]));
  expect(byByte.atBoundary).toBe(false);
});

test('data that looks like the end of a query is not taken for one', () => {
  const boundary = createMessageFollower('', () => undefined);
  const row = typed('D', Buffer.concat([Buffer.alloc(6), typed('Z', 'I'), Buffer.alloc(10)]));
  const lookalike = row.indexOf(typed('Z', 'I')) + 6;
  boundary.watch(row.subarray(0, lookalike));
  expect(boundary.atBoundary).toBe(false);
  boundary.watch(row.subarray(lookalike));
  expect(boundary.atBoundary).toBe(true);
});
