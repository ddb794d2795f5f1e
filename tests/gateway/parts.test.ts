import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createAdmission } from '../../main/gateway/admission.ts';
import { createLiveSessions } from '../../main/gateway/live-sessions.ts';
import type { Gatekeeper } from '../../main/gateway/ports.ts';
import { createRejections } from '../../main/gateway/rejections.ts';

const sockets = (count: number): Socket[] => Array.from({ length: count }, () => new Socket());

test('admission: the longest silent goes first, then the longest talker, never one that waits for the broker', () => {
  const admission = createAdmission(3);
  const [first, second, third, fourth, fifth, sixth, seventh] = sockets(7) as [
    Socket,
    Socket,
    Socket,
    Socket,
    Socket,
    Socket,
    Socket,
  ];
  const waiting = admission.enter(first);
  waiting?.spoke();
  waiting?.asked();
  admission.enter(second)?.spoke();
  admission.enter(third);
  const talker = admission.enter(fourth);
  expect([first, second, third, fourth].map(({ destroyed }) => destroyed)).toEqual([
    false,
    false,
    true,
    false,
  ]);
  talker?.spoke();
  admission.enter(fifth)?.asked();
  expect(second.destroyed).toBe(true);
  talker?.asked();
  // Everybody waits for the broker now.
  expect(admission.enter(sixth)).toBeUndefined();
  expect(sixth.destroyed).toBe(true);
  expect(admission.size).toBe(3);
  // One whose answer is no makes way at once.
  waiting?.refused();
  expect(admission.enter(seventh)).toBeDefined();
  expect(first.destroyed).toBe(true);
  talker?.leave();
  talker?.leave();
  expect(admission.size).toBe(2);
  admission.clear();
  expect([fifth, seventh].every(({ destroyed }) => destroyed)).toBe(true);
});

test('admission: one that has left does not come back', () => {
  const admission = createAdmission(3);
  const visit = admission.enter(new Socket());
  visit?.leave();
  visit?.spoke();
  visit?.asked();
  visit?.refused();
  expect(admission.size).toBe(0);
});

test('live sessions: a cut for a session that is not known yet waits for it, but only while somebody decides', () => {
  const live = createLiveSessions();
  const cuts: string[] = [];
  const cutter = (id: string) => (reason: string) => void cuts.push(`${id}: ${reason}`);
  live.cut(['never'], 'too early for anything');
  const decided = live.deciding();
  const alsoDecided = live.deciding();
  live.cut(['soon', 'stranger'], 'revoked');
  live.add('never', cutter('never'));
  live.add('soon', cutter('soon'));
  expect(cuts).toEqual(['soon: revoked']);
  decided();
  alsoDecided();
  live.add('stranger', cutter('stranger'));
  live.cut(['stranger'], 'now');
  live.remove('stranger');
  live.cut(['stranger'], 'again');
  expect(cuts).toEqual(['soon: revoked', 'stranger: now']);
});

test('live sessions: closing cuts those that are there and those that still come', () => {
  const live = createLiveSessions();
  const cuts: string[] = [];
  live.add('here', () => void cuts.push('here'));
  live.close('closed');
  live.add('late', () => void cuts.push('late'));
  expect(cuts).toEqual(['here', 'late']);
  expect(live.closing).toBe(true);
});

test('rejections: ten in a second are told, the rest are counted in the next', async () => {
  const told: Parameters<Gatekeeper['rejected']>[0][] = [];
  const reject = createRejections((rejection) => void told.push(rejection));
  const rejection = {
    connection: 'sales',
    peer: { transport: 'unix' as const },
    refusal: { sqlState: '08P01', problem: { code: 'protocol-unsupported' as const, message: 'no' } },
  };
  // Begin with a fresh second.
  await new Promise((resolve) => setTimeout(resolve, 1010 - (performance.now() % 1000)));
  for (let count = 0; count < 500; count += 1) reject(rejection);
  expect(told).toHaveLength(10);
  await new Promise((resolve) => setTimeout(resolve, 1010));
  reject(rejection);
  expect(told).toHaveLength(11);
  expect(told[10]).toEqual({ ...rejection, unreported: 490 });
});
