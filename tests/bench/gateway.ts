import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startGatewayHost } from '../../main/gateway/host.ts';
import type { UpstreamAddress } from '../../main/gateway/ports.ts';
import { freePort } from '../support/free-port.ts';
import { createTestGatekeeper } from '../support/gatekeeper.ts';
import { parts } from '../support/parts.ts';
import { startPostgres } from '../support/postgres.ts';
import { compare, startBarePipe, type Measured } from './compare.ts';

/**
 * What the gateway costs against no gateway and against the barest pipe that Node can do, in one run, the best of
 * interleaved rounds: only the ratios mean anything, and only on a machine that does nothing else.
 * `node tests/bench/gateway.ts [seconds per measurement]`
 */
const seconds = Number(process.argv[2] ?? 1);
const rounds = 2;
const run = promisify(execFile);
const token = 'lk_benchmark_token';

interface Way {
  name: string;
  port: number;
  /** `bench` is trusted by the server, so that logging in takes nothing from what a run measures; `postgres` is not. */
  user: 'bench' | 'postgres';
  password: string;
}

const server = await startPostgres({
  tls: true,
  settings: { max_connections: '200' },
  hba: ['host all bench all trust'],
});
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
const scram = { salt: randomBytes(16), iterations: 4096 };
const gatekeeper = await createTestGatekeeper(token, scram, {
  user: server.superuser,
  database: 'postgres',
  password: server.password,
});
const gateway = await startGatewayHost({
  gatekeeper,
  scram,
  log: (line) => process.stderr.write(`${line}\n`),
});
const pipePort = await freePort();
const pipe = await startBarePipe(server.port, pipePort);

async function openGateway(
  name: string,
  clientAuth: 'scram-sha-256' | 'password',
  tls: UpstreamAddress['tls'],
) {
  const port = await freePort();
  const failures = await gateway.open([
    {
      connection: name,
      protocol: 'postgresql',
      host: '127.0.0.1',
      port,
      clientAuth,
      databases: ['postgres'],
      maxSessions: 100,
      upstream: { host: '127.0.0.1', port: server.port, tls, allowedMethods: [], connectTimeoutMs: 5000 },
    },
  ]);
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return { name, port, user: 'postgres' as const, password: token };
}

const environment = ({ port, user, password }: Omit<Way, 'name'>): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  PGHOST: '127.0.0.1',
  PGPORT: String(port),
  PGUSER: user,
  PGPASSWORD: password,
  PGDATABASE: 'postgres',
});

async function pgbench(way: Way, ...options: string[]): Promise<number> {
  const program = parts.pgbench.path ?? 'pgbench';
  const { stdout } = await run(program, ['-n', '-T', String(seconds), ...options], { env: environment(way) });
  return Number(/^tps = ([0-9.]+)/m.exec(stdout)?.[1] ?? 0);
}

/** Megabytes each second of COPY to a client that throws them away. */
async function bulk(way: Way): Promise<number> {
  const started = performance.now();
  const megabytes = 200;
  const sql = `copy (select repeat('x', 99) from generate_series(1, ${megabytes * 10_000})) to stdout`;
  await run('/bin/sh', ['-c', `${parts.psql.path} -c "${sql}" > /dev/null`], { env: environment(way) });
  return megabytes / ((performance.now() - started) / 1000);
}

try {
  const { port, password } = server;
  await server.query('create role bench login; grant pg_read_all_data to bench');
  await run(parts.pgbench.path ?? 'pgbench', ['-i', '-q', '-s', '1'], {
    env: environment({ port, user: 'postgres', password }),
  });
  const off = { mode: 'off' as const };
  const verified = { mode: 'verify' as const, ...(server.caPem === undefined ? {} : { ca: server.caPem }) };
  const trusted: Way[] = [
    { name: 'direct', port, user: 'bench', password },
    { name: 'bare Node pipe', port: pipePort, user: 'bench', password },
    await openGateway('gateway', 'password', off),
    await openGateway('gateway, TLS upstream', 'password', verified),
  ];
  const proven: Way[] = [
    { name: 'direct', port, user: 'postgres', password },
    { name: 'bare Node pipe', port: pipePort, user: 'postgres', password },
    await openGateway('gateway', 'scram-sha-256', off),
    await openGateway('gateway, cleartext token', 'password', off),
    await openGateway('gateway, TLS upstream', 'scram-sha-256', verified),
  ];
  const script = join(folder, 'login.sql');
  writeFileSync(script, 'select 1;\n');
  const select = (clients: number) => (way: Way) =>
    pgbench(way, '-S', '-M', 'prepared', '-c', String(clients), '-j', clients === 1 ? '1' : '2');
  const measured = (
    title: string,
    unit: string,
    ways: Way[],
    measure: (way: Way) => Promise<number>,
  ): Measured => ({
    title,
    unit,
    ways: ways.map((way) => ({ name: way.name, measure: () => measure(way) })),
  });
  await compare(
    [
      measured('pgbench -S, 1 client', 'tps', trusted, select(1)),
      measured('pgbench -S, 8 clients', 'tps', trusted, select(8)),
      measured('pgbench -S, 32 clients', 'tps', trusted, select(32)),
      measured('log in (pgbench -C)', 'logins/s', proven, (way) => pgbench(way, '-C', '-f', script)),
      measured('COPY to client', 'MB/s', trusted, bulk),
    ],
    rounds,
  );
} finally {
  await gateway.close();
  await pipe.terminate();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
