import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createUpstreamWatch, isUnanswered } from '../../main/gateway/upstream-watch.ts';

/** A watched connection to a server that is silent, on clocks of the test's. */
function silentUpstream(lostAfterMs: number) {
  let monotonic = 0;
  let wall = 1_000_000;
  const keepAlives: number[] = [];
  const socket = {
    bytesRead: 10,
    bytesWritten: 10,
    setKeepAlive: (_on: boolean, ms: number) => void keepAlives.push(ms),
  };
  const raw = socket as unknown as Socket;
  let isGone = false;
  let lost = 0;
  const watch = createUpstreamWatch(async () => new Set(isGone ? [raw] : []), {
    wall: () => wall,
    monotonic: () => monotonic,
  });
  watch.add({ socket: raw, raw, reusesBuffer: false, receive: () => undefined }, lostAfterMs, () => {
    lost += 1;
  });
  return {
    socket,
    keepAlives,
    lost: () => lost,
    goes: () => (isGone = true),
    returns: () => (isGone = false),
    sleeps: (ms: number) => (wall += ms),
    /** Looks every two seconds. */
    async pass(seconds: number) {
      for (let passed = 0; passed < seconds; passed += 2) {
        monotonic += 2000;
        wall += 2000;
        await watch.look();
      }
    },
  };
}

test('what is not acknowledged for the time given ends the session, once', async () => {
  const upstream = silentUpstream(60_000);
  await upstream.pass(10);
  upstream.socket.bytesWritten += 100;
  upstream.goes();
  await upstream.pass(60);
  expect(upstream.lost()).toBe(0);
  await upstream.pass(4);
  expect(upstream.lost()).toBe(1);
  await upstream.pass(100);
  expect(upstream.lost()).toBe(1);
});

test('what is sent between two looks, right behind an answer, is noticed too', async () => {
  const upstream = silentUpstream(60_000);
  await upstream.pass(10);
  upstream.socket.bytesRead += 50;
  upstream.socket.bytesWritten += 100;
  upstream.goes();
  await upstream.pass(70);
  expect(upstream.lost()).toBe(1);
});

test('a server that only takes its time is waited for, and so is one that answers in between', async () => {
  const slow = silentUpstream(60_000);
  slow.socket.bytesWritten += 100;
  await slow.pass(3600);
  expect(slow.lost()).toBe(0);
  slow.goes();
  await slow.pass(40);
  slow.returns();
  await slow.pass(4);
  slow.goes();
  await slow.pass(40);
  slow.socket.bytesRead += 1;
  await slow.pass(40);
  expect(slow.lost()).toBe(0);
});

test('an idle connection is no reason to look, and is probed after a sleep', async () => {
  const idle = silentUpstream(60_000);
  await idle.pass(40);
  idle.goes();
  await idle.pass(600);
  expect(idle.lost()).toBe(0);
  expect(idle.keepAlives).toEqual([]);
  idle.sleeps(3600_000);
  await idle.pass(2);
  expect(idle.keepAlives).toEqual([1000]);
  await idle.pass(70);
  expect(idle.keepAlives).toEqual([1000, 60_000]);
});

test('after a sleep a dead way is given ten seconds', async () => {
  const upstream = silentUpstream(60_000);
  await upstream.pass(2);
  upstream.socket.bytesWritten += 100;
  upstream.goes();
  upstream.sleeps(3600_000);
  await upstream.pass(14);
  expect(upstream.lost()).toBe(1);
});

const row = (timer: string, retransmits: string, probes: number): string =>
  `   3: 0100007F:AF9C 0200007F:0539 01 00000020:00000000 ${timer}:0000003A ${retransmits}  1000        ${probes} 81234 2 0000000000000000\n`;
const rowV6 = (timer: string, retransmits: string): string =>
  `   0: 00000000000000000000000001000000:AF9C 00000000000000000000000001000000:0539 01 00000020:00000000 ${timer}:0000003A ${retransmits}  1000        0 81234 2 0000000000000000\n`;

test.each([
  ['sent again, without an answer', row('01', '00000005', 0), true],
  ['sent, and the answer is on its way', row('01', '00000000', 0), false],
  ['asked for room in vain', row('04', '00000000', 3), true],
  ['a full server that answers', row('04', '00000000', 0), false],
  ['nothing under way', row('02', '00000000', 0), false],
  ['another socket', row('01', '00000005', 0).replace('AF9C', 'AF9D'), false],
])('the table of sockets: %s', (_what, lines, is) => {
  const pair = {
    localAddress: '127.0.0.1',
    localPort: 0xaf9c,
    remoteAddress: '127.0.0.2',
    remotePort: 0x539,
    remoteFamily: 'IPv4',
  };
  expect(isUnanswered(lines, pair)).toBe(is);
});

test('the table of sockets: IPv6', () => {
  const pair = {
    localAddress: '::1',
    localPort: 0xaf9c,
    remoteAddress: '::1',
    remotePort: 0x539,
    remoteFamily: 'IPv6',
  };
  expect(isUnanswered(rowV6('01', '00000002'), pair)).toBe(true);
  expect(isUnanswered(rowV6('01', '00000000'), pair)).toBe(false);
});
