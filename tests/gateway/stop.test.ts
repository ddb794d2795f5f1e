import { beforeAll, describe, expect, test } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { pgbouncerPart, startPgbouncer } from '../support/pgbouncer.ts';
import { startPostgres } from '../support/postgres.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { startSlowNetwork } from '../support/slow-network.ts';
import { errorFields, frames, query, scramLogin, startupPacket, typed } from '../support/wire-client.ts';
import { useAll } from '../support/use-all.ts';
import { createOpenRequests } from '../../main/gateway/postgres/open-requests.ts';
import { type TestGateway, gatewayTo } from './fixture.ts';

const reason = 'Your access has ended.';

/** A session on a raw socket, and its id. */
async function open({ gatekeeper, port, token }: TestGateway) {
  const opened = gatekeeper.nextOpened();
  const socket = await rawSocket(port);
  socket.write(startupPacket({ user: 'ann', database: 'sales' }));
  await scramLogin(socket, token);
  return { socket, sessionId: await opened, before: socket.received().length };
}

describeWith([parts.postgres, pgbouncerPart], 'what a cut stops at the server', () => {
  const server = useAll(startPostgres);
  beforeAll(() => server.query('create table written (tag int)'));

  const active = async (): Promise<unknown> => {
    const [row] = await server.query(
      "select count(*)::int as n from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and backend_type = 'client backend'",
    );
    return row?.['n'];
  };

  test('an idle session costs the server no further connection; one with a statement costs one', async () => {
    const network = await startSlowNetwork(server.port, 1);
    const gateway = await gatewayTo(server, { upstream: { port: network.port } });
    const idle = await open(gateway);
    idle.socket.write(query('select 1'));
    await idle.socket.until((bytes) => frames(bytes.subarray(idle.before)).at(-1)?.type === 'Z');
    expect(network.connections).toBe(1);
    gateway.host.cut([idle.sessionId], reason);
    await gateway.gatekeeper.nextEnd(idle.sessionId);
    expect(network.connections).toBe(1);

    const busy = await open(gateway);
    expect(network.connections).toBe(2);
    busy.socket.write(query('select pg_sleep(60)'));
    await expect.poll(active, { timeout: 20_000 }).toBe(1);
    gateway.host.cut([busy.sessionId], reason);
    const end = await gateway.gatekeeper.nextEnd(busy.sessionId);
    expect(network.connections).toBe(3);
    expect(end.notStopped).toBeUndefined();
    await expect.poll(active, { timeout: 20_000 }).toBe(0);
    await gateway.close();
    await network.close();
  });

  for (const poolMode of ['session', 'transaction'] as const) {
    for (const ending of ['cut', 'quit'] as const) {
      test(`behind PgBouncer (${poolMode}), a ${ending} stops the statement before the connection goes`, async () => {
        const pooler = await startPgbouncer(server, poolMode);
        const gateway = await gatewayTo(server, { upstream: { port: pooler.port } });
        const { socket, sessionId, before } = await open(gateway);
        socket.write(query('insert into written select 1 from pg_sleep(4)'));
        await expect.poll(active, { timeout: 20_000 }).toBe(1);
        if (ending === 'cut') gateway.host.cut([sessionId], reason);
        else await gateway.host.close();
        const { received } = await socket.closed();
        expect(errorFields(received.subarray(before))).toMatchObject({ C: '57P01' });
        await expect.poll(active, { timeout: 20_000 }).toBe(0);
        expect(await server.query('select * from written')).toEqual([]);
        await gateway.close();
        await pooler.close();
      });
    }
  }

  test('a way to the server that breaks is told to the client in its protocol, and on record', async () => {
    const network = await startSlowNetwork(server.port, 1);
    const gateway = await gatewayTo(server, { upstream: { port: network.port } });
    const { socket, sessionId, before } = await open(gateway);
    socket.write(query('select pg_sleep(4)'));
    await expect.poll(active, { timeout: 20_000 }).toBe(1);
    network.break();
    const { received } = await socket.closed();
    expect(errorFields(received.subarray(before))).toMatchObject({
      C: '08006',
      M: 'The connection to the database server was lost.',
    });
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({
      reason: 'upstream-lost',
      problem: { code: 'upstream-unreachable' },
    });
    await expect.poll(active, { timeout: 20_000 }).toBe(0);
    await gateway.close();
    await network.close();
  });

  test('a server that cannot be told is on record, and the session ends all the same', async () => {
    const network = await startSlowNetwork(server.port, 1);
    const gateway = await gatewayTo(server, { upstream: { port: network.port } });
    const { socket, sessionId } = await open(gateway);
    socket.write(query('select pg_sleep(60)'));
    await expect.poll(active, { timeout: 20_000 }).toBe(1);
    network.refuse();
    gateway.host.cut([sessionId], reason);
    await socket.closed();
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({
      reason: 'cut',
      notStopped: { code: 'upstream-unreachable' },
    });
    await gateway.close();
    await network.close();
  });

  test('a server that takes the stop and does nothing does not hold up the end of Latchkey', async () => {
    // What could not be stopped before.
    await server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^select pg_sleep'",
    );
    await expect.poll(active, { timeout: 20_000 }).toBe(0);
    const network = await startSlowNetwork(server.port, 1);
    const gateway = await gatewayTo(server, { upstream: { port: network.port } });
    const { socket, sessionId, before } = await open(gateway);
    socket.write(query('select pg_sleep(60)'));
    await expect.poll(active, { timeout: 20_000 }).toBe(1);
    network.swallow();
    const end = gateway.gatekeeper.nextEnd(sessionId);
    await gateway.host.close();
    expect(network.connections).toBe(2);
    expect(errorFields((await socket.closed()).received.subarray(before))).toMatchObject({ C: '57P01' });
    expect(await end).toHaveProperty('notStopped.code');
    await gateway.close();
    await network.close();
  });
});

describe('requests that a server has not answered', () => {
  const sync = typed('S', '');
  const execute = Buffer.concat([typed('P', 'x'), typed('B', 'x'), typed('E', 'x')]);
  const ready = typed('Z', 'I');
  const cases: [string, [Buffer, Buffer, number][]][] = [
    [
      'a query',
      [
        [query('x'), Buffer.alloc(0), 1],
        [Buffer.alloc(0), Buffer.concat([typed('C', 'x'), ready]), 0],
      ],
    ],
    [
      'three queries at once, answered one by one',
      [
        [Buffer.concat([query('x'), query('x'), query('x')]), ready, 2],
        [Buffer.alloc(0), ready, 1],
        [Buffer.alloc(0), ready, 0],
      ],
    ],
    [
      'an execute before its sync',
      [
        [execute, typed('1', ''), 1],
        [sync, ready, 0],
      ],
    ],
    [
      'a function call',
      [
        [typed('F', 'x'), Buffer.alloc(0), 1],
        [Buffer.alloc(0), ready, 0],
      ],
    ],
    [
      'data that comes in, by a query',
      [
        [query('copy'), typed('G', 'x'), 1],
        [Buffer.concat([typed('d', 'SQF'), typed('c', '')]), ready, 0],
      ],
    ],
    [
      'data that comes in, with a sync that the server passes over',
      [
        [Buffer.concat([execute, sync]), typed('G', 'x'), 1],
        [Buffer.concat([typed('d', 'x'), typed('f', 'x'), sync]), ready, 0],
      ],
    ],
    ['notices of its own', [[Buffer.alloc(0), Buffer.concat([typed('A', 'x'), typed('N', 'x')]), 0]]],
  ];
  for (const [what, steps] of cases) {
    test(what, () => {
      const requests = createOpenRequests();
      for (const [fromClient, toClient, left] of steps) {
        for (const byte of fromClient) requests.watchFromClient(Buffer.from([byte]));
        requests.watchToClient(toClient);
        expect(requests.count).toBe(left);
      }
    });
  }

  test('a goodbye is none, and is known as soon as it comes', () => {
    const requests = createOpenRequests();
    requests.watchFromClient(Buffer.concat([sync, typed('d', 'X')]));
    expect(requests.clientLeft).toBe(false);
    requests.watchFromClient(typed('X', ''));
    expect([requests.clientLeft, requests.count]).toEqual([true, 1]);
  });
});
