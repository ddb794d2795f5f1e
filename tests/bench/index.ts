import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { Client } from 'pg';
import { createLatchkey, startWorld, storeFirst, type Latchkey, type World } from '../support/latchkey.ts';
import { type MariadbServer, startMariadb } from '../support/mariadb.ts';
import { parts } from '../support/parts.ts';
import { mysqlKinds, slap } from './mysql.ts';
import {
  haproxy,
  processorSeconds,
  socat,
  startPlainProxies,
  startSessionPooler,
  throughProxies,
} from './proxies.ts';
import { pgbouncerPart } from '../support/pgbouncer.ts';
import { reconnect } from './reconnect.ts';
import { findFacts, writeReport } from './report.ts';
import { interleaved, type Kind, type Way } from './rounds.ts';
import { startReport } from './start.ts';

/**
 * What Latchkey costs, measured on `latchkey serve` as people start it: built, with a signed-in person of the local
 * tenant, a real token, the audit and the look-up of the client's program. Beside it, in the same rounds: no proxy at
 * all, PgBouncer, HAProxy and socat. Only the ratios mean anything, and only on a machine that does nothing else.
 *
 * `npm run bench [-- --quick] [--only postgresql|mysql|start] [--kind TEXT] [--idle] [--beside CHECKOUT] [--json FILE] [--docs]`;
 * `--kind` measures only what has this text in its title, `--beside` another built checkout in the same rounds, and
 * `--docs` puts the figures into docs/BENCHMARKS.md.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    kind: { type: 'string', default: '' },
    idle: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    beside: { type: 'string' },
    json: { type: 'string' },
  },
});
const seconds = options.quick ? 1 : 3;
const rounds = options.quick ? 3 : 5;
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
const ada = 'ada@fabrikam.example';
const { dataAnalysts } = fabrikam.groups;

const shopPassword = randomBytes(12).toString('hex');
const world = await startWorld({ max_connections: '300' });
const shop = options.only === 'postgresql' || options.only === 'start' ? undefined : await startShop();
const closers: (() => unknown)[] = [
  () => rmSync(folder, { recursive: true }),
  () => shop?.close(),
  () => world.close(),
];

async function startShop(): Promise<MariadbServer> {
  const server = await startMariadb({ settings: { 'max-connections': '300' } });
  await server.query(`create user shop_owner@'127.0.0.1' identified by '${shopPassword}'`);
  await server.query(`grant all on ${server.database}.* to shop_owner@'127.0.0.1'`);
  return server;
}

async function startBuilt(checkout: string): Promise<Latchkey> {
  const latchkey = await createLatchkey(world, {
    program: join(checkout, 'dist/main/latchkey.js'),
    async configure(configuration) {
      const [sales] = configuration.connections;
      if (sales === undefined) throw new Error('the test configuration has no connection');
      const rule = (role: string, stored: string) => ({
        group: dataAnalysts,
        role,
        password: { stored },
        tokenLifetime: undefined,
      });
      const common = { askForPrograms: 'never', maxSessions: 250 };
      Object.assign(sales, common, { rules: [rule('sales_owner', 'sales-owner')] });
      if (shop === undefined) return;
      const upstream = { host: '127.0.0.1', port: shop.port, database: shop.database, tls: { mode: 'off' } };
      configuration.connections.push({
        ...common,
        name: 'shop',
        protocol: 'mysql',
        port: await freePort(),
        upstream,
        rules: [rule('shop_owner', 'shop-owner')],
      } as (typeof configuration.connections)[number]);
    },
  });
  closers.push(() => latchkey.close());
  if (shop !== undefined) await storeFirst(latchkey, 'shop-owner', shopPassword);
  await latchkey.signIn(ada);
  return latchkey;
}

async function latchkeyWays(connection: string): Promise<Way[]> {
  return Promise.all(
    brokers.map(async ([name, latchkey]) => {
      const { host, port, username, database, token } = await latchkey.token(connection);
      const pid = latchkey.serve.process().pid ?? 0;
      return {
        name,
        host,
        port,
        user: username,
        password: token,
        database,
        processor: () => processorSeconds(pid),
      };
    }),
  );
}

async function proxyWays(
  login: Way,
  port: number,
  more: Awaited<ReturnType<typeof startPlainProxies>> = [],
): Promise<Way[]> {
  const proxies = [...more, ...(await startPlainProxies(port))];
  closers.push(...proxies.map(({ close }) => close));
  return throughProxies(login, proxies);
}

async function postgresql({ postgres, passwords }: World): Promise<Kind[]> {
  const login = { user: 'sales_owner', password: passwords['sales-owner'], database: 'sales' };
  const direct = { ...login, name: 'direct', host: '127.0.0.1', port: postgres.port };
  const environment = (way: Way, sslmode: string): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    PGHOST: way.host,
    PGPORT: String(way.port),
    PGUSER: way.user,
    PGPASSWORD: way.password,
    PGDATABASE: way.database,
    PGSSLMODE: sslmode,
  });
  const pgbench = async (way: Way, sslmode: string, ...more: string[]): Promise<number> => {
    const args = ['-n', '-T', String(seconds), ...more];
    const { stdout } = await run(parts.pgbench.path ?? 'pgbench', args, { env: environment(way, sslmode) });
    return Number(/^tps = ([0-9.]+)/m.exec(stdout)?.[1] ?? Number.NaN);
  };
  await run(parts.pgbench.path ?? 'pgbench', ['-i', '-q', '-s', '1'], {
    env: environment(direct, 'disable'),
  });
  const nothing = join(folder, 'login.sql');
  writeFileSync(nothing, 'select 1;\n');
  const megabytes = 200;
  const copy = `copy (select repeat('x', 99) from generate_series(1, ${megabytes * 10_000})) to stdout`;
  const proxies = await proxyWays(direct, postgres.port, await startSessionPooler(postgres, login));
  const ours = await latchkeyWays('sales');
  const ways = [direct, ...ours, ...proxies];
  const select =
    (clients: number, sslmode = 'disable') =>
    (way: Way) =>
      pgbench(way, sslmode, '-S', '-M', 'prepared', '-c', String(clients), '-j', clients === 1 ? '1' : '2');
  const logIn =
    (clients: number, sslmode = 'disable') =>
    (way: Way) =>
      pgbench(way, sslmode, '-C', '-f', nothing, '-c', String(clients), '-j', clients === 1 ? '1' : '2');
  const encrypted = [direct, ...ours];
  return [
    { title: 'PostgreSQL select, 1 client', unit: 'each second', ways, measure: select(1) },
    { title: 'PostgreSQL select, 8 clients', unit: 'each second', ways, measure: select(8) },
    { title: 'PostgreSQL select, 32 clients', unit: 'each second', ways, measure: select(32) },
    {
      title: 'PostgreSQL select, 8 clients, default TLS',
      unit: 'each second',
      ways: encrypted,
      measure: select(8, 'prefer'),
    },
    { title: 'PostgreSQL log in, 1 at a time', unit: 'each second', ways, measure: logIn(1) },
    { title: 'PostgreSQL log in, 8 at a time', unit: 'each second', ways, measure: logIn(8) },
    {
      title: 'PostgreSQL log in, 1 at a time, default TLS',
      unit: 'each second',
      ways: encrypted,
      measure: logIn(1, 'prefer'),
    },
    {
      title: 'PostgreSQL log in, 40 that reconnect',
      unit: 'each second',
      ways,
      measure: (way) => reconnect(way, 40, seconds),
    },
    {
      title: 'PostgreSQL COPY out',
      unit: 'MB/s',
      ways,
      async measure(way) {
        const began = performance.now();
        const command = `${parts.psql.path} -X -c "${copy}" > /dev/null`;
        await run('/bin/sh', ['-c', command], { env: environment(way, 'disable') });
        return (megabytes * 1000) / (performance.now() - began);
      },
    },
  ];
}

/** What a start costs, what a broker with a signed-in person holds, and with `--idle` what it does in a minute of nothing with 200 sessions. */
async function starting() {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const running = brokers[0]?.[1];
  if (running === undefined) throw new Error('nothing has been started');
  const started = await createLatchkey(world, {
    program: running.program,
    keyFile: true,
    started: false,
  });
  closers.push(() => started.close());
  const openSessions = async (): Promise<number> => {
    const token = await running.token('sales');
    const sessions: Client[] = [];
    for (let count = 0; count < 200; count += 1) {
      const { host, port, username: user, token: password, database } = token;
      const client = new Client({ host, port, user, password, database });
      await client.connect();
      sessions.push(client);
    }
    closers.push(() => Promise.all(sessions.map((client) => client.end())));
    return sessions.length;
  };
  const idle = options.idle ? openSessions : undefined;
  return startReport({ running, started, rounds: options.quick ? 5 : 15, idle }, print);
}

const brokers: [string, Latchkey][] = [];
try {
  const here = resolve(import.meta.dirname, '../..');
  brokers.push(['Latchkey', await startBuilt(here)]);
  if (options.beside !== undefined)
    brokers.push(['Latchkey beside', await startBuilt(resolve(options.beside))]);
  const kinds = options.only === 'mysql' || options.only === 'start' ? [] : await postgresql(world);
  if (shop !== undefined) {
    const ways = async (direct: Way) => [
      ...(await latchkeyWays('shop')),
      ...(await proxyWays(direct, direct.port)),
    ];
    kinds.push(...(await mysqlKinds({ server: shop, password: shopPassword, seconds, folder, ways })));
  }
  const wanted = kinds.filter(({ title }) => title.includes(options.kind));
  const results = await interleaved(wanted, rounds, (line) => process.stdout.write(`${line}\n`));
  const start = options.only === undefined || options.only === 'start' ? await starting() : undefined;
  const facts = findFacts(seconds, rounds, [
    [parts.pgbench.path, '--version'],
    [pgbouncerPart.path, '--version'],
    [haproxy.path, '-v'],
    [socat.path, '-V'],
    [slap.path, '--version'],
  ]);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ ...facts, results, start }, undefined, 2)}\n`);
  if (options.docs) writeReport(join(here, 'docs'), facts, results, start);
} finally {
  for (const close of closers.toReversed()) await close();
}
