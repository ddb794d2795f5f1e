import { writeFileSync } from 'node:fs';
import { createConnection } from 'mariadb';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TargetSessionAttrs, UpstreamAddress } from '../../main/gateway/ports.ts';
import { tryHosts } from '../../main/gateway/hosts.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { startFakeUpstream } from '../support/fake-upstream.ts';
import { freePort } from '../support/free-port.ts';
import { type MariadbServer, mariadbParts, patient, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { type TestGateway, startTestGateway } from './fixture.ts';
import { startMysqlGateway } from './mysql/fixture.ts';
import { tedious } from './sqlserver/drivers.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const at = (port: number) => ({ host: '127.0.0.1', port });

/** A relay that has a server be as before version 14, or a pooler: it does not tell at login what it is. */
async function untold(port: number): Promise<number> {
  const told = /in_hot_standby|default_transaction_read_only/g;
  const server = createServer((near) => {
    const far = connectTcp(port, '127.0.0.1');
    const rename = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        done(
          null,
          Buffer.from(
            chunk.toString('latin1').replaceAll(told, (name) => `x${name.slice(1)}`),
            'latin1',
          ),
        );
      },
    });
    far.pipe(rename).pipe(near).pipe(far);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describeWith([parts.postgres], 'several PostgreSQL servers', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let readOnly: PostgresServer;
  beforeAll(async () => {
    [primary, standby, readOnly] = await Promise.all([
      startPostgres(),
      startPostgres(),
      startPostgres({ settings: { default_transaction_read_only: 'on' } }),
    ]);
    for (const server of [primary, standby, readOnly])
      await server.query(`begin read write; create role app login password 'shared'; commit`);
    await standby.crash();
    // A server that finds this file goes on replaying what there is, and is a hot standby.
    writeFileSync(join(dirname(standby.socketDir), 'data', 'standby.signal'), '');
    await standby.restart();
  });
  afterAll(() => Promise.all([primary, standby, readOnly].map((server) => server.close())));

  async function gatewayTo(
    servers: { port: number }[],
    targetSessionAttrs: TargetSessionAttrs,
    more: Partial<UpstreamAddress> = {},
  ): Promise<TestGateway> {
    const [first, ...others] = servers.map(({ port }) => at(port));
    const gateway = await startTestGateway({
      upstream: { port: 0, ...first, alternatives: others, targetSessionAttrs, ...more },
      login: { user: 'app', database: 'postgres', password: 'shared' },
    });
    closing.push(gateway.close);
    return gateway;
  }

  async function connect({ port, user, token }: TestGateway, options = ''): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port, user, database: 'sales', password: token, options });
    client.on('error', () => undefined);
    await client.connect();
    closing.push(() => client.end());
    return client;
  }
  const portOf = async (client: Client): Promise<number> =>
    (await client.query<{ port: number }>('select inet_server_port() as port')).rows[0]?.port ?? 0;

  test.each<[TargetSessionAttrs, (servers: PostgresServer[]) => PostgresServer | undefined]>([
    ['any', ([first]) => first],
    ['primary', () => readOnly],
    ['read-write', () => primary],
    ['standby', () => standby],
    ['read-only', () => standby],
    ['prefer-standby', () => standby],
  ])('%s', async (attrs, expected) => {
    const servers = [standby, readOnly, primary];
    const client = await connect(await gatewayTo(servers, attrs));
    expect(await portOf(client)).toBe(expected(servers)?.port);
  });

  test('servers that do not tell what they are get asked, whatever the search_path of the login (CVE-2025-12819)', async () => {
    await primary.query(
      'create schema evil; create function evil.pg_is_in_recovery() returns boolean language sql as $$ select true $$; grant usage on schema evil to app',
    );
    const servers = [standby, readOnly, primary];
    const relayed = await Promise.all(servers.map(async ({ port }) => ({ port: await untold(port) })));
    for (const [attrs, expected] of [
      ['primary', readOnly],
      ['read-write', primary],
      ['standby', standby],
      ['read-only', standby],
    ] as const) {
      const client = await connect(await gatewayTo(relayed, attrs), '-c search_path=evil,pg_catalog');
      expect([attrs, await portOf(client)]).toEqual([attrs, expected.port]);
    }
  });

  test('where none is preferred, any; where none will do, each says why', async () => {
    const client = await connect(await gatewayTo([primary, readOnly], 'prefer-standby'));
    expect(await portOf(client)).toBe(primary.port);
    await expect(connect(await gatewayTo([standby, readOnly], 'read-write'))).rejects.toMatchObject({
      code: '08001',
      message: expect.stringMatching(
        new RegExp(`None of the 2 .*:${standby.port} is a standby.*:${readOnly.port} is read-only`),
      ) as string,
    });
  });

  test('a server that is gone, or silent, is passed by; a cancel goes to the one that was chosen', async () => {
    const silent = await startFakeUpstream(() => undefined);
    closing.push(silent.close);
    const gateway = await gatewayTo([primary], 'any', {
      ...at(await freePort()),
      alternatives: [at(silent.port), at(primary.port)],
      connectTimeoutMs: 4000,
    });
    const began = performance.now();
    const client = await connect(gateway);
    expect(performance.now() - began).toBeLessThan(6000);
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    expect(await portOf(client)).toBe(primary.port);
    const sleeping = client.query('select pg_sleep(20)').catch((error: { code: string }) => error.code);
    const canceller = await rawSocket(gateway.port);
    const request = Buffer.alloc(16);
    for (const [place, value] of [16, 80_877_102, processID, secretKey].entries())
      request.writeInt32BE(value, place * 4);
    await new Promise((resolve) => setTimeout(resolve, 300));
    canceller.write(request);
    await canceller.closed();
    expect(await sleeping).toBe('57014');
  });

  test('a wrong password is not tried at the next one', async () => {
    const gateway = await startTestGateway({
      upstream: { ...at(primary.port), alternatives: [at(standby.port)] },
      login: { user: 'app', database: 'postgres', password: 'wrong' },
    });
    closing.push(gateway.close);
    await expect(connect(gateway)).rejects.toThrow(`127.0.0.1:${primary.port} refused the login`);
  });
});

describeWith([mariadbParts.server], 'several MariaDB servers', () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server.close());

  test('the first is gone', async () => {
    const gateway = await startMysqlGateway({
      upstream: { ...at(await freePort()), alternatives: [at(server.port)] },
      login: { user: server.user, database: server.database, password: server.password },
    });
    closing.push(gateway.close);
    const { port, user, token: password } = gateway;
    const connection = await createConnection({ ...patient, host: '127.0.0.1', port, user, password });
    expect(await connection.query('select 1 as one')).toMatchObject([{ one: 1 }]);
    await connection.end();
  });
});

test('several SQL Servers: the first is gone', async () => {
  const server = await startTdsServer({ logins: { reporting: 'upstream' } });
  closing.push(server.close);
  const gateway = await startTestGateway({
    listener: { protocol: 'sqlserver' },
    upstream: { ...at(await freePort()), alternatives: [at(server.port)] },
    login: { user: 'reporting', database: 'sales', password: 'upstream' },
  });
  closing.push(gateway.close);
  const { port, user, token: password } = gateway;
  const connection = await tedious({ port, user, password, database: 'sales', encrypt: false });
  await connection.close();
});

describe('the order', () => {
  const address: UpstreamAddress = {
    ...at(1),
    alternatives: [at(2), at(3)],
    tls: { mode: 'off' },
    allowedMethods: [],
    connectTimeoutMs: 9000,
  };
  const { signal } = new AbortController();

  test('stops at a server that does not prove who it is', async () => {
    const asked: number[] = [];
    await expect(
      tryHosts(address, signal, async ({ port }) => {
        asked.push(port);
        throw new LatchkeyError('upstream-tls-failed', 'somebody else');
      }),
    ).rejects.toThrow('somebody else');
    expect(asked).toEqual([1]);
  });

  test('shares the time, and leaves what one has not used to the others', async () => {
    const times: number[] = [];
    // A busy machine takes some of the time between two attempts.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    await expect(
      tryHosts(address, signal, async ({ connectTimeoutMs, port }) => {
        times.push(Math.round(connectTimeoutMs));
        throw new LatchkeyError('upstream-unreachable', `No ${port}.`);
      }),
    ).rejects.toThrow('None of the 3 database servers can be used. No 1. No 2. No 3.');
    expect(times).toEqual([3000, 4500, 9000]);
  });
});
