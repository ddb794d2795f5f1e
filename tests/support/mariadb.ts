import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mariadb';
import { createTestAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { program } from './parts.ts';

const serverRemedy = 'install the package mariadb-server';
export const mariadbParts = {
  server: program('mariadbd', serverRemedy, ['/usr/sbin', '/usr/local/sbin']),
  install: program('mariadb-install-db', serverRemedy),
  client: program('mariadb', 'install the package mariadb-client'),
  admin: program('mariadb-admin', 'install the package mariadb-client'),
};

export interface MariadbOptions {
  /** A certificate for localhost and 127.0.0.1 from an authority made for this server; see `caPem`. */
  tls?: boolean;
  /** More settings of the group [mariadbd]. */
  settings?: Record<string, string>;
}

export interface MariadbServer {
  host: string;
  port: number;
  socketPath: string;
  /** A user with every right, over TCP from 127.0.0.1 and over the socket, by mysql_native_password. */
  user: string;
  password: string;
  /** An empty database. */
  database: string;
  caPem?: string;
  /** Rows of one statement, as root over the unix socket. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Kills the server as a crash would. */
  crash(): Promise<void>;
  /** Starts it again after `crash`, at the same port. */
  restart(): Promise<void>;
  /** Stops the server and removes its folder. */
  close(): Promise<void>;
}

const run = promisify(execFile);

/** A real MariaDB server in a temporary folder, up and answering when the promise resolves (about 3 s). */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const account = serverAccount();
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-my-'));
  const put = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    own(path, account);
    return path;
  };
  own(folder, account);
  const port = await freePort();
  const socketPath = join(folder, 'server.sock');
  const settings: Record<string, string> = {
    datadir: join(folder, 'data'),
    port: String(port),
    'bind-address': '127.0.0.1',
    socket: socketPath,
    'pid-file': join(folder, 'server.pid'),
    'skip-name-resolve': '1',
    'skip-log-bin': '1',
    'character-set-server': 'utf8mb4',
    'performance-schema': 'OFF',
    'max-connections': '200',
    'max-allowed-packet': '64M',
    'innodb-buffer-pool-size': '16M',
    'innodb-log-file-size': '8M',
    'innodb-flush-log-at-trx-commit': '0',
    ...options.settings,
  };
  let caPem: string | undefined;
  if (options.tls === true) {
    const authority = await createTestAuthority();
    const certificate = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
    caPem = authority.caPem;
    settings['ssl-ca'] = put('ca.pem', authority.caPem);
    settings['ssl-cert'] = put('server.pem', certificate.certPem);
    settings['ssl-key'] = put('server.key', certificate.keyPem);
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const configuration = put('server.cnf', `[mariadbd]\n${lines.join('\n')}\n`);
  const environment = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
  await run(
    mariadbParts.install.path ?? '',
    [
      `--defaults-file=${configuration}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
    { ...account, env: environment, cwd: folder },
  );

  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const connection: Connection = await createConnection({ socketPath, user: 'root', bigIntAsNumber: true });
    try {
      const rows: unknown = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end();
    }
  };

  let child: ChildProcess | undefined;
  const killOnExit = (): void => void child?.kill('SIGKILL');
  process.once('exit', killOnExit);
  const start = async (): Promise<void> => {
    let log = '';
    const server = spawn(mariadbParts.server.path ?? '', [`--defaults-file=${configuration}`], {
      ...account,
      env: environment,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = server;
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
    });
    const deadline = Date.now() + 60_000;
    for (;;) {
      if (server.exitCode !== null) throw new Error(`mariadbd ended at once:\n${log}`);
      const ready = await query('select 1').then(
        () => true,
        () => false,
      );
      if (ready) return;
      if (Date.now() > deadline) throw new Error(`mariadbd did not answer in 60 s:\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const stop = async (): Promise<void> => {
    const server = child;
    child = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
  };

  await start();
  const user = 'reporting';
  const password = randomBytes(12).toString('hex');
  const database = 'shop';
  await query(`create database ${database}`);
  for (const host of ['127.0.0.1', 'localhost']) {
    await query(`create user '${user}'@'${host}' identified by '${password}'`);
    await query(`grant all on *.* to '${user}'@'${host}'`);
  }
  return {
    host: '127.0.0.1',
    port,
    socketPath,
    user,
    password,
    database,
    ...(caPem === undefined ? {} : { caPem }),
    query,
    crash: stop,
    restart: start,
    async close() {
      await stop();
      process.removeListener('exit', killOnExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Account {
  uid?: number;
  gid?: number;
}

function own(path: string, { uid, gid }: Account): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** mariadbd refuses to run as root: there it runs as the system's own user for it. */
function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === 'mysql');
  if (entry === undefined) throw new Error('running as root needs a user "mysql" for the server');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}
