import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { Client } from 'pg';
import { startPostgres } from '../support/postgres.ts';
import { gatewayTo } from '../gateway/fixture.ts';

/**
 * What a crowd of bad clients does to a good one, and what many logins leave behind. The crowd is another process.
 * `node tests/bench/crowd.ts [sockets]`
 */
const sockets = Number(process.argv[2] ?? 10_000);
const cycles = 2000;

const server = await startPostgres();
const gateway = await gatewayTo(server);
const settings = {
  host: '127.0.0.1',
  port: gateway.port,
  user: 'ann',
  database: 'sales',
  password: gateway.token,
};
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function logIn(): Promise<number> {
  const client = new Client(settings);
  client.on('error', () => undefined);
  const started = performance.now();
  await client.connect();
  const took = performance.now() - started;
  await client.query('select 1');
  await client.end();
  return took;
}
async function logins(count: number): Promise<string> {
  const times: number[] = [];
  for (let done = 0; done < count; done += 1) times.push(await logIn());
  times.sort((left, right) => left - right);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
const residentMiB = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** Opens the sockets, says so, and then says when the last of them has been closed by the gateway. */
function crowd(bytes: string, drip: boolean): { closed: Promise<unknown>; line(): Promise<string> } {
  const script = `
    const { connect } = require('node:net');
    const bytes = Buffer.from('${bytes}', 'hex');
    let open = 0, closed = 0, longest = 0;
    const next = () => {
      if (open === ${sockets}) return;
      open += 1;
      if (open === ${sockets}) console.log('open');
      const started = performance.now();
      let following = false;
      const follow = () => { if (!following) { following = true; next(); } };
      const socket = connect(${gateway.port}, '127.0.0.1', () => { socket.write(bytes); follow(); });
      const timer = ${drip} && setInterval(() => socket.write(Buffer.alloc(1)), 1000);
      socket.on('error', follow).resume().on('end', () => socket.end()).on('close', () => {
        clearInterval(timer);
        longest = Math.max(longest, performance.now() - started);
        closed += 1;
        if (closed === ${sockets}) console.log((longest / 1000).toFixed(1) + ' s');
      });
    };
    for (let i = 0; i < 50; i += 1) next();`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let wake = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.trim().split('\n'));
    wake();
  });
  return {
    closed: once(child, 'close'),
    async line() {
      while (lines.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return lines.shift() ?? '';
    },
  };
}

try {
  print(`a good client alone: ${await logins(100)}`);
  for (const [title, bytes, drip] of [
    [`${sockets} sockets that say nothing`, '', false],
    [`${sockets} sockets that send 0000004000030000 and then drip`, '0000004000030000', true],
  ] as const) {
    const before = residentMiB();
    const { closed, line } = crowd(bytes, drip);
    const during: Promise<string> = logins(100);
    await line();
    const text = await during;
    const growth = residentMiB() - before;
    print(
      `${title}: the good client ${text}; memory ${growth.toFixed(0)} MiB more; the longest stayed ${await line()}`,
    );
    await closed;
  }
  await logins(200);
  const before = { memory: residentMiB(), descriptors: descriptors() };
  await logins(cycles);
  print(
    `${cycles} connects, queries and closes: ${(residentMiB() - before.memory).toFixed(1)} MiB more (client included), ` +
      `${descriptors() - before.descriptors} descriptors more`,
  );
  if (gateway.log.length > 0) print(gateway.log.join('\n'));
} finally {
  await gateway.close();
  await server.close();
}
