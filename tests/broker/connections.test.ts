import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ran } from '../../main/demo/command-line.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { connect, createLatchkey, startWorld, type Latchkey, writeKeyFile } from '../support/latchkey.ts';
import { mariadbParts, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const head = '# ours, with a line break of Windows\r\n';
const tail = '\n# the end, without a line break';

interface Found {
  checks: { name: string; result: string; message: string; remedy?: string }[];
  facts?: { certificate?: { subject: string; sha256: string; validTo: string }; serverVersion?: string };
}

describeWith([parts.postgres, mariadbParts.server], 'connections without an editor', () => {
  const world = useAll(startWorld);
  let latchkey: Latchkey;
  let folder: string;
  let before: string;

  const json = <T>({ out }: Ran): T => JSON.parse(out) as T;
  const text = (): Promise<string> => readFile(latchkey.config, 'utf8');
  const connection = (...args: string[]): Promise<Ran> => latchkey.run('connection', ...args, '--json');
  /** Options of a connection to the PostgreSQL of this file. */
  const toPostgres = (): string[] => {
    const { host, port } = world.postgres;
    return ['--protocol', 'postgresql', '--host', host, '--upstream-port', String(port), '--tls', 'off'];
  };
  const rule = ['--group', 'data analysts', '--role', 'sales_readonly'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-connections-'));
    latchkey = await createLatchkey(world, { started: false });
    before = `${head}${(await text()).trimEnd()}${tail}`;
    await writeFile(latchkey.config, before);
    latchkey.commandLine.env['LATCHKEY_KEY_FILE'] = await writeKeyFile(folder);
    await latchkey.serve.start();
  });
  afterAll(async () => {
    await latchkey.close();
    await rm(folder, { recursive: true });
  });

  it('are not changed by the bearer alone', async () => {
    const ran = await connection(
      'add',
      'x',
      ...toPostgres(),
      '--database',
      'sales',
      '--group',
      fabrikam.groups.staff,
      '--role',
      'r',
      '--password-source',
      'none',
    );
    expect(json(ran)).toMatchObject({ problem: { code: 'sign-in-required' } });
    expect(await text()).toBe(before);
  });

  it('are added into the file with a free port, the group by its name, and the password typed in', async () => {
    await latchkey.signIn(ada);
    const ran = await latchkey.commandLine.run(
      [
        'connection',
        'add',
        'reports',
        ...toPostgres(),
        '--database',
        'sales',
        ...rule,
        '--with-password',
        '--limit',
        'idleTimeout=30m',
        '--json',
      ],
      `${world.passwords['sales-readonly']}\n`,
    );
    expect(ran.err).toBe('');
    const saved = json<{ connections: { name: string; port: number }[] }>(ran);
    const [{ port } = { port: 0 }] = saved.connections;
    expect(saved).toMatchObject({
      connections: [{ name: 'reports', port }],
      ended: 0,
      stored: ['reports-sales_readonly'],
    });
    expect(port).toBeGreaterThanOrEqual(15432);
    const added = await text();
    expect(added.startsWith(before.slice(0, before.length - tail.length))).toBe(true);
    expect(added.endsWith(tail)).toBe(true);
    expect(added).toContain(`group: ${fabrikam.groups.dataAnalysts} # Data Analysts`);
    expect(added).toContain('idleTimeout: 30m');
    expect(added).not.toContain(world.passwords['sales-readonly']);
    const [record] = await latchkey.audit('connections-changed');
    expect(record).toMatchObject({ change: 'saved', connections: ['reports'], actor: { username: ada } });
  });

  it('are listed as the file has them; a new one counts at once, and lets in', async () => {
    const listed = async () =>
      json<{ connections: { name: string; counts: boolean }[] }>(await connection('list')).connections.map(
        ({ name, counts }) => `${name} ${counts}`,
      );
    expect(await listed()).toEqual(['sales true', 'payroll true', 'reports true']);
    const client = await connect(await latchkey.token('reports'));
    expect((await client.query('select current_user')).rows).toEqual([{ current_user: 'sales_readonly' }]);
    await client.end();
  });

  it('what is wrong is refused with its place, and the file stays', async () => {
    const was = await text();
    const twice = await connection(
      'add',
      'reports',
      ...toPostgres(),
      '--database',
      'sales',
      ...rule,
      '--password-source',
      'none',
    );
    expect(json(twice)).toMatchObject({ problem: { code: 'request-invalid' } });
    const wrong = await connection('edit', 'reports', '--host', 'db.fabrikam.example');
    expect(json<{ problem: { message: string } }>(wrong).problem.message).toMatch(
      /upstream\.tls\.mode .*"off"/,
    );
    const missing = await connection('edit', 'reports', '--ca-file', 'nowhere.pem', '--tls', 'verify');
    expect(json(missing)).toMatchObject({ problem: { code: 'config-unreadable' } });
    const secret = await connection(
      'edit',
      'reports',
      '--role',
      'sales_readonly',
      '--password-source',
      'hunter2',
    );
    expect(`${secret.out}${secret.err}`).not.toContain('hunter2');
    expect(secret.code).toBe(2);
    expect(await text()).toBe(was);
  });

  it('are changed at the one value', async () => {
    const was = await text();
    const ran = await connection('edit', 'sales', '--title', 'Sales warehouse', '--set', 'maxSessions=50');
    expect(ran.code).toBe(0);
    const now = (await text()).split('\n');
    const added = now.filter((line) => !was.split('\n').includes(line));
    expect(added).toEqual(['    title: Sales warehouse', '    maxSessions: 50']);
    expect(now.filter((line) => !added.includes(line)).join('\n')).toBe(was);
  });

  it('two changes at once are both kept', async () => {
    const [one, two] = await Promise.all([
      connection('edit', 'sales', '--set', 'maxSessions=51'),
      connection('edit', 'payroll', '--set', 'maxSessions=52'),
    ]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(await text()).toMatch(/maxSessions: 51[\s\S]*maxSessions: 52/);
  });

  it('are tested: certificate, version, and the login where a rule lets the person in', async () => {
    const test = async (...args: string[]): Promise<Found> => json(await connection('test', ...args));
    const known = await test('reports');
    expect(known.checks.map(({ result }) => result)).toEqual(['ok', 'ok']);
    expect(known.checks[1]?.name).toBe(`login at reports as sales_readonly for ${ada}`);
    expect(known.facts?.serverVersion).toMatch(/^\d+/);
    // Ada is in no group of it, so that its password goes nowhere for her.
    const closed = await test('payroll');
    expect(closed.checks.map(({ result }) => result)).toEqual(['ok', 'skipped']);
    expect(closed.checks[1]?.message).toBe(`${ada} is in no group that this rule opens for now.`);
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, world.postgres.caPem ?? '');
    const drafted = ['draft', ...toPostgres().slice(0, -1), 'verify', '--database', 'sales'];
    const untrusted = await test(...drafted);
    expect(untrusted.checks).toMatchObject([
      { result: 'failed', remedy: expect.stringContaining('sha256:') },
    ]);
    expect(untrusted.facts?.certificate?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const trusted = await test(...drafted, '--ca-file', caFile);
    expect(trusted.facts?.certificate).toEqual(untrusted.facts?.certificate);
    expect(trusted.checks.map(({ result }) => result)).toEqual(['ok', 'skipped']);
    // A stored password is not sent where only a request says so.
    const elsewhere = await test('reports', '--host', 'localhost');
    expect(elsewhere.checks.map(({ result }) => result)).toEqual(['ok', 'skipped']);
    expect(await text()).not.toContain('draft');
  });

  it('a typed password is tried, and nothing of it stays', async () => {
    const typed = async (password: string): Promise<Found> =>
      json(
        await latchkey.commandLine.run(
          [
            'connection',
            'test',
            'draft',
            ...toPostgres(),
            '--database',
            'sales',
            '--role',
            'sales_readonly',
            '--password',
            '--json',
          ],
          `${password}\n`,
        ),
      );
    expect((await typed(world.passwords['sales-readonly'])).checks[1]).toMatchObject({ result: 'ok' });
    const wrong = await typed('wrong');
    expect(wrong.checks[1]).toMatchObject({ result: 'failed' });
    const sessions = await world.postgres.query(
      "select 1 from pg_stat_activity where application_name like 'Latchkey%'",
    );
    expect(sessions).toEqual([]);
    expect(await latchkey.audit('connection-tested')).not.toHaveLength(0);
  });

  it('a test can be followed and ended by its id', async () => {
    // Takes connections, and says nothing.
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const api = await latchkey.client();
    const settings = {
      protocol: 'postgresql',
      upstream: { host: '127.0.0.1', port, database: 'sales', connectTimeout: '100s' },
    };
    const running = api.call('testConnection', { name: 'silent', settings, id: 'one' });
    try {
      await Promise.all([running, endOnce(silent, () => api.call('cancelConnectionTest', { id: 'one' }))]);
      expect(await running).toMatchObject({
        checks: [{ result: 'skipped', message: 'The test was cancelled.' }],
      });
    } finally {
      silent.close();
    }
  });

  it('passwords come with the connections that name them, and with no others', async () => {
    const api = await latchkey.client();
    const { host, port } = world.postgres;
    const settings = {
      protocol: 'postgresql',
      upstream: { host, port, database: 'sales', tls: { mode: 'off' } },
      rules: [
        {
          group: fabrikam.groups.dataAnalysts,
          role: 'sales_readonly',
          password: { stored: 'along-reader' },
        },
      ],
    };
    const connections = [{ name: 'along', is: 'new' as const, settings }];
    const was = await text();
    await expect(
      api.call('saveConnections', { connections, passwords: [{ name: 'sales-owner', value: 'x' }] }),
    ).rejects.toMatchObject({ code: 'request-invalid' });
    expect(await text()).toBe(was);
    const value = world.passwords['sales-readonly'];
    const passwords = [{ name: 'along-reader', value }];
    expect(await api.call('saveConnections', { connections, passwords })).toMatchObject({
      connections: [{ name: 'along' }],
      stored: ['along-reader'],
    });
    expect(await text()).not.toContain(value);
    expect(JSON.stringify(await latchkey.audit())).not.toContain(value);
    expect((await latchkey.audit('secret-changed')).at(-1)).toMatchObject({
      name: 'along-reader',
      change: 'set',
    });
    await api.call('removeConnection', { name: 'along' });
    expect(await text()).toBe(was);
  });

  it('MariaDB says its version before anybody logs in', async () => {
    const mariadb = await startMariadb();
    try {
      const { host, port, user, password, database } = mariadb;
      const found = json<Found>(
        await latchkey.commandLine.run(
          [
            'connection',
            'test',
            'shop',
            '--protocol',
            'mysql',
            '--host',
            host,
            '--upstream-port',
            String(port),
            '--tls',
            'off',
            '--database',
            database,
            '--role',
            user,
            '--password',
            '--json',
          ],
          `${password}\n`,
        ),
      );
      expect(found.checks.map(({ result }) => result)).toEqual(['ok', 'ok']);
      expect(found.facts?.serverVersion).toContain('MariaDB');
    } finally {
      await mariadb.close();
    }
  });

  it('are imported from a list without its passwords, and exported for a colleague', async () => {
    const list = join(folder, 'pg_service.conf');
    await writeFile(
      list,
      '[sales]\nhost=x\n[warehouse]\nhost=db.fabrikam.example\nport=6432\ndbname=dwh\nuser=ada\npassword=hunter2\n',
    );
    const was = await text();
    const options = [list, '--group', fabrikam.groups.dataAnalysts, '--role', 'reader'];
    const dry = await latchkey.run('connection', 'import', ...options, '--dry-run');
    expect(dry.out).toContain('host: db.fabrikam.example');
    expect(dry.err).toMatch(/connection "sales" already[\s\S]*password stands beside "warehouse"/);
    expect(`${dry.out}${dry.err}`).not.toContain('hunter2');
    expect(await text()).toBe(was);
    expect(json(await connection('import', ...options))).toMatchObject({
      connections: [{ name: 'warehouse', port: expect.any(Number) }],
      exist: ['sales'],
      leftPasswords: ['warehouse'],
      dryRun: false,
    });
    expect(await text()).not.toContain('hunter2');
    const exported = await latchkey.run('connection', 'export', 'warehouse', '--portable');
    expect(exported.out).toContain('database: dwh');
    expect(exported.out).not.toContain('port: 15');
    await connection('remove', 'warehouse');
    const back = join(folder, 'export.yaml');
    await writeFile(back, exported.out);
    expect(json(await connection('import', back))).toMatchObject({ connections: [{ name: 'warehouse' }] });
    expect((await connection('remove', 'warehouse')).code).toBe(0);
    expect(await text()).toBe(was);
  });

  it('are imported from what az lists, with the passwords of Entra ID', async () => {
    const list = join(folder, 'servers.json');
    const server = {
      name: 'ledger',
      type: 'Microsoft.Sql/servers',
      administratorLogin: 'root',
      fullyQualifiedDomainName: 'ledger.database.windows.net',
    };
    await writeFile(list, JSON.stringify([server]));
    const was = await text();
    const rule = [
      '--group',
      fabrikam.groups.dataAnalysts,
      '--role',
      'analysts',
      '--password-source',
      'entra',
    ];
    expect(json(await connection('import', list, ...rule))).toMatchObject({
      connections: [{ name: 'ledger' }],
    });
    const written = (await text()).slice(was.length);
    expect(written).toContain('host: ledger.database.windows.net');
    expect(written).toMatch(/password:\s+\{?\s*entra: sqlserver/);
    expect(written).not.toContain('root');
    expect((await connection('remove', 'ledger')).code).toBe(0);
    expect(await text()).toBe(was);
  });

  it('take a port by themselves, which the file does not name and a later reload does not change', async () => {
    const { connections } = json<{ connections: [{ port: number }] }>(
      await connection('edit', 'reports', '--port', 'auto'),
    );
    const [{ port }] = connections;
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(await text()).toContain('    port: auto\n');
    const token = await latchkey.token('reports');
    expect(token.port).toBe(port);
    const client = await connect(token);
    await client.end();
    expect((await latchkey.run('config', 'reload')).code).toBe(0);
    expect((await latchkey.token('reports')).port).toBe(port);
    expect((await latchkey.run('connection', 'export', 'reports', '--portable')).out).toContain('port: auto');
  });

  it('are removed, and the rest stays as it was', async () => {
    const ran = await connection('remove', 'reports');
    expect(json(ran)).toEqual({ schemaVersion: 2, removed: 'reports', ended: 0 });
    const now = await text();
    expect(now).not.toContain('reports');
    expect(now.startsWith(head)).toBe(true);
    expect(now.endsWith(tail)).toBe(true);
  });
});

/** Does it when the server has been connected to. */
async function endOnce(server: Server, end: () => Promise<unknown>): Promise<void> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  await end();
  socket.destroy();
}

describeWith([parts.postgres], 'before there is a provider', () => {
  const world = useAll(startWorld);

  it('a connection is written without a sign-in, but none that runs a program', async () => {
    const latchkey = await createLatchkey(world, {
      configure: (configuration) => {
        configuration.providers = [];
        configuration.connections = [];
      },
    });
    try {
      const api = await latchkey.client();
      const settings = {
        protocol: 'postgresql',
        upstream: { host: 'db.fabrikam.example', database: 'sales' },
        rules: [{ group: fabrikam.groups.staff, role: 'reader' }],
      };
      const save = (more: object) =>
        api.call('saveConnections', {
          connections: [{ name: 'first', is: 'new', settings: { ...settings, ...more } }],
        });
      await expect(
        save({ rules: [{ ...settings.rules[0], password: { command: ['/bin/sh', '-c', 'id'] } }] }),
      ).rejects.toMatchObject({ code: 'request-refused' });
      await expect(
        api.call('saveConnections', {
          connections: [
            {
              name: 'first',
              is: 'new',
              settings: { ...settings, rules: [{ ...settings.rules[0], password: { stored: 'one' } }] },
            },
          ],
          passwords: [{ name: 'one', value: 'hunter2' }],
        }),
      ).rejects.toMatchObject({ code: 'request-refused' });
      await expect(save({})).resolves.toMatchObject({ connections: [{ name: 'first' }], ended: 0 });
      await expect(api.call('removeConnection', { name: 'first' })).rejects.toMatchObject({
        code: 'sign-in-required',
      });
    } finally {
      await latchkey.close();
    }
  });
});
