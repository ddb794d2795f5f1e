import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { type MariadbServer, mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { startSlowNetwork } from '../../support/slow-network.ts';
import { useAll } from '../../support/use-all.ts';
import { startEntraFront } from './entra-front.ts';
import { type MysqlGateway, mysqlGatewayTo, startMysqlGateway } from './fixture.ts';
import { lastError, rawLogin } from './raw-client.ts';

const reason = 'Your access has ended.';

describeWith([mariadbParts.server], 'what a cut stops at a MariaDB server', () => {
  const one = useAll(startMariadb);
  const other = useAll(startMariadb);
  beforeAll(async () => {
    await other.query(`alter user '${other.user}'@'127.0.0.1' identified by '${one.password}'`);
    await one.query('create table shop.written (tag int)');
  });

  const slow = (server: MariadbServer): Promise<Record<string, unknown>[]> =>
    server.query(
      `select id from information_schema.processlist where user = '${server.user}' and command = 'Query'`,
    );

  /** A session with a statement that takes seconds and writes a row, and its id. */
  async function busy(gateway: MysqlGateway, server: MariadbServer) {
    const opened = gateway.gatekeeper.nextOpened();
    const client = await rawLogin(gateway.port, gateway.token);
    client.send(0, Buffer.from('\u0003insert into shop.written select 1 from (select sleep(5)) slow'));
    await expect.poll(() => slow(server), { timeout: 20_000 }).toHaveLength(1);
    return { client, sessionId: await opened };
  }

  test('the password has been changed since: the new one is used', async () => {
    const gateway = await mysqlGatewayTo(one, { worker: true });
    const { client, sessionId } = await busy(gateway, one);
    await one.query(`alter user '${one.user}'@'127.0.0.1' identified by 'a new one'`);
    gateway.gatekeeper.logInAs({ user: one.user, database: one.database, password: 'a new one' });
    gateway.host.cut([sessionId], reason);
    await client.socket.closed();
    expect(lastError(client.received()).message).toBe(reason);
    expect(await gateway.gatekeeper.nextEnd(sessionId)).not.toHaveProperty('notStopped');
    expect(await slow(one)).toEqual([]);
    await one.query(`alter user '${one.user}'@'127.0.0.1' identified by '${one.password}'`);
    expect(await one.query('select * from shop.written')).toEqual([]);
    await gateway.close();
  });

  test('the credential has ended, and there is no other: that is on record', async () => {
    const gateway = await mysqlGatewayTo(one, { worker: true });
    const { client, sessionId } = await busy(gateway, one);
    await one.query(`alter user '${one.user}'@'127.0.0.1' identified by 'nobody knows'`);
    gateway.host.cut([sessionId], reason);
    await client.socket.closed();
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({
      reason: 'cut',
      notStopped: { code: 'upstream-login-failed' },
    });
    await one.query(`alter user '${one.user}'@'127.0.0.1' identified by '${one.password}'`);
    await expect.poll(() => slow(one), { timeout: 20_000 }).toEqual([]);
    await one.query('delete from shop.written');
    await gateway.close();
  });

  test('the access token of the session has expired since: KILL comes with a new one, or that is on record', async () => {
    const front = await startEntraFront(one);
    const as = (accessToken: string) => ({ user: 'analysts', database: one.database, accessToken });
    const gateway = await startMysqlGateway({
      upstream: { host: 'localhost', port: front.port, tls: { mode: 'verify', ca: front.caPem } },
      login: as('first'),
      worker: true,
    });
    for (const next of ['second', 'none']) {
      front.good.add('first');
      gateway.gatekeeper.logInAs(as('first'));
      const { client, sessionId } = await busy(gateway, one);
      front.good.clear();
      front.good.add('second');
      gateway.gatekeeper.logInAs(as(next));
      gateway.host.cut([sessionId], reason);
      await client.socket.closed();
      expect(lastError(client.received()).message).toBe(reason);
      const end = await gateway.gatekeeper.nextEnd(sessionId);
      if (next === 'second') {
        expect(end).not.toHaveProperty('notStopped');
        expect(await slow(one)).toEqual([]);
        expect(await one.query('select * from shop.written')).toEqual([]);
      } else expect(end).toMatchObject({ notStopped: { code: 'upstream-login-failed' } });
    }
    // The one of the session is the last that is tried.
    expect(front.shown).toEqual(['first', 'second', 'first', 'none', 'first']);
    await expect.poll(() => slow(one), { timeout: 20_000 }).toEqual([]);
    await one.query('delete from shop.written');
    await gateway.close();
    await front.close();
  });

  test('a way to the server that breaks is told to the client in its protocol, and on record', async () => {
    const network = await startSlowNetwork(one.port, 1);
    const gateway = await mysqlGatewayTo(one, { upstream: { port: network.port } });
    const { client, sessionId } = await busy(gateway, one);
    network.break();
    await client.socket.closed();
    expect(lastError(client.received())).toMatchObject({
      number: 1927,
      sqlState: '08S01',
      message: expect.stringMatching(/^The connection to the database server was lost\. Check/) as string,
    });
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({
      reason: 'upstream-lost',
      problem: { code: 'upstream-unreachable' },
    });
    // The server hears of nothing, and does what it was told.
    await expect.poll(() => slow(one), { timeout: 20_000 }).toEqual([]);
    await one.query('delete from shop.written');
    await gateway.close();
    await network.close();
  });

  test('an expired token stops the statement of its own session, and does nothing else', async () => {
    const gateway = await mysqlGatewayTo(one);
    const { client, sessionId } = await busy(gateway, one);
    const stranger = await rawLogin(gateway.port, gateway.token);
    const { authorize } = gateway.gatekeeper;
    gateway.gatekeeper.authorize = async (attempt) => {
      const decision = await authorize(attempt);
      return decision.allow ? { ...decision, onlyKill: [sessionId] } : decision;
    };
    const killer = await rawLogin(gateway.port, gateway.token);
    const say = async (sql: string): Promise<number | undefined> => {
      const [answer] = await killer.command(`\u0003${sql}`, 1);
      return answer?.payload[0] === 0xff ? answer.payload.readUInt16LE(1) : answer?.payload[0];
    };
    expect(await say('select 1')).toBe(1235);
    expect(await say(`KILL ${stranger.greeting.threadId}`)).toBe(1235);
    expect(await say(`KILL QUERY ${client.greeting.threadId}`)).toBe(0);
    await expect.poll(() => slow(one), { timeout: 20_000 }).toEqual([]);
    expect(await one.query('select * from shop.written')).toEqual([]);
    for (const each of [client, stranger, killer]) each.socket.destroy();
    await gateway.close();
  });

  test('another server at the same address is not told to kill its own session of that number', async () => {
    let target = one.port;
    const balancer = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      near.on('error', () => far.destroy()).on('close', () => far.destroy());
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
      near.pipe(far).pipe(near);
    }).listen(0, '127.0.0.1');
    await once(balancer, 'listening');
    const { port } = balancer.address() as AddressInfo;
    const gateway = await startMysqlGateway({
      upstream: { port },
      login: { user: one.user, database: one.database, password: one.password },
    });
    const { client, sessionId } = await busy(gateway, one);
    const [ours] = await slow(one);

    // A session of somebody else on the other server comes to have the same number.
    target = other.port;
    const innocent = await mysqlGatewayTo(other, {
      login: { user: other.user, database: other.database, password: one.password },
    });
    const number = Number(ours?.['id']);
    // Each query has a connection of its own; the first login has two.
    for (let last = 0; last < number - 3;) {
      const [row] = await other.query('select connection_id() as id');
      last = Number(row?.['id']);
    }
    let theirs = await rawLogin(innocent.port, innocent.token);
    const own = async (): Promise<number> => {
      const answer = await theirs.command('\u0003select connection_id()', 4);
      return Number(answer[2]?.payload.toString('latin1', 1));
    };
    while ((await own()) < number) theirs = await rawLogin(innocent.port, innocent.token);
    expect(await own()).toBe(number);

    gateway.host.cut([sessionId], reason);
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({
      notStopped: {
        code: 'upstream-protocol',
        message: expect.stringMatching(/Another database server/) as string,
      },
    });
    const [answer] = await theirs.command('\u000e', 1);
    expect(answer?.payload[0]).toBe(0);
    expect(
      await other.query(`select id from information_schema.processlist where id = ${String(ours?.['id'])}`),
    ).toHaveLength(1);
    await client.socket.closed();
    await gateway.close();
    await innocent.close();
    balancer.close();
    await expect.poll(() => slow(one), { timeout: 20_000 }).toEqual([]);
    await one.query('delete from shop.written');
  });
});
