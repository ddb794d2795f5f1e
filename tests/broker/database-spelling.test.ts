import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { Connection, Request } from 'tedious';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, soon, startWorld, storeFirst, type Latchkey } from '../support/latchkey.ts';
import { mariadbParts, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';

describeWith([parts.postgres, mariadbParts.server], 'names of databases that differ in case only', () => {
  let latchkey: Latchkey;
  const password = randomBytes(18).toString('base64url');
  const logins = { reader: password, writer: password };

  const world = useAll(startWorld);
  const exact = useAll(() =>
    startTdsServer({
      logins,
      databases: ['Sales', 'sales', 'SALES', 'master'],
      collation: 'Latin1_General_100_CS_AS',
    }),
  );
  const folding = useAll(() =>
    startTdsServer({
      logins,
      databases: ['Sales', 'master'],
      collation: 'Latin1_General_100_CI_AS_SC_UTF8',
    }),
  );
  const silent = useAll(() =>
    startTdsServer({ logins, databases: ['Sales', 'master'], collation: 'says nothing' }),
  );
  const myExact = useAll(() => startMariadb({ settings: { 'lower-case-table-names': '0' } }));
  const myFolding = useAll(() => startMariadb({ settings: { 'lower-case-table-names': '1' } }));

  beforeAll(async () => {
    for (const server of [myExact, myFolding]) {
      await server.query(`create user reader@'127.0.0.1' identified by '${password}'`);
      await server.query(`grant select on *.* to reader@'127.0.0.1'`);
      await server.query('create database stock');
    }
    await myExact.query('create database Stock');
    const rule = (role: string, ...databases: string[]) => ({
      group: fabrikam.groups.dataAnalysts,
      role,
      password: { stored: 'reader' },
      ...(databases.length === 0 ? {} : { databases }),
    });
    latchkey = await createLatchkey(world, {
      keyFile: true,
      async configure(configuration) {
        const add = async (name: string, protocol: string, upstream: object, ...rules: object[]) =>
          (configuration.connections as unknown[]).push({
            name,
            protocol,
            port: await freePort(),
            askForPrograms: 'never',
            upstream: { host: '127.0.0.1', tls: { mode: 'off' }, ...upstream },
            rules,
          });
        const any = ({ port }: { port: number }) => ({ port, databases: 'any' });
        await add('exact', 'sqlserver', any(exact), rule('reader', 'Sales'));
        await add('both', 'sqlserver', any(exact), rule('reader', 'Sales'), rule('writer'));
        const listed = { port: exact.port, databases: ['Sales', 'sales'] };
        await add('listed', 'sqlserver', listed, rule('reader', 'Sales'), rule('writer', 'sales'));
        await add('folding', 'sqlserver', any(folding), rule('reader', 'Sales'), rule('writer'));
        await add('silent', 'sqlserver', any(silent), rule('reader', 'Sales'));
        await add('silent-one', 'sqlserver', { port: silent.port, database: 'Sales' }, rule('reader'));
        await add('my-exact', 'mysql', any(myExact), rule('reader', 'stock'));
        await add('my-folding', 'mysql', any(myFolding), rule('reader', 'stock'));
      },
    });
    await storeFirst(latchkey, 'reader', password);
    await latchkey.signIn(ada);
  });
  afterAll(() => latchkey?.close());

  /** Where a login is and as whom, or its error. */
  async function ask(connection: string, database: string, role = 'reader'): Promise<string> {
    const { port, username, token } = await latchkey.token({ connection, role });
    return new Promise((resolve) => {
      const client = new Connection({
        server: '127.0.0.1',
        authentication: { type: 'default', options: { userName: username, password: token } },
        options: { port, encrypt: false, database, maxRetriesOnTransientErrors: 0 },
      });
      let number = 0;
      client.on('errorMessage', (message) => (number = message.number));
      client.on('error', () => undefined);
      client.connect((error?: Error) => {
        if (error !== undefined) {
          resolve(`${number} ${error.message}`);
          return;
        }
        let found = '';
        const request = new Request('select db_name(); select suser_sname()', () => {
          client.close();
          resolve(found.trim());
        });
        request.on('row', (columns: { value: unknown }[]) => (found += ` ${String(columns[0]?.value)}`));
        client.execSqlBatch(request);
      });
    });
  }

  const opened = ({ logins }: { logins: { database: string }[] }) => logins.map(({ database }) => database);

  it('SQL Server that tells case apart: a rule opens its own spelling, and the first login that finds out is refused', async () => {
    expect(await ask('exact', 'sales')).toMatch(/^4060 .*"sales" is not "Sales" on this server/);
    expect(await ask('exact', 'sales')).toMatch(
      /^4060 .*No rule of "exact" lets you into the database "sales"/,
    );
    expect(await ask('exact', 'Sales')).toBe('Sales reader');
    expect(await ask('exact', '[Sales] ')).toBe('Sales reader');
    expect(opened(exact)).not.toContain('sales');
    const ended = await latchkey.audit('database-session-ended');
    expect(ended.at(0)).toMatchObject({ reason: 'never-opened', code: 'database-not-allowed' });
  });

  it('SQL Server that tells case apart: the rule for the other spelling counts, once the server has told', async () => {
    expect(await ask('both', 'SALES', 'writer')).toBe('SALES writer');
    expect(await ask('both', 'sales')).toMatch(/^4060 /);
    expect(await ask('both', 'sales', 'writer')).toBe('sales writer');
    expect(await ask('both', 'MASTER')).toMatch(/^4060 /);
    expect(await ask('both', 'master')).toBe('master reader');
  });

  it('SQL Server that tells case apart: two databases in the list are two', async () => {
    expect(await ask('listed', 'Sales')).toBe('Sales reader');
    expect(await ask('listed', 'sales', 'writer')).toBe('sales writer');
    expect(await ask('listed', 'Sales', 'writer')).toMatch(/^4060 /);
    expect(await ask('listed', 'sales')).toMatch(/^4060 /);
    expect(await ask('listed', 'SALES')).toMatch(/^4060 .*There is no database "SALES" at this port/);
    // The name of the connection is none of the server's.
    expect(await ask('listed', 'LISTED')).toBe('Sales reader');
  });

  it('SQL Server that folds case: any spelling is the rule’s database', async () => {
    for (const name of ['SALES', 'sales', '[sAlEs] ', 'Sales'])
      expect(await ask('folding', name)).toBe('Sales reader');
    expect(await ask('folding', 'MASTER')).toBe('master reader');
    // Accents count by most collations, and so do they here.
    expect(await ask('folding', 'Sálès')).toMatch(/^4060 /);
    await expect
      .poll(async () => (await latchkey.audit('login-allowed')).at(-1)?.database, soon)
      .toBe('master');
  });

  it('SQL Server that does not say how it compares: for rules exactly', async () => {
    expect(await ask('silent', 'SALES')).toMatch(/^4060 /);
    expect(await ask('silent', 'Sales')).toBe('Sales reader');
    expect(await ask('silent-one', 'SALES')).toBe('Sales reader');
  });

  async function myDatabase(connection: string, database: string): Promise<unknown> {
    const { host, port, username, token } = await latchkey.token({ connection, role: 'reader' });
    const client = await mysql.createConnection({ host, port, user: username, password: token, database });
    const [rows] = await client.query('select database() as name');
    await client.end();
    return (rows as { name: string }[])[0]?.name;
  }

  it('MySQL, lower_case_table_names = 0: exactly, before and after the server has told', async () => {
    const refused = { errno: 1044 };
    await expect(myDatabase('my-exact', 'Stock')).rejects.toMatchObject(refused);
    expect(await myDatabase('my-exact', 'stock')).toBe('stock');
    await expect(myDatabase('my-exact', 'Stock')).rejects.toMatchObject(refused);
    await expect(myDatabase('my-exact', 'MYSQL')).rejects.toMatchObject(refused);
    expect(await myDatabase('my-exact', 'INFORMATION_SCHEMA')).toBe('information_schema');
  });

  it('MySQL, lower_case_table_names = 1: any spelling is the rule’s database', async () => {
    for (const name of ['STOCK', 'Stock', 'stock'])
      expect(await myDatabase('my-folding', name)).toBe('stock');
    expect(await myDatabase('my-folding', 'INFORMATION_SCHEMA')).toBe('information_schema');
    await expect(myDatabase('my-folding', 'SHOP')).rejects.toMatchObject({ errno: 1044 });
  });
});
