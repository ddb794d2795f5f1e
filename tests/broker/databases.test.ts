import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { Connection, Request } from 'tedious';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startWorld,
  storeFirst,
  type Latchkey,
} from '../support/latchkey.ts';
import { mariadbParts, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { useAll } from '../support/use-all.ts';
import { textChange } from '../support/tds-server-tokens.ts';

const ada = 'ada@fabrikam.example';
const run = promisify(execFile);

/** The database that a login by tedious is in, or the number of the error. */
function tedious({ port, username, token }: IssuedToken, database?: string): Promise<string> {
  return new Promise((resolve) => {
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'default', options: { userName: username, password: token } },
      options: { port, encrypt: false, ...(database === undefined ? {} : { database }) },
    });
    const numbers: number[] = [];
    connection.on('errorMessage', ({ number }) => numbers.push(number));
    connection.on('error', () => undefined);
    connection.connect((error?: Error) => {
      if (error !== undefined) {
        resolve(`error ${numbers.join()}: ${error.message}`);
        return;
      }
      let found = '';
      const request = new Request('select db_name()', () => {
        connection.close();
        resolve(found);
      });
      request.on('row', (columns: { value: unknown }[]) => (found = String(columns[0]?.value)));
      connection.execSql(request);
    });
  });
}

const needed = [parts.postgres, mariadbParts.server];
describeWith(needed, 'several databases behind one connection', () => {
  let latchkey: Latchkey;
  const password = randomBytes(18).toString('base64url');

  const world = useAll(startWorld);
  const shop = useAll(startMariadb);
  const ledger = useAll(() =>
    startTdsServer({
      logins: { ledger_reader: password },
      databases: ['books', 'archive', 'moved', 'master', 'msdb'],
      // A logon trigger, or a server in between, takes the session elsewhere at once.
      extra: ({ database }) => (database === 'moved' ? textChange(1, 'elsewhere', 'moved') : Buffer.alloc(0)),
    }),
  );
  beforeAll(async () => {
    await shop.query('create database stock');
    await shop.query(`create user reader@'127.0.0.1' identified by '${password}'`);
    await shop.query(`grant select on *.* to reader@'127.0.0.1'`);
    const { dataAnalysts, finance } = fabrikam.groups;
    const rule = (group: string, role: string, stored: string, databases?: string[]) => ({
      group,
      role,
      password: { stored },
      ...(databases === undefined ? {} : { databases }),
    });
    const off = { mode: 'off' };
    const { host, port } = world.postgres;
    latchkey = await createLatchkey(world, {
      keyFile: true,
      async configure(configuration) {
        const connection = async (name: string, protocol: string, upstream: object, rules: object[]) => ({
          name,
          protocol,
          port: await freePort(),
          askForPrograms: 'never',
          upstream: { host: '127.0.0.1', tls: off, ...upstream },
          rules,
        });
        const analysts = rule(dataAnalysts, 'sales_readonly', 'sales-readonly');
        const others = [
          await connection('two', 'postgresql', { host, port, databases: ['sales', 'payroll'] }, [
            rule(dataAnalysts, 'sales_readonly', 'sales-readonly', ['sales']),
            rule(finance, 'sales_readonly', 'sales-readonly', ['payroll']),
          ]),
          await connection('part', 'postgresql', { host, port, databases: ['payroll', 'sales'] }, [
            rule(dataAnalysts, 'sales_readonly', 'sales-readonly', ['sales']),
          ]),
          await connection('all', 'postgresql', { host, port, databases: 'any' }, [analysts]),
          await connection('shop', 'mysql', { port: shop.port, databases: [shop.database, 'stock'] }, [
            rule(dataAnalysts, 'reader', 'reader', [shop.database]),
          ]),
          await connection('stock', 'mysql', { port: shop.port, database: 'stock', databases: 'any' }, [
            rule(dataAnalysts, 'reader', 'reader'),
          ]),
          await connection(
            'ledger',
            'sqlserver',
            { port: ledger.port, databases: ['books', 'archive', 'moved'] },
            [rule(dataAnalysts, 'ledger_reader', 'reader')],
          ),
          await connection('one', 'sqlserver', { port: ledger.port, database: 'books' }, [
            rule(dataAnalysts, 'ledger_reader', 'reader'),
          ]),
        ];
        (configuration.connections as unknown[]).push(...others);
      },
    });
    await storeFirst(latchkey, 'reader', password);
    await latchkey.signIn(ada);
  });
  afterAll(() => latchkey?.close());

  /** Where the last sessions are, as the audit has it; their records follow the logins. */
  async function opened(count: number): Promise<unknown[]> {
    const records = await latchkey.audit('database-session-opened');
    return records.slice(-count).map(({ database }) => database);
  }

  async function current(token: IssuedToken, database?: string): Promise<string> {
    const client = await connect(token, database === undefined ? {} : { database });
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    await client.end();
    return rows[0]?.name ?? '';
  }

  it('PostgreSQL: psql goes from one to the other with \\c, and each login is on record with its database', async () => {
    const token = await latchkey.token('all');
    expect(token.database).toBe('postgres');
    const { stdout } = await run(
      'psql',
      [
        `host=${token.host} port=${token.port} user=${ada} dbname=sales`,
        '-AtXq',
        '-c',
        'select current_database()',
        '-c',
        '\\c payroll',
        '-c',
        'select current_database()',
      ],
      { env: { ...process.env, PGPASSWORD: token.token } },
    );
    expect(stdout.trim().split('\n')).toEqual(['sales', 'payroll']);
    await expect.poll(() => opened(2), soon).toEqual(['sales', 'payroll']);
    const refused = await refusalOf(connect(token, { database: 'nowhere' }));
    expect(refused).toMatchObject({
      sqlState: '3D000',
      message: expect.stringContaining('nowhere') as string,
    });
  });

  it('PostgreSQL: the name of the connection, or none, means its own; vacuumdb -a and pg_dumpall visit all', async () => {
    const token = await latchkey.token('all');
    expect(await current(token, 'all')).toBe('postgres');
    expect(await current(token, ada)).toBe('postgres');
    const { stderr } = await run(
      'vacuumdb',
      ['-a', '-e', '--analyze-only', '-h', token.host, '-p', String(token.port), '-U', ada],
      { env: { ...process.env, PGPASSWORD: token.token } },
    );
    expect(stderr).not.toMatch(/error|FATAL/);
    const dump = await run(
      'pg_dumpall',
      ['--no-role-passwords', '-s', '-h', token.host, '-p', String(token.port), '-U', ada],
      { env: { ...process.env, PGPASSWORD: token.token } },
    );
    expect(dump.stdout).toMatch(/\\connect payroll[^]*\\connect sales/);
  });

  it('PostgreSQL: a rule opens its databases only, by token and by handle, and the sentence names them', async () => {
    const token = await latchkey.token('two');
    expect(await current(token, 'sales')).toBe('sales');
    const refused = {
      sqlState: '42501',
      message: 'No rule of "two" lets you into the database "payroll".',
      hint: 'Name one of these instead: sales.',
    };
    expect(await refusalOf(connect(token, { database: 'payroll' }))).toEqual(refused);
    expect(await refusalOf(connect(token, { database: 'postgres' }))).toMatchObject({
      sqlState: '3D000',
      hint: 'Use one of the databases "sales", "payroll", "two".',
    });
    const { out } = await latchkey.run('saved-password', 'make', 'two');
    const handle = { ...token, token: out.split('\n')[0] ?? '' };
    expect(await current(handle, 'sales')).toBe('sales');
    expect(await refusalOf(connect(handle, { database: 'payroll' }))).toEqual(refused);
    const records = await latchkey.audit('login-refused');
    expect(records.at(-1)).toMatchObject({ code: 'database-not-allowed', database: 'payroll' });
  });

  it('PostgreSQL: a tool is given a database that the rule opens', async () => {
    const token = await latchkey.token('part');
    expect(token.database).toBe('sales');
    expect(await current(token)).toBe('sales');
    const { connections } = await latchkey.state();
    expect(connections.find(({ name }) => name === 'part')?.database).toBe('sales');
    const { out } = await latchkey.run('saved-password', 'make', 'part', '--json');
    expect(JSON.parse(out)).toMatchObject({ database: 'sales' });
  });

  it('PostgreSQL: who loses the group of a database loses the sessions there, and keeps those elsewhere', async () => {
    const membership = { groupId: fabrikam.groups.finance, memberId: fabrikam.users.ada };
    world.tenant.addMember(membership);
    try {
      await latchkey.refresh();
      const token = await latchkey.token('two');
      const kept = await connect(token, { database: 'sales' });
      const lost = await connect(token, { database: 'payroll' });
      const ended = new Promise((resolve) => lost.once('error', resolve));
      world.tenant.removeMember(membership);
      await latchkey.refresh();
      expect(await ended).toMatchObject({ message: expect.stringContaining('groups') as string });
      expect((await kept.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await kept.end();
    } finally {
      world.tenant.removeMember(membership);
    }
  });

  async function myDatabase(token: IssuedToken, database?: string): Promise<unknown> {
    const client = await mysql.createConnection({
      host: token.host,
      port: token.port,
      user: ada,
      password: token.token,
      ...(database === undefined ? {} : { database }),
    });
    const [rows] = await client.query('select database() as name');
    await client.end();
    return (rows as { name: string }[])[0]?.name;
  }

  it('MySQL: a login names any of them, or information_schema; a rule holds', async () => {
    const token = await latchkey.token('shop');
    expect(token.database).toBe(shop.database);
    expect(await myDatabase(token)).toBe(shop.database);
    expect(await myDatabase(token, 'shop')).toBe(shop.database);
    expect(await myDatabase(token, 'information_schema')).toBe('information_schema');
    await expect(myDatabase(token, 'stock')).rejects.toMatchObject({ errno: 1044 });
    await expect(myDatabase(token, 'nowhere')).rejects.toMatchObject({ errno: 1049 });
    const all = await latchkey.token('stock');
    expect(await myDatabase(all)).toBe('stock');
    expect(await myDatabase(all, shop.database)).toBe(shop.database);
    await expect(myDatabase(all, 'nowhere')).rejects.toMatchObject({ errno: 1049 });
    await expect.poll(() => opened(2), soon).toEqual(['stock', shop.database]);
  });

  it('SQL Server: a login names any of them, and the system’s own as the server decides', async () => {
    const token = await latchkey.token('ledger');
    expect(await tedious(token)).toBe('books');
    expect(await tedious(token, 'archive')).toBe('archive');
    expect(await tedious(token, 'master')).toBe('master');
    expect(await tedious(token, 'msdb')).toBe('msdb');
    expect(await tedious(token, 'tempdb')).toMatch(/^error 4060/);
    expect(await tedious(token, 'nowhere')).toMatch(/^error 4060/);
    await expect.poll(() => opened(4), soon).toEqual(['books', 'archive', 'master', 'msdb']);
    await tedious(token, '[MOVED]');
    await expect.poll(() => opened(1), soon).toEqual(['elsewhere']);
    expect((await latchkey.audit('login-allowed')).at(-1)?.database).toBe('moved');
    // Where a connection has one, drivers that name master mean no database at all.
    const one = await latchkey.token('one');
    expect(await tedious(one, 'master')).toBe('books');
    expect(await tedious(one, 'msdb')).toBe('msdb');
    expect(await tedious(one, 'archive')).toMatch(/^error 4060/);
  });

  it('MySQL: a server may move a session at its login, and the record says where it is', async () => {
    await shop.query("set global init_connect = 'use stock'");
    try {
      expect(await myDatabase(await latchkey.token('shop'), shop.database)).toBe('stock');
    } finally {
      await shop.query("set global init_connect = ''");
    }
    await expect.poll(() => opened(1), soon).toEqual(['stock']);
    expect((await latchkey.audit('login-allowed')).at(-1)?.['database']).toBe(shop.database);
  });

  it('the state shows where a session is', async () => {
    const client = await connect(await latchkey.token('all'), { database: 'sales' });
    await expect
      .poll(async () => (await latchkey.state()).databaseSessions.map(({ database }) => database), soon)
      .toContain('sales');
    await client.end();
  });
});
