import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReachedLimit } from '../../main/gateway/ports.ts';
import { createSessionLimits } from '../../main/gateway/session-limits.ts';

const problem = { code: 'limit-reached', message: 'over' } as const;
const idle = { reason: 'idle-timeout', problem, afterMs: 10_000 } as const;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function session(limits: { idle?: typeof idle; last?: ReachedLimit & { at: number } }) {
  const clock = { wall: 1_000_000, monotonic: 0 };
  const bounds = createSessionLimits({ wall: () => clock.wall, monotonic: () => clock.monotonic });
  const state = { bytes: 0, open: 0, ended: [] as ReachedLimit['reason'][] };
  const remove = bounds.add({
    limits,
    traffic: () => ({ bytesFromClient: state.bytes, bytesFromUpstream: 0 }),
    openRequests: () => state.open,
    end: ({ reason }) => void state.ended.push(reason),
  });
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      clock.wall += 1000;
      clock.monotonic += 1000;
      vi.advanceTimersByTime(1000);
    }
  };
  return { clock, state, pass, remove };
}

test('a session is idle while no byte passes and no statement runs, and is ended once', () => {
  const { state, pass } = session({ idle });
  for (let step = 0; step < 5; step += 1) {
    pass(8);
    state.bytes += 1;
  }
  state.open = 1;
  pass(60);
  state.open = 0;
  pass(9);
  expect(state.ended).toEqual([]);
  pass(60);
  expect(state.ended).toEqual(['idle-timeout']);
});

test('its last moment is its last by either clock', () => {
  const last = { reason: 'max-duration', problem, at: 1_060_000 } as const;
  const running = session({ last });
  running.state.open = 1;
  running.pass(59);
  expect(running.state.ended).toEqual([]);
  running.pass(2);
  expect(running.state.ended).toEqual(['max-duration']);
  const suspended = session({ last, idle });
  suspended.clock.wall += 3_600_000;
  suspended.pass(1);
  expect(suspended.state.ended).toEqual(['max-duration']);
  const setBack = session({ last });
  setBack.clock.wall -= 3_600_000;
  setBack.pass(61);
  expect(setBack.state.ended).toEqual(['max-duration']);
});

test('there is a timer only while a session with limits is open', () => {
  const { pass, remove, state } = session({ idle });
  expect(vi.getTimerCount()).toBe(1);
  remove();
  pass(20);
  expect(vi.getTimerCount()).toBe(0);
  expect(state.ended).toEqual([]);
  session({});
  expect(vi.getTimerCount()).toBe(0);
});
