import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { createTestAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { once } from './once.ts';
import { parts } from './parts.ts';
import {
  type Account,
  own,
  serverAccount,
  serverEnvironment,
  serverFolder,
  serverProcess,
} from './server-process.ts';

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
const superuser = 'postgres';

/** A real PostgreSQL server in a temporary folder, up and answering when the promise resolves (about 1.5 s). */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = options.binaries ?? dirname(parts.postgres.path ?? '');
  const account = serverAccount('postgres');
  const { folder, put } = serverFolder('latchkey-pg-', account);
  const data = join(folder, 'data');
  const socketDir = join(folder, 'socket');
  mkdirSync(socketDir, { mode: 0o700 });
  own(socketDir, account);

  const fresh = await freshData(binaries, account);
  await run('cp', ['-a', join(fresh, 'data'), data], { ...account, cwd: folder });

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

  let password = readFileSync(join(fresh, 'password'), 'utf8');
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

  const server = serverProcess([join(binaries, 'postgres'), '-D', data], {
    account,
    folder,
    lastSignal: 'SIGQUIT',
    answers: () => query('select 1'),
  });
  await server.start();
  const ownPassword = randomBytes(12).toString('hex');
  // Also where the settings make each transaction a read-only one.
  await query(`begin read write; alter role ${superuser} password '${ownPassword}'; commit`);
  password = ownPassword;
  return {
    host: '127.0.0.1',
    port,
    socketDir,
    superuser,
    password,
    ...(caPem === undefined ? {} : { caPem }),
    query,
    crash: () => server.stop('SIGQUIT'),
    restart: server.start,
    close: () => server.close('SIGINT'),
  };
}

/** What initdb makes, to be copied: `data` and the superuser's `password`. It takes longer than the start of a server. */
function freshData(binaries: string, account: Account): Promise<string> {
  return once(`postgres${binaries.replaceAll(/\W+/g, '-')}`, async (folder) => {
    own(folder, account);
    const password = join(folder, 'password');
    writeFileSync(password, randomBytes(12).toString('hex'));
    const how = [
      '-U',
      superuser,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--no-sync',
      `--pwfile=${password}`,
    ];
    const initdb = join(binaries, 'initdb');
    await run(initdb, ['-D', join(folder, 'data'), ...how], {
      ...account,
      env: serverEnvironment,
      cwd: folder,
    });
  });
}
