import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Deadline } from '../../main/session/deadline.ts';

const minute = 60_000;
let clock: { wall: number; monotonic: number };
let passed: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  clock = { wall: Date.UTC(2026, 0, 1), monotonic: 1000 };
  passed = 0;
});
afterEach(() => vi.useRealTimers());

function inTenMinutes(): Deadline {
  const clocks = { now: () => clock.wall, monotonic: () => clock.monotonic };
  return new Deadline(clocks, clock.wall + 10 * minute, 10 * minute, () => (passed += 1));
}

it.each(['wall', 'monotonic'] as const)('has passed where one clock alone says so: %s', (which) => {
  const deadline = inTenMinutes();
  clock[which] += 10 * minute - 1;
  expect(deadline.isOver()).toBe(false);
  clock[which] += 1;
  expect(deadline.isOver()).toBe(true);
  deadline.close();
});

it('waits on where its timer comes before the clocks', () => {
  inTenMinutes();
  clock.wall += 9 * minute;
  clock.monotonic += 9 * minute;
  vi.advanceTimersByTime(11 * minute);
  expect(passed).toBe(0);
  clock.wall += minute;
  vi.advanceTimersByTime(minute + 5);
  expect(passed).toBe(1);
});

it('is told after a suspend, in which timers stand still', () => {
  const deadline = inTenMinutes();
  clock.wall += 11 * minute;
  deadline.watch();
  vi.advanceTimersByTime(5);
  expect(passed).toBe(1);
});

it('tells nothing once it is closed', () => {
  inTenMinutes().close();
  clock.wall += 11 * minute;
  vi.advanceTimersByTime(20 * minute);
  expect(passed).toBe(0);
});
