import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { createTestAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { parts } from './parts.ts';

export interface PostgresOptions {
  /** A certificate for localhost and 127.0.0.1 from an authority made for this server; see `caPem`. */
  tls?: boolean;
  /** Lines for postgresql.conf. */
  settings?: Record<string, string>;
  /** Lines for pg_hba.conf that come before the default, which is scram-sha-256 for all. */
  hba?: string[];
  /** Folder with initdb and postgres; Debian's by default. */
  binaries?: string;
}

export interface PostgresServer {
  host: string;
  port: number;
  /** Directory of the server's unix socket, for `psql -h`. */
  socketDir: string;
  superuser: string;
  password: string;
  caPem?: string;
  /** Rows of the last statement, as the superuser in the database postgres, over the unix socket. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Kills the server as a crash would (immediate shutdown, every client is dropped). */
  crash(): Promise<void>;
  /** Starts it again after `crash`, at the same port. */
  restart(): Promise<void>;
  /** Stops the server and removes its folder. */
  close(): Promise<void>;
}

const run = promisify(execFile);

/** A real PostgreSQL server in a temporary folder, up and answering when the promise resolves (about 1.5 s). */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = options.binaries ?? dirname(parts.postgres.path ?? '');
  const account = serverAccount();
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pg-'));
  const own = (path: string): void => {
    if (account.uid !== undefined && account.gid !== undefined) chownSync(path, account.uid, account.gid);
  };
  const put = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    own(path);
    return path;
  };
  own(folder);
  const data = join(folder, 'data');
  const socketDir = join(folder, 'socket');
  mkdirSync(socketDir, { mode: 0o700 });
  own(socketDir);

  const superuser = 'postgres';
  const password = randomBytes(12).toString('hex');
  const environment = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
  const initdb = ['-D', data, '-U', superuser, '--auth=scram-sha-256', '--encoding=UTF8', '--no-sync'];
  initdb.push(`--pwfile=${put('password', password)}`);
  await run(join(binaries, 'initdb'), initdb, { ...account, env: environment, cwd: folder });

  const port = await freePort();
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: socketDir,
    fsync: 'off',
    ...options.settings,
  };
  let caPem: string | undefined;
  if (options.tls === true) {
    const authority = await createTestAuthority();
    const certificate = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
    caPem = authority.caPem;
    settings['ssl'] = 'on';
    settings['ssl_cert_file'] = put('server.crt', certificate.certPem);
    settings['ssl_key_file'] = put('server.key', certificate.keyPem);
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const configuration = put('latchkey.conf', `${lines.join('\n')}\n`);
  writeFileSync(join(data, 'postgresql.conf'), `include '${configuration}'\n`, { flag: 'a' });
  const hba = [...(options.hba ?? []), 'local all all scram-sha-256', 'host all all all scram-sha-256'];
  writeFileSync(join(data, 'pg_hba.conf'), `${hba.join('\n')}\n`);

  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new Client({ host: socketDir, port, user: superuser, password, database: 'postgres' });
    await client.connect();
    try {
      const results = [await client.query<Record<string, unknown>>(sql)].flat();
      return results.at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
  };

  let child: ChildProcess | undefined;
  const killOnExit = (): void => void child?.kill('SIGQUIT');
  process.once('exit', killOnExit);
  const start = async (): Promise<void> => {
    let log = '';
    const server = spawn(join(binaries, 'postgres'), ['-D', data], {
      ...account,
      env: environment,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = server;
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
    });
    const deadline = Date.now() + 30_000;
    for (;;) {
      if (server.exitCode !== null) throw new Error(`postgres ended at once:\n${log}`);
      const ready = await query('select 1').then(
        () => true,
        () => false,
      );
      if (ready) return;
      if (Date.now() > deadline) throw new Error(`postgres did not answer in 30 s:\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const stop = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
    const server = child;
    child = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  };

  await start();
  return {
    host: '127.0.0.1',
    port,
    socketDir,
    superuser,
    password,
    ...(caPem === undefined ? {} : { caPem }),
    query,
    crash: () => stop('SIGQUIT'),
    restart: start,
    async close() {
      await stop('SIGINT');
      process.removeListener('exit', killOnExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** postgres refuses to run as root: there it runs as the system's own user of that name. */
function serverAccount(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === 'postgres');
  if (entry === undefined) throw new Error('running as root needs a user "postgres" for the server');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}
