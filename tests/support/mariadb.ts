import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mariadb';
import { createTestAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { once } from './once.ts';
import { program } from './parts.ts';
import {
  type Account,
  own,
  serverAccount,
  serverEnvironment,
  serverFolder,
  serverProcess,
} from './server-process.ts';

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

/** For the connector, which by itself gives up after a second, whatever else the machine has to do. */
export const patient = { connectTimeout: 15_000 };

const run = promisify(execFile);
const sizes = {
  'skip-name-resolve': '1',
  'skip-log-bin': '1',
  'character-set-server': 'utf8mb4',
  'performance-schema': 'OFF',
  'max-connections': '200',
  'max-allowed-packet': '64M',
  'innodb-buffer-pool-size': '16M',
  'innodb-log-file-size': '8M',
  'innodb-flush-log-at-trx-commit': '0',
};

/** A real MariaDB server in a temporary folder, up and answering when the promise resolves (about 3 s). */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const account = serverAccount('mysql');
  const { folder, put } = serverFolder('latchkey-my-', account);
  const port = await freePort();
  const socketPath = join(folder, 'server.sock');
  const settings: Record<string, string> = {
    datadir: join(folder, 'data'),
    port: String(port),
    'bind-address': '127.0.0.1',
    socket: socketPath,
    'pid-file': join(folder, 'server.pid'),
    ...sizes,
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
  const configuration = put('server.cnf', optionFile(settings));
  await run('cp', ['-a', join(await freshData(account), 'data'), settings['datadir'] ?? ''], {
    ...account,
    cwd: folder,
  });

  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const connection: Connection = await createConnection({
      ...patient,
      socketPath,
      user: 'root',
      bigIntAsNumber: true,
    });
    try {
      const rows: unknown = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end();
    }
  };

  const server = serverProcess([mariadbParts.server.path ?? '', `--defaults-file=${configuration}`], {
    account,
    folder,
    lastSignal: 'SIGKILL',
    answers: () => query('select 1'),
  });
  await server.start();
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
    crash: () => server.stop('SIGKILL'),
    restart: server.start,
    close: () => server.close('SIGKILL'),
  };
}

const optionFile = (settings: Record<string, string>): string =>
  ['[mariadbd]', ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`), ''].join('\n');

/** What mariadb-install-db makes, to be copied: `data`. It takes longer than the start of a server. */
function freshData(account: Account): Promise<string> {
  return once('mariadb', async (folder) => {
    own(folder, account);
    const configuration = join(folder, 'server.cnf');
    writeFileSync(configuration, optionFile({ datadir: join(folder, 'data'), ...sizes }));
    const how = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
    await run(mariadbParts.install.path ?? '', [`--defaults-file=${configuration}`, ...how], {
      ...account,
      env: serverEnvironment,
      cwd: folder,
    });
  });
}
