import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { program } from '../support/parts.ts';
import { pgbouncerPart, startPgbouncer } from '../support/pgbouncer.ts';
import { portAnswers } from '../support/port-answers.ts';
import type { PostgresServer } from '../support/postgres.ts';
import type { Way } from './rounds.ts';

/** A proxy in front of a database, in a process of its own. */
export interface Proxy {
  name: string;
  port: number;
  pid: number;
  close(): unknown;
}

export const haproxy = program('haproxy', 'install the package haproxy', ['/usr/sbin']);
export const socat = program('socat', 'install the package socat');

/** Those that pass bytes on to any database; one that the machine lacks is left out, and named. */
export async function startPlainProxies(upstreamPort: number): Promise<Proxy[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const proxies: Proxy[] = [];
  if (found(haproxy)) {
    const port = await freePort();
    const file = join(folder, 'haproxy.cfg');
    const defaults = 'mode tcp\n timeout connect 5s\n timeout client 1h\n timeout server 1h';
    writeFileSync(
      file,
      `global\n maxconn 2000\ndefaults\n ${defaults}\nlisten database\n bind 127.0.0.1:${port}\n server one 127.0.0.1:${upstreamPort}\n`,
    );
    proxies.push(
      await started('haproxy', port, spawn(haproxy.path ?? '', ['-db', '-f', file], quiet), folder),
    );
  }
  if (found(socat)) {
    const port = await freePort();
    const addresses = [
      `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=256`,
      `TCP:127.0.0.1:${upstreamPort},nodelay`,
    ];
    proxies.push(await started('socat', port, spawn(socat.path ?? '', addresses, quiet), folder));
  }
  return proxies;
}

/** PgBouncer with session pooling, which is the only one of its modes that a session cannot tell from its own. */
export async function startSessionPooler(
  server: PostgresServer,
  login: { user: string; password: string; database: string },
): Promise<Proxy[]> {
  if (!found(pgbouncerPart)) return [];
  const more = [
    'max_client_conn = 500',
    'default_pool_size = 200',
    'ignore_startup_parameters = extra_float_digits',
  ];
  const { database } = login;
  return [{ name: 'pgbouncer', ...(await startPgbouncer(server, 'session', { login, database, more })) }];
}

const quiet = { stdio: 'ignore' as const };

function found(part: ReturnType<typeof program>): boolean {
  if (part.path === undefined) process.stderr.write(`${part.name} is not measured: ${part.remedy}\n`);
  return part.path !== undefined;
}

async function started(name: string, port: number, child: ChildProcess, folder: string): Promise<Proxy> {
  const close = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', close);
  await portAnswers(port, () => (child.exitCode === null ? undefined : `${name} does not start`));
  return { name, port, pid: child.pid ?? 0, close };
}

/**
 * Seconds of processor that a process and its children have taken, those that have ended among them
 * (proc(5), /proc/pid/stat, fields 14 to 17; a hundred ticks a second). Linux only.
 */
export function processorSeconds(pid: number): number {
  let ticks = 0;
  const parents = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statFields(Number(entry));
    if (fields !== undefined)
      parents.set(Number(fields[1]), [...(parents.get(Number(fields[1])) ?? []), Number(entry)]);
  }
  const add = (id: number): void => {
    const fields = statFields(id);
    if (fields === undefined) return;
    for (const field of fields.slice(11, 15)) ticks += Number(field);
    for (const child of parents.get(id) ?? []) add(child);
  };
  add(pid);
  return ticks / 100;
}

/** The fields behind the program's name, which may hold blanks and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** The way of `login` through each of them. */
export function throughProxies(login: Way, proxies: Proxy[]): Way[] {
  return proxies.map(({ name, port, pid }) => ({
    ...login,
    name,
    port,
    processor: () => processorSeconds(pid),
  }));
}
