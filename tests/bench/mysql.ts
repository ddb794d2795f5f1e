import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startMysqlGateway } from '../gateway/mysql/fixture.ts';
import { freePort } from '../support/free-port.ts';
import { mariadbParts, startMariadb } from '../support/mariadb.ts';
import { program } from '../support/parts.ts';
import { compare, startBarePipe } from './compare.ts';

/**
 * What the MySQL gateway costs, measured with mariadb-slap and the mariadb command line in front of a real MariaDB:
 * `node tests/bench/mysql.ts [queries for each client]`. See {@link compare} for how to read it.
 */
const queries = Number(process.argv[2] ?? 4000);
const run = promisify(execFile);
const slap = program('mariadb-slap', 'install the package mariadb-client').path ?? 'mariadb-slap';

interface Way {
  name: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

const server = await startMariadb();
const login = { user: server.user, password: server.password, database: server.database };
const gateway = await startMysqlGateway({ upstream: { port: server.port }, login, worker: true });
const pipePort = await freePort();
const pipe = await startBarePipe(server.port, pipePort);
const { user, password, database } = server;
const ways: Way[] = [
  { name: 'direct', port: server.port, user, password, database },
  { name: 'bare Node pipe', port: pipePort, user, password, database },
  {
    name: 'gateway',
    port: gateway.port,
    user: gateway.user,
    password: gateway.token,
    database: gateway.database,
  },
];

const options = ({ port, user: name }: Way): string[] => [
  '--no-defaults',
  '--host=127.0.0.1',
  `--port=${port}`,
  `--user=${name}`,
];
const environment = (way: Way): NodeJS.ProcessEnv => ({ ...process.env, MYSQL_PWD: way.password });

/** Queries each second; with `detach` each has a connection of its own. */
async function slapped(way: Way, clients: number, count: number, detach = 0): Promise<number> {
  const started = performance.now();
  const own = [`--concurrency=${clients}`, `--number-of-queries=${count}`, '--query=select 1', '--no-drop'];
  await run(
    slap,
    [...options(way), ...own, ...(detach === 0 ? [] : [`--detach=${detach}`]), '--create-schema=mysql'],
    {
      env: environment(way),
    },
  );
  return count / ((performance.now() - started) / 1000);
}

/** Megabytes each second of rows to a client that throws them away. */
async function bulk(way: Way): Promise<number> {
  const megabytes = 100;
  const started = performance.now();
  const sql = `select repeat('x', 99) from seq_1_to_${megabytes * 10_000}`;
  const command = [
    mariadbParts.client.path,
    ...options(way),
    '-N',
    '-B',
    '-q',
    '-e',
    `"${sql}"`,
    way.database,
  ].join(' ');
  await run('/bin/sh', ['-c', `${command} > /dev/null`], { env: environment(way) });
  return megabytes / ((performance.now() - started) / 1000);
}

try {
  const measured = (title: string, unit: string, measure: (way: Way) => Promise<number>) => ({
    title,
    unit,
    ways: ways.map((way) => ({ name: way.name, measure: () => measure(way) })),
  });
  await compare(
    [
      measured('select 1, 1 client', 'queries/s', (way) => slapped(way, 1, queries * 4)),
      measured('select 1, 8 clients', 'queries/s', (way) => slapped(way, 8, queries * 8)),
      measured('select 1, 32 clients', 'queries/s', (way) => slapped(way, 32, queries * 8)),
      measured('log in', 'logins/s', (way) => slapped(way, 1, 500, 1)),
      measured('rows to client', 'MB/s', bulk),
    ],
    3,
  );
} finally {
  await gateway.close();
  await pipe.terminate();
  await server.close();
}
