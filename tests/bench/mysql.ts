import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MariadbServer } from '../support/mariadb.ts';
import { program } from '../support/parts.ts';
import type { Kind, Way } from './rounds.ts';

const run = promisify(execFile);
const sysbench = program('sysbench', 'install the package sysbench');
export const slap = program('mariadb-slap', 'install the package mariadb-client');

/**
 * Point selects by sysbench, logins by mariadb-slap.
 * @param folder for files that nobody else reads
 * @param ways other than straight to the server, given that one
 */
export async function mysqlKinds(given: {
  server: MariadbServer;
  password: string;
  seconds: number;
  folder: string;
  ways(direct: Way): Promise<Way[]>;
}): Promise<Kind[]> {
  const { server, seconds, folder } = given;
  if (sysbench.path === undefined) throw new Error(sysbench.remedy);
  const { database, port } = server;
  const direct = {
    name: 'direct',
    host: '127.0.0.1',
    port,
    user: 'shop_owner',
    password: given.password,
    database,
  };
  const point = async (way: Way, threads: number, step: string): Promise<number> => {
    // The password would stand in the command line: a file of the bench's own holds it.
    const file = join(folder, `sysbench-${way.name.replaceAll(' ', '-')}`);
    const lines = [
      `mysql-host=${way.host}`,
      `mysql-port=${way.port}`,
      `mysql-user=${way.user}`,
      `mysql-password=${way.password}`,
      `mysql-db=${way.database}`,
      `threads=${threads}`,
      `time=${seconds}`,
      'table-size=10000',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const args = [`--config-file=${file}`, 'oltp_point_select', step];
    const { stdout } = await run(sysbench.path ?? '', args).catch(
      (error: { stdout?: string; stderr?: string }) => {
        throw new Error(`${way.name}: ${error.stdout ?? ''}${error.stderr ?? ''}`);
      },
    );
    return Number(/queries:\s+\d+\s+\(([0-9.]+) per sec/.exec(stdout)?.[1] ?? Number.NaN);
  };
  /** A connection of its own for each of so many queries. */
  const logIn = async ({ host, port: at, user, password, database: schema }: Way): Promise<number> => {
    const logins = seconds * 50;
    const began = performance.now();
    await run(
      slap.path ?? '',
      [
        '--no-defaults',
        // Without it the client reads all certificates of the system for each login: 40 ms, and not ours.
        '--skip-ssl',
        `--host=${host}`,
        `--port=${at}`,
        `--user=${user}`,
        `--create-schema=${schema}`,
        '--no-drop',
        '--query=select 1',
        '--concurrency=1',
        '--detach=1',
        `--number-of-queries=${logins}`,
      ],
      { env: { PATH: process.env['PATH'], MYSQL_PWD: password } },
    );
    return (logins * 1000) / (performance.now() - began);
  };
  await point(direct, 1, 'prepare');
  const ways = [direct, ...(await given.ways(direct))];
  const select = (threads: number) => (way: Way) => point(way, threads, 'run');
  return [
    { title: 'MySQL point select, 1 client', unit: 'each second', ways, measure: select(1) },
    { title: 'MySQL point select, 8 clients', unit: 'each second', ways, measure: select(8) },
    {
      title: 'MySQL log in, 1 at a time',
      unit: 'each second',
      ways,
      measure: logIn,
    },
  ];
}
