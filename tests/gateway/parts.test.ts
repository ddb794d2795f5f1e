import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createAdmission } from '../../main/gateway/admission.ts';
import { createLiveSessions } from '../../main/gateway/live-sessions.ts';
import type { Gatekeeper } from '../../main/gateway/ports.ts';
import { createRejections } from '../../main/gateway/rejections.ts';

const sockets = (count: number): Socket[] => Array.from({ length: count }, () => new Socket());

test('admission: silence ends in time, and speech prevents that', async () => {
  const admission = createAdmission(10, 100);
  const [first, second, third] = sockets(3) as [Socket, Socket, Socket];
  admission.enter(first);
  admission.enter(second)?.spoke();
  await sleep(60);
  admission.enter(third);
  await sleep(60);
  expect([first, second, third].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  await sleep(60);
  expect([second, third].map(({ destroyed }) => destroyed)).toEqual([false, true]);
  expect(admission.size).toBe(1);
});

test('admission: when it is full, the oldest of the most crowded stage goes', () => {
  const admission = createAdmission(6, 60_000);
  const steps = ['spoke', 'introduced', 'asked', 'refused'] as const;
  const arrive = (howFar: number): Socket => {
    const socket = new Socket();
    const pending = admission.enter(socket);
    for (const step of steps.slice(0, howFar)) pending?.[step]();
    return socket;
  };
  const gone = (sockets: Socket[]): boolean[] => sockets.map(({ destroyed }) => destroyed);
  const good = arrive(1);
  const silent = [arrive(0), arrive(0), arrive(0)];
  const asked = [arrive(3), arrive(3)];
  // A crowd that is silent: the client that speaks stays.
  const talkers = [arrive(1)];
  expect(gone(silent)).toEqual([true, false, false]);
  talkers.push(arrive(1), arrive(1));
  expect(gone(silent)).toEqual([true, true, false]);
  expect(good.destroyed).toBe(true);
  // A crowd that talks and never gets on: a newcomer that has not spoken yet stays.
  const newcomer = arrive(0);
  expect(gone(talkers)).toEqual([true, false, false]);
  talkers.push(arrive(1), arrive(1));
  expect(gone([...talkers, newcomer])).toEqual([true, true, false, false, false, false]);
  // Wrong tokens whose answers are being held back are a crowd like any other.
  admission.clear();
  const another = createAdmission(3, 60_000);
  const refused = [0, 1, 2].map(() => {
    const socket = new Socket();
    another.enter(socket)?.refused();
    return socket;
  });
  expect(another.enter(new Socket())).toBeDefined();
  expect(gone(refused)).toEqual([true, false, false]);
  expect(gone(asked)).toEqual([true, true]);
  another.clear();
});

test('admission: those that wait for the broker are not sent away; the newcomer is', () => {
  const admission = createAdmission(1, 60_000);
  const [first, second] = sockets(2) as [Socket, Socket];
  admission.enter(first)?.asked();
  expect(admission.enter(second)).toBeUndefined();
  expect([first, second].map(({ destroyed }) => destroyed)).toEqual([false, true]);
  admission.clear();
});

test('admission: one that has left does not come back', () => {
  const admission = createAdmission(3, 60_000);
  const pending = admission.enter(new Socket());
  pending?.leave();
  pending?.spoke();
  pending?.asked();
  pending?.refused();
  expect(admission.size).toBe(0);
  admission.clear();
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
  const { tell: reject } = createRejections((rejection) => void told.push(rejection));
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
