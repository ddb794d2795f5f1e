import { Client } from 'pg';
import { expect, test } from 'vitest';
import type { LoginDecision } from '../../main/gateway/ports.ts';
import { startFakeUpstream } from '../support/fake-upstream.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startPostgres } from '../support/postgres.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { errorFields, frames, query, scramLogin, startupPacket } from '../support/wire-client.ts';
import { useAll } from '../support/use-all.ts';
import { gatewayTo, startTestGateway } from './fixture.ts';

const reason = 'Your directory groups no longer allow this.';

describeWith([parts.postgres], 'ending sessions from outside', () => {
  const server = useAll(startPostgres);
  const gateway = useAll(() => gatewayTo(server));

  /** A session on a raw socket, and its id. */
  async function open(through = gateway) {
    const opened = through.gatekeeper.nextOpened();
    const socket = await rawSocket(through.port);
    socket.write(startupPacket({ user: 'ann', database: 'sales' }));
    await scramLogin(socket, through.token);
    return { socket, sessionId: await opened };
  }

  test('an idle session gets 57P01 with the reason, and nothing is left upstream', async () => {
    const { socket, sessionId } = await open();
    const before = socket.received().length;
    const started = performance.now();
    gateway.host.cut([sessionId, 'unknown-session'], reason);
    const { received } = await socket.closed();
    expect(performance.now() - started).toBeLessThan(500);
    expect(errorFields(received.subarray(before))).toMatchObject({ S: 'FATAL', C: '57P01', M: reason });
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut', bytesFromClient: 0 });
    await expect.poll(backends).toBe(0);
  });

  test('node pg reports the reason', async () => {
    const opened = gateway.gatekeeper.nextOpened();
    const client = new Client({
      host: '127.0.0.1',
      port: gateway.port,
      user: 'ann',
      database: 'sales',
      password: gateway.token,
    });
    const failed = new Promise<Error>((resolve) => {
      client.on('error', resolve);
    });
    await client.connect();
    gateway.host.cut([await opened], reason);
    expect(await failed).toMatchObject({ code: '57P01', message: reason });
  });

  test('in the middle of a result nothing is put between the rows: every message that arrived is whole', async () => {
    const { socket, sessionId } = await open();
    const before = socket.received().length;
    socket.write(query("select repeat('x', 1000) from generate_series(1, 2000000)"));
    await socket.until((received) => received.length > before + 3_000_000);
    const started = performance.now();
    gateway.host.cut([sessionId], reason);
    const { received } = await socket.closed();
    expect(performance.now() - started).toBeLessThan(1000);
    const seen = frames(received.subarray(before));
    expect(new Set(seen.slice(1, -1).map(({ type, body }) => `${type}${body.length}`))).toEqual(
      new Set(['D1006']),
    );
    const last = seen.at(-1);
    if (last?.type === 'E') expect(errorFields(received.subarray(before))).toMatchObject({ C: '57P01' });
    expect((await gateway.gatekeeper.nextEnd(sessionId)).bytesFromUpstream).toBeGreaterThan(3_000_000);
  });

  test('a client that does not read is gone all the same', async () => {
    const opened = gateway.gatekeeper.nextOpened();
    const client = new Client({
      host: '127.0.0.1',
      port: gateway.port,
      user: 'ann',
      database: 'sales',
      password: gateway.token,
    });
    client.on('error', () => undefined);
    await client.connect();
    const sessionId = await opened;
    const { stream } = (
      client as unknown as {
        connection: { stream: { pause(): void; removeAllListeners(event: string): void } };
      }
    ).connection;
    void client.query("select repeat('x', 1000) from generate_series(1, 2000000)").catch(() => undefined);
    stream.removeAllListeners('data');
    stream.pause();
    await expect
      .poll(
        async () =>
          (await server.query("select 1 from pg_stat_activity where wait_event = 'ClientWrite'")).length,
        { timeout: 20_000 },
      )
      .toBe(1);
    const started = performance.now();
    gateway.host.cut([sessionId], reason);
    await gateway.gatekeeper.nextEnd(sessionId);
    expect(performance.now() - started).toBeLessThan(500);
    await expect.poll(backends).toBe(0);
  });

  test('50 sessions at once', async () => {
    const sessions = await Promise.all(Array.from({ length: 50 }, () => open()));
    const started = performance.now();
    gateway.host.cut(
      sessions.map(({ sessionId }) => sessionId),
      reason,
    );
    const ends = await Promise.all(sessions.map(({ socket }) => socket.closed()));
    // About 20 ms on a machine that has nothing else to do.
    expect(performance.now() - started).toBeLessThan(1000);
    for (const { received } of ends) expect(errorFields(received)).toMatchObject({ C: '57P01' });
  });

  test('a session whose upstream login is still going on', async () => {
    const mute = await startFakeUpstream(() => undefined);
    const waiting = await startTestGateway({
      upstream: { port: mute.port },
      login: { user: 'x', database: 'x' },
    });
    const sessionIds: string[] = [];
    const authorize = waiting.gatekeeper.authorize;
    waiting.gatekeeper.authorize = async (attempt) => {
      const decision = await authorize(attempt);
      if (decision.allow) sessionIds.push(decision.sessionId);
      return decision;
    };
    const socket = await rawSocket(waiting.port);
    socket.write(startupPacket({ user: 'ann', database: 'sales' }));
    const answered = scramLogin(socket, waiting.token);
    await expect.poll(() => mute.visits.length, { timeout: 20_000 }).toBe(1);
    waiting.host.cut(sessionIds, reason);
    expect(errorFields(await answered)).toMatchObject({ C: '57P01', M: reason });
    expect(await waiting.gatekeeper.nextEnd(sessionIds[0])).toEqual({
      sessionId: sessionIds[0],
      reason: 'cut',
      bytesFromClient: 0,
      bytesFromUpstream: 0,
    });
    expect(waiting.gatekeeper.opened).toEqual([]);
    await waiting.close();
    await mute.close();
  });

  test('a session that is revoked before the gateway has heard that it is allowed', async () => {
    const authorize = gateway.gatekeeper.authorize;
    let sessionId = '';
    gateway.gatekeeper.authorize = async (attempt): Promise<LoginDecision> => {
      const decision = await authorize(attempt);
      if (decision.allow) {
        sessionId = decision.sessionId;
        gateway.host.cut([sessionId], reason);
      }
      return decision;
    };
    try {
      const socket = await rawSocket(gateway.port);
      socket.write(startupPacket({ user: 'ann', database: 'sales' }));
      expect(errorFields(await scramLogin(socket, gateway.token))).toMatchObject({ C: '57P01', M: reason });
      expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut' });
    } finally {
      gateway.gatekeeper.authorize = authorize;
    }
  });

  test('a client that leaves while the broker decides: the session that was allowed is reported as ended', async () => {
    const authorize = gateway.gatekeeper.authorize;
    let release = (): void => undefined;
    let sessionId = '';
    const asked = new Promise<void>((resolve) => {
      gateway.gatekeeper.authorize = async (attempt) => {
        const decision = await authorize(attempt);
        resolve();
        await new Promise<void>((go) => {
          release = go;
        });
        if (decision.allow) sessionId = decision.sessionId;
        return decision;
      };
    });
    const socket = await rawSocket(gateway.port);
    socket.write(startupPacket({ user: 'ann', database: 'sales' }));
    void scramLogin(socket, gateway.token).catch(() => undefined);
    await asked;
    gateway.gatekeeper.authorize = authorize;
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const ended = gateway.gatekeeper.nextEnd();
    release();
    expect(await ended).toMatchObject({ sessionId, reason: 'client-closed' });
  });

  test('closing the gateway ends every session and frees the port', async () => {
    const closing = await gatewayTo(server);
    const { socket, sessionId } = await open(closing);
    await closing.close();
    expect(errorFields((await socket.closed()).received)).toMatchObject({
      C: '57P01',
      M: 'Latchkey has been closed.',
    });
    expect(await closing.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'gateway-closed' });
    await expect(rawSocket(closing.port)).rejects.toThrow('ECONNREFUSED');
  });

  async function backends(): Promise<number> {
    const [row] = await server.query(
      "select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
    return row?.['n'] as number;
  }
});
