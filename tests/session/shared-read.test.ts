import { expect, it } from 'vitest';
import { SharedRead } from '../../main/session/shared-read.ts';
import { settle } from './scripted-provider.ts';

/** Reads that end when the test says so, in their order. */
function setUp() {
  const started: boolean[] = [];
  const ends: (() => void)[] = [];
  const reads = new SharedRead((fresh) => {
    started.push(fresh);
    return new Promise((resolve) => ends.push(resolve));
  });
  const end = async (): Promise<void> => {
    ends.shift()?.();
    await settle();
  };
  return { reads, started, end };
}

it('serves whoever asks meanwhile, where it is as fresh as theirs has to be', async () => {
  const { reads, started, end } = setUp();
  const first = reads.run(true);
  expect(reads.run(true)).toBe(first);
  expect(reads.run(false)).toBe(first);
  await settle();
  expect(started).toEqual([true]);
  await end();
  await first;
});

it('is followed by a fresh one where it is not, which then serves all that come', async () => {
  const { reads, started, end } = setUp();
  const first = reads.run(false);
  const second = reads.run(true);
  expect(second).not.toBe(first);
  expect(reads.run(false)).toBe(second);
  await settle();
  expect(started).toEqual([false]);
  await end();
  await first;
  expect(started).toEqual([false, true]);
  expect(reads.run(true)).toBe(second);
  await end();
  await second;
  expect(reads.run(false)).not.toBe(second);
});
