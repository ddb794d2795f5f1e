import { expect, test } from 'vitest';
import { createCancelKeys } from '../../../main/gateway/postgres/cancel-keys.ts';

const upstream = { processId: 7, secret: Buffer.from([1, 2, 3, 4]) };

test('our key leads to the upstream’s, for as long as its session lives', () => {
  const keys = createCancelKeys();
  const short = keys.issue(upstream, 4);
  const long = keys.issue({ ...upstream, processId: 8 }, 32);
  expect([short.secret.length, long.secret.length]).toEqual([4, 32]);
  expect(keys.find(short)).toEqual(upstream);
  expect(keys.find(long)?.processId).toBe(8);
  short.forget();
  expect(keys.find(short)).toBeUndefined();
  expect(keys.size).toBe(1);
});

test('the number is the upstream’s, and two servers may have the same', () => {
  const keys = createCancelKeys();
  const other = { ...upstream, secret: Buffer.from([9, 9, 9, 9]) };
  const [first, second] = [keys.issue(upstream, 4), keys.issue(other, 4)];
  expect([first.processId, second.processId]).toEqual([7, 7]);
  expect([keys.find(first), keys.find(second)]).toEqual([upstream, other]);
  first.forget();
  first.forget();
  expect([keys.find(first), keys.find(second)]).toEqual([undefined, other]);
  second.forget();
  keys.issue(upstream, 4);
  second.forget();
  expect(keys.size).toBe(1);
});

test('a key that is not quite right leads nowhere', () => {
  const keys = createCancelKeys();
  const { processId, secret } = keys.issue(upstream, 32);
  const flipped = Buffer.from(secret);
  flipped.writeUInt8(flipped.readUInt8(31) ^ 1, 31);
  for (const wrong of [
    flipped,
    secret.subarray(0, 31),
    Buffer.concat([secret, Buffer.alloc(1)]),
    Buffer.alloc(0),
  ])
    expect(keys.find({ processId, secret: wrong })).toBeUndefined();
  expect(keys.find({ processId: processId + 1, secret })).toBeUndefined();
});
