import { readFileSync, readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { startPostgres } from '../support/postgres.ts';
import { type RawSocket, rawSocket } from '../support/raw-socket.ts';
import { faultKinds, noFault, startShakyRelay } from '../support/shaky-relay.ts';
import { gssRequest, sslRequest, startupPacket } from '../support/wire-client.ts';
import { useAll } from '../support/use-all.ts';
import { type TestGateway, gatewayTo } from './fixture.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** What is held: a busy machine puts off collecting what is not. */
function residentKiB(): number {
  collect();
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** Smaller than the figures of the security targets, so that every run can afford them. */
describeWith([parts.postgres], 'a crowd at the gateway', () => {
  let gateway: TestGateway;
  const crowd: RawSocket[] = [];
  const server = useAll(startPostgres);
  beforeAll(async () => {
    gateway = await gatewayTo(server, { limits: { startupMs: 2000 } });
  });
  afterEach(() => {
    for (const socket of crowd.splice(0)) socket.destroy();
  });
  afterAll(() => gateway.close());

  const logIn = async (port = gateway.port): Promise<number> => {
    const started = performance.now();
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: 'ann',
      database: 'sales',
      password: gateway.token,
    });
    client.on('error', () => undefined);
    await client.connect();
    const took = performance.now() - started;
    await client.end();
    return took;
  };
  const percentile = (values: number[], share: number): number =>
    values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? Number.NaN;
  const gather = async (count: number, say: (socket: RawSocket) => void): Promise<void> => {
    for (let done = 0; done < count; done += 100) {
      const some = await Promise.all(Array.from({ length: 100 }, () => rawSocket(gateway.port)));
      some.forEach(say);
      crowd.push(...some);
    }
  };

  test.each<[string, (socket: RawSocket) => void]>([
    ['that say nothing', () => undefined],
    [
      'that send half a startup packet',
      (socket) => socket.write(startupPacket({ user: 'x' }).subarray(0, 6)),
    ],
    ['that begin to log in and stop', (socket) => socket.write(startupPacket({ user: 'x' }))],
  ])('3,000 sockets %s: logins go on, and the silent ones are gone in time', async (_name, say) => {
    await logIn();
    const before = residentKiB();
    await gather(3000, say);
    const times = await logInTimes(40);
    // Far above what it takes (verify/crowd.ts measures that), far below what it takes a client that is starved.
    expect(percentile(times, 0.95)).toBeLessThan(5000);
    await expect.poll(() => residentKiB() - before, { timeout: 3000 }).toBeLessThan(100 * 1024);
    const closed = await Promise.all(crowd.slice(0, 2000).map((socket) => socket.closed()));
    expect(Math.max(...closed.map(({ afterMs }) => afterMs))).toBeLessThan(15_000);
  });

  async function logInTimes(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let done = 0; done < count; done += 1) times.push(await logIn());
    return times;
  }

  test('2,000 malformed connections: all closed, no descriptor left, nothing reaches the server', async () => {
    await logIn();
    const before = descriptors();
    const asked = gateway.gatekeeper.attempts.length;
    const packet = startupPacket({ user: 'ann', database: 'sales' });
    const inputs = fc.sample(
      fc.oneof(
        fc.uint8Array({ minLength: 8, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.tuple(fc.nat(packet.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
          const bytes = Buffer.from(packet);
          bytes.writeUInt8(bytes.readUInt8(at) ^ flip, at);
          return bytes;
        }),
        fc.nat(20).map((length) => Buffer.concat([sslRequest, packet.subarray(0, length + 1)])),
        fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.concat([gssRequest, bytes])),
        fc.uint8Array({ minLength: 5, maxLength: 50 }).map((bytes) => Buffer.concat([packet, bytes])),
      ),
      2000,
    );
    for (let index = 0; index < inputs.length; index += 50) {
      await Promise.all(
        inputs.slice(index, index + 50).map(async (bytes) => {
          const socket = await rawSocket(gateway.port);
          socket.write(bytes);
          socket.finish();
          await socket.closed();
          socket.destroy();
        }),
      );
    }
    await expect.poll(descriptors, { timeout: 3000 }).toBeLessThanOrEqual(before + 3);
    expect(gateway.gatekeeper.attempts.length).toBe(asked);
    expect(gateway.log).toEqual([]);
    await logIn();
  });

  test('60 upstream faults at random places of the login: every client gets an answer, and the next login works', async () => {
    const relay = await startShakyRelay(server.port);
    const shaky = await gatewayTo(server, { upstream: { port: relay.port, connectTimeoutMs: 500 } });
    const login = async (): Promise<string> => {
      const client = new Client({
        host: '127.0.0.1',
        port: shaky.port,
        user: 'ann',
        database: 'sales',
        password: shaky.token,
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.end();
        return 'in';
      } catch (error) {
        return (error as { code?: string }).code ?? 'closed';
      }
    };
    const outcomes = new Map<string, number>();
    const faults = fc.sample(fc.record({ after: fc.nat(500), kind: fc.constantFrom(...faultKinds) }), 60);
    for (let index = 0; index < faults.length; index += 1) {
      relay.fault = faults[index] ?? noFault;
      const started = performance.now();
      const outcome = await login();
      expect(performance.now() - started, JSON.stringify(relay.fault)).toBeLessThan(3000);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // Never a dropped connection: where the login did not work, there is an error with a SQLSTATE.
    for (const outcome of outcomes.keys()) expect(['in', '08001', '08004', '08006']).toContain(outcome);
    // Which of them there were is left to chance.
    expect(outcomes.size).toBeGreaterThan(1);
    relay.fault = noFault;
    expect(await login()).toBe('in');
    expect(shaky.log).toEqual([]);
    await shaky.close();
    relay.close();
  }, 60_000);

  test('300 connects, queries and closes leave no descriptor and no session behind', async () => {
    await Promise.all(Array.from({ length: 10 }, () => logIn()));
    const before = descriptors();
    const ended = gateway.gatekeeper.ended.length;
    for (let round = 0; round < 30; round += 1) await Promise.all(Array.from({ length: 10 }, () => logIn()));
    const { gatekeeper } = gateway;
    await expect.poll(() => gatekeeper.ended.length, { timeout: 5000 }).toBe(gatekeeper.opened.length);
    expect(gatekeeper.ended.length).toBeGreaterThanOrEqual(ended + 300);
    expect(new Set(gatekeeper.ended.map(({ sessionId }) => sessionId)).size).toBe(gatekeeper.ended.length);
    await expect.poll(descriptors).toBeLessThanOrEqual(before + 3);
  });
});
