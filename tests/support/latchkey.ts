import { type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as PgClient, DatabaseError } from 'pg';
import { stringify } from 'yaml';
import { defined } from '../../main/base/defined.ts';
import { readAudit } from '../../main/audit/verify.ts';
import { connectApi, connectClient, type Client } from '../../main/cli/client.ts';
import type { ApiState } from '../../main/contract/api-state.ts';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import type { TokenRequest } from '../../main/access/issue-token.ts';
import { createCommandLine, firstLine, type CommandLine, type Ran } from '../../main/demo/command-line.ts';
import { startLocalTenant, type LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { withHomeProof } from '../../main/store/own-home.ts';
import { buildCommand } from './builds.ts';
import { freePort } from './free-port.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { configuredTenant } from './tenant-provider.ts';

/** A tenant and a database server with roles: what several brokers of one test file share. */
export interface World {
  tenant: LocalTenant;
  postgres: PostgresServer;
  /** Passwords of the database roles, by the names that the configuration gives them. */
  passwords: Record<'sales-readonly' | 'sales-owner' | 'payroll-clerk', string>;
  close(): Promise<void>;
}

/** @param settings lines for postgresql.conf */
export async function startWorld(settings: Record<string, string> = {}): Promise<World> {
  const password = (): string => randomBytes(18).toString('base64url');
  const passwords = { 'sales-readonly': password(), 'sales-owner': password(), 'payroll-clerk': password() };
  const [tenant, postgres] = await Promise.all([startLocalTenant(), startPostgres({ tls: true, settings })]);
  tenant.configure({ intervalSeconds: 1 });
  for (const statement of [
    `create role sales_readonly login password '${passwords['sales-readonly']}'`,
    `create role sales_owner login password '${passwords['sales-owner']}'`,
    `create role payroll_clerk login password '${passwords['payroll-clerk']}'`,
    'create database sales owner sales_owner',
    'create database payroll owner payroll_clerk',
  ]) {
    await postgres.query(statement);
  }
  return {
    tenant,
    postgres,
    passwords,
    async close() {
      await Promise.all([tenant.close(), postgres.close()]);
    },
  };
}

export type TestConfiguration = Awaited<ReturnType<typeof defaultConfiguration>>;

/** One provider; `sales` for analysts and administrators, `payroll` for finance. */
async function defaultConfiguration({ tenant, postgres }: World) {
  const { groups } = fabrikam;
  const connection = async (name: string, rules: { group: string; role: string; stored: string }[]) => ({
    name,
    protocol: 'postgresql',
    port: await freePort(),
    upstream: {
      host: postgres.host,
      port: postgres.port,
      database: name,
      tls: { mode: 'off' } as { mode?: string; caFile?: string; serverName?: string },
    },
    rules: rules.map(({ group, role, stored }) => ({
      group: group as string,
      role,
      password: { stored },
      tokenLifetime: undefined as string | undefined,
    })),
  });
  return {
    providers: [configuredTenant(tenant)],
    session: { refreshGroups: '5s' },
    connections: [
      await connection('sales', [
        { group: groups.databaseAdministrators, role: 'sales_owner', stored: 'sales-owner' },
        { group: groups.dataAnalysts, role: 'sales_readonly', stored: 'sales-readonly' },
      ]),
      await connection('payroll', [
        { group: groups.finance, role: 'payroll_clerk', stored: 'payroll-clerk' },
      ]),
    ],
  };
}

/** The actions of the API, and requests of any form for what must be refused. */
export interface ApiClient extends Client {
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
}

/** A broker in a process of its own (`latchkey serve`) on a home of its own, and a person's ways to it. */
export interface Latchkey {
  home: string;
  config: string;
  /** The script of the command. */
  program: string;
  commandLine: CommandLine;
  /** Runs a `latchkey` command to its end. */
  run(...args: string[]): Promise<Ran>;
  /** The HTTP API, which spares a process where the command line is not what is tested. */
  client(): Promise<ApiClient>;
  state(): Promise<ApiState>;
  /** Waits until the state is as told; the error shows how far it got. */
  until(reached: (state: ApiState) => boolean, timeoutMs?: number): Promise<ApiState>;
  /** Signs a user in with a device code, beside whoever is, and waits for it. */
  signIn(user: string): Promise<void>;
  signOut(): Promise<void>;
  /** Has the directory read again, from now on: a read that was under way already may know less. */
  refresh(): Promise<void>;
  token(request: string | TokenRequest): Promise<IssuedToken>;
  /** Records of the audit with these events, or all of them, oldest first. */
  audit(...events: string[]): Promise<Record<string, unknown>[]>;
  serve: Serve;
  close(): Promise<void>;
}

export interface Serve {
  process(): ChildProcess;
  /** Everything that it has written to stderr. */
  log(): string;
  start(args?: string[]): Promise<void>;
  /** Ends it with this signal and answers with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface LatchkeyOptions {
  /** Changes the configuration before it is written. */
  configure?(configuration: TestConfiguration): void | Promise<void>;
  /** For `latchkey serve`. */
  args?: string[];
  /** Seals with a key file of its own, and is given it with `args`. */
  keyFile?: true;
  /** Where the home goes; a temporary folder by default. */
  folder?: string;
  /** The command as another build of it; this checkout's by default. */
  program?: string;
  /** False leaves starting to the test, and with it the passwords of the roles. */
  started?: boolean;
}

export async function createLatchkey(world: World, options: LatchkeyOptions = {}): Promise<Latchkey> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'lk-')));
  const home = join(folder, 'home');
  const config = join(folder, 'latchkey.yaml');
  const configuration = await defaultConfiguration(world);
  await options.configure?.(configuration);
  await writeFile(config, stringify(configuration));
  const program = options.program ?? (await buildCommand());
  const commandLine = createCommandLine(home, config, [process.execPath, program]);
  const key = options.keyFile === true ? ['--key-file', await writeKeyFile(folder)] : [];
  const serve = createServe(commandLine, [...key, ...(options.args ?? [])]);
  async function client(): Promise<ApiClient> {
    const ask = await connectApi(home);
    return {
      ...(await connectClient(home)),
      get: (path) => ask('GET', path),
      post: (path, body) => ask('POST', path, defined({ body })),
    };
  }

  const latchkey: Latchkey = {
    home,
    config,
    program,
    commandLine,
    serve,
    client,
    run: (...args) => commandLine.run(args),
    state: async () => (await (await client()).state()).state,
    async until(reached, timeoutMs = 10_000) {
      const deadline = Date.now() + timeoutMs;
      const api = await client();
      let after = -1;
      for (;;) {
        const signal = AbortSignal.timeout(timeoutMs + 5000);
        const { revision, state } = await api.state({ after, waitSeconds: 0.5, signal });
        if (reached(state)) return state;
        if (Date.now() > deadline) throw new Error(`the state stays ${JSON.stringify(state, undefined, 1)}`);
        after = revision;
      }
    },
    async signIn(user) {
      await (await client()).post('/v1/sign-in', {});
      const { signIn } = await latchkey.until(({ signIn }) => signIn.kind !== 'working');
      if (signIn.kind !== 'code') throw new Error(`no code: ${JSON.stringify(signIn)}`);
      world.tenant.complete({ userCode: signIn.userCode, user });
      const end = await latchkey.until(({ signIn }) => signIn.kind !== 'code' && signIn.kind !== 'working');
      const account = end.signIn.kind === 'signed-in' ? end.signIn.account.username : '';
      if (account !== user) throw new Error(`not signed in: ${JSON.stringify(end.signIn)}`);
    },
    async signOut() {
      await (await client()).post('/v1/sign-out', { all: true });
    },
    async refresh() {
      const api = await client();
      for (let reads = 0; reads < 2; reads += 1) await api.post('/v1/refresh', {});
    },
    async token(request) {
      const body = typeof request === 'string' ? { connection: request } : request;
      return (await (await client()).post('/v1/tokens', body)) as IssuedToken;
    },
    async audit(...events) {
      const records = await readAudit(join(home, 'audit'), { limit: 10_000 });
      return records.filter(
        ({ event }) => events.length === 0 || events.includes(event),
      ) as unknown as Record<string, unknown>[];
    },
    async close() {
      await serve.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  if (options.started !== false) {
    await serve.start();
    await storePasswords(latchkey, world);
  }
  return latchkey;
}

/** A new key for `--key-file` in the folder. @returns its path */
export async function writeKeyFile(folder: string, name = 'key'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, randomBytes(32).toString('base64'), { mode: 0o600 });
  return path;
}

/** What the administrator does once: the passwords of the database roles that the configuration names. */
export async function storePasswords(
  latchkey: Latchkey,
  world: { passwords: Record<string, string> },
): Promise<void> {
  const api = await latchkey.client();
  const { passwords } = (await api.get('/v1/secrets')) as { passwords: { name: string }[] };
  for (const { name } of passwords) {
    const value = world.passwords[name];
    if (value !== undefined) await storeFirst(latchkey, name, value);
  }
}

/** Stores a secret that has none yet, as `latchkey secret set` does before anybody has signed in. */
export async function storeFirst(
  latchkey: Pick<Latchkey, 'client' | 'home'>,
  name: string,
  value: string,
): Promise<void> {
  const api = await latchkey.client();
  await withHomeProof(join(latchkey.home, 'run'), (setUp) => api.post('/v1/secrets', { name, value, setUp }));
}

function createServe(commandLine: CommandLine, args: string[]): Serve {
  let child: ChildProcess | undefined;
  let log = '';
  return {
    process() {
      if (child === undefined) throw new Error('serve has not been started');
      return child;
    },
    log: () => log,
    async start(now = args) {
      child = commandLine.start(['serve', '--json', ...now]);
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
      await firstLine(child);
    },
    async stop(signal = 'SIGTERM') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
      const ended = once(child, 'close') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** A node-postgres client through the gateway with the token as password; `change` is what is given differently. */
export async function connect(
  { host, port, username, database, token }: IssuedToken,
  change: Partial<{
    host: string;
    port: number;
    user: string;
    database: string;
    password: string;
    application_name: string;
    options: string;
    ssl: { ca: string };
  }> = {},
): Promise<PgClient> {
  const client = new PgClient({
    host,
    port,
    user: username,
    database,
    password: token,
    application_name: 'latchkey-test',
    ...change,
  });
  // A cut connection is an event of its own beside the failed query.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** For `expect.poll`: what happens at once, on a machine that is busy with something else. */
export const soon = { timeout: 15_000, interval: 50 };

/** What the SQL client is told when a login is refused. */
export interface LoginError {
  sqlState: string | undefined;
  message: string;
  hint: string | undefined;
}

/** The refusal of a login that must not succeed. */
export async function refusalOf(login: Promise<PgClient>): Promise<LoginError> {
  const client = await login.catch((error: unknown) => error);
  if (client instanceof PgClient) {
    await client.end();
    throw new Error('the login was let in');
  }
  if (!(client instanceof DatabaseError)) throw client;
  return { sqlState: client.code, message: client.message, hint: client.hint };
}

export interface RunningCommand {
  child: ChildProcess;
  /** The first line on stdout; rejects where the command ends without one. */
  firstLine: Promise<string>;
  ended: Promise<Ran & { signal: NodeJS.Signals | null }>;
}

/** Starts a `latchkey` command that the test talks to while it runs. */
export function startCommand({ commandLine }: Latchkey, ...args: string[]): RunningCommand {
  const child = commandLine.start(args);
  const texts = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  const line = firstLine(child);
  line.catch(() => undefined);
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: (code ?? -1) as number,
    signal: signal as NodeJS.Signals | null,
    ...texts,
  }));
  return { child, firstLine: line, ended };
}

/** Starts `latchkey login --json` and waits for its code. */
export async function startLogin(
  latchkey: Latchkey,
  ...args: string[]
): Promise<RunningCommand & { userCode: string; verificationUri: string }> {
  const command = startCommand(latchkey, 'login', '--json', ...args);
  const shown = JSON.parse(await command.firstLine) as { userCode: string; verificationUri: string };
  return { ...command, ...shown };
}
