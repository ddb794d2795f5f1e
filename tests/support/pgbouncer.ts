import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { program } from './parts.ts';
import { portAnswers } from './port-answers.ts';
import type { PostgresServer } from './postgres.ts';

export const pgbouncerPart = program('pgbouncer', 'install the package pgbouncer', ['/usr/sbin']);

export interface Pgbouncer {
  port: number;
  pid: number;
  close(): Promise<void>;
}

export interface PgbouncerOptions {
  /** Who may log in; the server's superuser by default. */
  login?: { user: string; password: string };
  /** `postgres` by default. */
  database?: string;
  /** Further lines of its settings. */
  more?: string[];
  /**
   * In front of a gateway, which lets in nobody but its own user: as root it then runs as that in a namespace where root
   * has another number.
   */
  asOwnUser?: boolean;
}

/** A real PgBouncer in front of the server. */
export async function startPgbouncer(
  server: PostgresServer,
  poolMode: 'session' | 'transaction',
  { login, database = 'postgres', more = [], asOwnUser = false }: PgbouncerOptions = {},
): Promise<Pgbouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bouncer-'));
  const port = await freePort();
  // As root it would refuse to run; the server's own account is at hand.
  const isRoot = process.getuid?.() === 0;
  const { uid, gid } = asOwnUser ? { uid: 0, gid: 0 } : statSync(server.socketDir);
  const { user, password } = login ?? { user: server.superuser, password: server.password };
  const users = join(folder, 'users');
  const settings = join(folder, 'pgbouncer.ini');
  writeFileSync(users, `"${user}" "${password}"\n`);
  writeFileSync(
    settings,
    [
      '[databases]',
      `${database} = host=127.0.0.1 port=${server.port}`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =`,
      `auth_type = scram-sha-256\nauth_file = ${users}`,
      `pool_mode = ${poolMode}`,
      ...more,
      '',
    ].join('\n'),
  );
  if (isRoot) for (const path of [folder, users, settings]) chownSync(path, uid, gid);
  chmodSync(folder, 0o700);
  const renamed = isRoot && asOwnUser ? ['unshare', '--user', '--map-user=1000'] : [];
  const [command = '', ...parameters] = [...renamed, pgbouncerPart.path ?? '', settings];
  const child = spawn(command, parameters, { stdio: 'ignore', ...(isRoot ? { uid, gid } : {}) });
  const ended = once(child, 'exit');
  await portAnswers(port, () => (child.exitCode === null ? undefined : 'pgbouncer does not start'));
  return {
    port,
    pid: child.pid ?? 0,
    async close() {
      child.kill('SIGQUIT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
