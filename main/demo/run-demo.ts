import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApplication } from './application.ts';
import { type CommandLine, createCommandLine, firstLine } from './command-line.ts';
import { writeDemoConfiguration } from './configuration.ts';
import { type DemoDatabase, startDemoDatabase } from './database.ts';
import { playStory } from './story.ts';
import { startLocalTenant } from './tenant/local-tenant.ts';

export interface DemoOptions {
  /** Plays the story by itself and ends; else it waits for a person until the signal comes. */
  auto: boolean;
  /** Without the desktop application. */
  headless: boolean;
  /** What starts the `latchkey` command. */
  command: readonly string[];
  /** What starts the desktop application; undefined where there is none. */
  desktop: readonly string[] | undefined;
  /** The command as a person types it. */
  typed: string;
  print(text: string): void;
  /** Ends the demo. */
  signal: AbortSignal;
}

/**
 * Starts the local tenant, the database and the application, and ends and removes all of it.
 * @throws Error where a part does not start, the story goes otherwise than told, or has no database to play with
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { auto, headless, print, signal } = options;
  const started = performance.now();
  const closers: (() => Promise<unknown>)[] = [];
  const opened = async <Part extends { close(): Promise<void> } | undefined>(
    starting: Promise<Part>,
  ): Promise<Part> => {
    const part = await starting;
    if (part !== undefined) closers.push(part.close);
    return part;
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-demo-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    print('Starting a local tenant and a database …');
    const tenantStarts = opened(startLocalTenant());
    const databaseStarts = opened(startDemoDatabase(randomBytes(18).toString('base64url')));
    // Both, whatever becomes of either: what has come up must be closed again.
    await Promise.allSettled([tenantStarts, databaseStarts]);
    const [tenant, database] = await Promise.all([tenantStarts, databaseStarts]);
    tenant.configure({ intervalSeconds: 1 });
    const passwords = database === undefined ? {} : await loadSampleData(database);
    if (database === undefined && auto) throw new Error(noDatabase);
    if (database === undefined) print(noDatabase);

    const home = join(folder, 'home');
    const config = join(folder, 'latchkey.yaml');
    await writeDemoConfiguration(config, tenant, database);
    const commandLine = createCommandLine(home, config, options.command);
    const application = await opened(
      startApplication(commandLine, home, auto || headless ? 'asked for' : options.desktop),
    );
    for (const [name, password] of Object.entries(passwords)) {
      const { code, err } = await commandLine.run(['secret', 'set', name], `${password}\n`);
      if (code !== 0) throw new Error(err);
    }
    print(application.description);

    if (auto) {
      await playStory(commandLine, tenant, {
        step: (title) => print(`\n── ${title}`),
        line: (text) => print(`   ${text}`),
      });
      print(`\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
      return;
    }
    print(await invitation(commandLine, home, config, options.typed));
    await Promise.race([application.ended, signal.aborted ? undefined : once(signal, 'abort')]);
  } finally {
    for (const close of closers.toReversed())
      await close().catch((error: unknown) => print(`While cleaning up: ${String(error)}`));
  }
}

const noDatabase = `This computer has no PostgreSQL, so that there is nothing behind the demo's connections: you can sign in, copy tokens
and look at everything, but a query ends with "unreachable". Install PostgreSQL and start the demo again.`;

/** Starts a sign-in and says what to try. */
async function invitation(
  commandLine: CommandLine,
  home: string,
  config: string,
  typed: string,
): Promise<string> {
  const login = commandLine.start(['login', '--json']);
  const { userCode, verificationUri } = JSON.parse(await firstLine(login)) as {
    userCode: string;
    verificationUri: string;
  };
  const { out } = await commandLine.run(['connections', '--json']);
  const { connections } = JSON.parse(out) as {
    connections: { host: string; port: number; database: string }[];
  };
  const [sales] = connections;
  return `
1. Sign in: open ${verificationUri}
   (its certificate is self-made, so the browser warns) and enter the code  ${userCode}
   Pick ada@fabrikam.example (analyst), bruno (administrator), chiara (accountant) or dmitri (intern, no access).

2. In another terminal, in the same folder:
   export LATCHKEY_HOME=${home} LATCHKEY_CONFIG=${config}
   ${typed} status
   ${typed} token sales

3. Give the token to a SQL client as its password:
   psql "host=${sales?.host} port=${sales?.port} user=ada@fabrikam.example dbname=${sales?.database}"

Ctrl-C ends the demo and removes everything.`;
}

/** The passwords of the demo's database roles, by the name that the configuration calls them. */
interface RolePasswords {
  'sales-readonly': string;
  'sales-owner': string;
  'payroll-clerk': string;
}

/** Two small databases with roles of their own, so that it shows who may do what. */
async function loadSampleData(database: DemoDatabase): Promise<RolePasswords> {
  const password = (): string => randomBytes(18).toString('base64url');
  const passwords = { 'sales-readonly': password(), 'sales-owner': password(), 'payroll-clerk': password() };
  await database.run(
    'postgres',
    `create role sales_readonly login password '${passwords['sales-readonly']}';
     create role sales_owner login password '${passwords['sales-owner']}';
     create role payroll_clerk login password '${passwords['payroll-clerk']}'`,
  );
  await database.run('postgres', 'create database sales owner sales_owner');
  await database.run('postgres', 'create database payroll');
  await database.run(
    'sales',
    `create table orders (id int primary key, placed date not null, region text not null, amount numeric(10, 2) not null);
     insert into orders
       select n, date '2026-01-01' + n % 300, (array['north', 'east', 'south', 'west'])[1 + n % 4], round((n * 7919 % 100000) / 100.0, 2)
       from generate_series(1, 5000) n;
     alter table orders owner to sales_owner;
     grant select on orders to sales_readonly`,
  );
  await database.run(
    'payroll',
    `create table salaries (person text primary key, monthly numeric(10, 2) not null);
     insert into salaries values ('A. Example', 4200), ('B. Example', 3900);
     grant select on salaries to payroll_clerk`,
  );
  return passwords;
}
