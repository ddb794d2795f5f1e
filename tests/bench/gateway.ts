import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { startGatewayHost } from '../../main/gateway/host.ts';
import type { UpstreamAddress } from '../../main/gateway/ports.ts';
import { freePort } from '../support/free-port.ts';
import { createTestGatekeeper } from '../support/gatekeeper.ts';
import { parts } from '../support/parts.ts';
import { startPostgres } from '../support/postgres.ts';

/**
 * What the gateway costs against no gateway and against the barest pipe that Node can do, in one run and in
 * interleaved rounds: only the ratios mean anything. `node tests/bench/gateway.ts [seconds per measurement]`
 */
const seconds = Number(process.argv[2] ?? 2);
const rounds = 2;
const run = promisify(execFile);
const token = 'lk_benchmark_token';

interface Way {
  name: string;
  port: number;
  password: string;
}

/** A pipe with nothing in front: what any proxy in Node pays at least. In a thread of its own, as the gateway is. */
const barePipe = `
const { workerData, parentPort } = require('node:worker_threads');
const { connect, createServer } = require('node:net');
createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
  const far = connect({ port: workerData.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  near.on('error', () => far.destroy()).pipe(far).on('error', () => near.destroy()).pipe(near);
}).listen(workerData.listen, '127.0.0.1', () => parentPort.postMessage('listening'));
`;

const server = await startPostgres({ tls: true, settings: { max_connections: '200' } });
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
const pipe = new Worker(barePipe, { eval: true, workerData: { port: server.port, listen: pipePort } });

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
  return { name, port, password: token };
}

async function pgbench(way: Way, clients: number, options: string[], script?: string): Promise<number> {
  const what = script === undefined ? ['-S'] : ['-f', script];
  const { stdout } = await run(
    parts.pgbench.path ?? 'pgbench',
    [
      '-n',
      '-M',
      script === undefined ? 'prepared' : 'simple',
      ...what,
      '-c',
      String(clients),
      '-T',
      String(seconds),
      ...options,
      'postgres',
    ],
    {
      env: {
        ...process.env,
        PGHOST: '127.0.0.1',
        PGPORT: String(way.port),
        PGUSER: 'postgres',
        PGPASSWORD: way.password,
      },
    },
  );
  return Number(/^tps = ([0-9.]+)/m.exec(stdout)?.[1]);
}

/** Megabytes each second of COPY to a client that throws them away. */
async function bulk(way: Way): Promise<number> {
  const started = performance.now();
  const megabytes = 200;
  const sql = `copy (select repeat('x', 99) from generate_series(1, ${megabytes * 10_000})) to stdout`;
  const psql = `${parts.psql.path} -h 127.0.0.1 -p ${way.port} -U postgres -d postgres -c "${sql}" > /dev/null`;
  await run('/bin/sh', ['-c', psql], { env: { ...process.env, PGPASSWORD: way.password } });
  return megabytes / ((performance.now() - started) / 1000);
}

try {
  await run(parts.pgbench.path ?? 'pgbench', ['-i', '-q', '-s', '1', 'postgres'], {
    env: {
      ...process.env,
      PGHOST: '127.0.0.1',
      PGPORT: String(server.port),
      PGUSER: 'postgres',
      PGPASSWORD: server.password,
    },
  });
  const verified = { mode: 'verify' as const, ...(server.caPem === undefined ? {} : { ca: server.caPem }) };
  const direct: Way = { name: 'direct', port: server.port, password: server.password };
  const ways: Way[] = [
    direct,
    { name: 'bare Node pipe', port: pipePort, password: server.password },
    await openGateway('gateway', 'scram-sha-256', { mode: 'off' }),
    await openGateway('gateway, TLS upstream', 'scram-sha-256', verified),
  ];
  const empty = join(folder, 'empty.sql');
  writeFileSync(empty, 'select 1;\n');
  const measurements: { title: string; unit: string; measure(way: Way): Promise<number> }[] = [
    { title: 'pgbench -S, 1 client', unit: 'tps', measure: (way) => pgbench(way, 1, ['-j', '1']) },
    { title: 'pgbench -S, 8 clients', unit: 'tps', measure: (way) => pgbench(way, 8, ['-j', '2']) },
    { title: 'pgbench -S, 32 clients', unit: 'tps', measure: (way) => pgbench(way, 32, ['-j', '2']) },
    { title: 'connect and log in (-C)', unit: 'logins/s', measure: (way) => pgbench(way, 1, ['-C'], empty) },
    { title: 'COPY to client', unit: 'MB/s', measure: bulk },
  ];
  for (const { title, unit, measure } of measurements) {
    const best = new Map<string, number>();
    for (let round = 0; round < rounds; round += 1) {
      for (const way of ways) best.set(way.name, Math.max(best.get(way.name) ?? 0, await measure(way)));
    }
    const base = best.get(direct.name) ?? Number.NaN;
    const figures = ways.map(({ name }) => {
      const value = best.get(name) ?? Number.NaN;
      return `${name} ${value.toFixed(0)} (${(value / base).toFixed(2)})`;
    });
    process.stdout.write(`${title} [${unit}]: ${figures.join(' | ')}\n`);
  }
} finally {
  await gateway.close();
  await pipe.terminate();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
