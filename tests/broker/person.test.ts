import { randomBytes } from 'node:crypto';
import mysql, { type ConnectionOptions, type RowDataPacket } from 'mysql2/promise';
import { Connection } from 'tedious';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { connect, createLatchkey, startWorld, storeFirst, type Latchkey } from '../support/latchkey.ts';
import { mariadbParts, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';

describeWith([parts.postgres, mariadbParts.server], 'the server’s own log names the person', () => {
  let latchkey: Latchkey;
  const password = randomBytes(18).toString('base64url');

  const world = useAll(startWorld);
  const shop = useAll(() => startMariadb({ settings: { 'performance-schema': 'ON' } }));
  const ledger = useAll(() => startTdsServer({ logins: { reader: password }, databases: ['books'] }));
  beforeAll(async () => {
    await shop.query(`create user reader@'127.0.0.1' identified by '${password}'`);
    await shop.query(`grant select on *.* to reader@'127.0.0.1'`);
    const { dataAnalysts: group } = fabrikam.groups;
    const { host, port } = world.postgres;
    const tls = { mode: 'off' };
    latchkey = await createLatchkey(world, {
      keyFile: true,
      async configure(configuration) {
        const connection = async (name: string, protocol: string, upstream: object, rule: object) => ({
          name,
          protocol,
          port: await freePort(),
          askForPrograms: 'never',
          upstream: { host: '127.0.0.1', tls, ...upstream },
          rules: [{ group, role: 'reader', password: { stored: 'reader' }, ...rule }],
        });
        const postgres = { role: 'sales_readonly', password: { stored: 'sales-readonly' } };
        const own = await connection(
          'own',
          'postgresql',
          { host, port, database: 'sales' },
          { ...postgres, personSetting: 'latchkey.person' },
        );
        (configuration.connections as unknown[]).push(
          own,
          {
            ...own,
            name: 'quiet',
            port: await freePort(),
            nameInLog: 'off',
            rules: [{ group, ...postgres }],
          },
          await connection('shop', 'mysql', { port: shop.port, database: shop.database }, {}),
          await connection('ledger', 'sqlserver', { port: ledger.port, database: 'books' }, {}),
        );
      },
    });
    await storeFirst(latchkey, 'reader', password);
    await latchkey.signIn(ada);
  });
  afterAll(() => latchkey?.close());

  const lastSession = async (): Promise<string> =>
    String((await latchkey.audit('login-allowed')).at(-1)?.['databaseSessionId']).slice(0, 8);

  it('PostgreSQL: application_name, and the setting that a rule names, which the client’s own cannot outdo', async () => {
    const client = await connect(await latchkey.token('own'), {
      application_name: 'report',
      options: '-c application_name=eve -c latchkey.person=eve',
    });
    const { rows } = await client.query(
      "select application_name as name, current_setting('latchkey.person') as person from pg_stat_activity where pid = pg_backend_pid()",
    );
    expect(rows).toEqual([{ name: `latchkey:${ada}:${await lastSession()} report`, person: ada }]);
    await client.end();
  });

  it('PostgreSQL: nothing where the connection turns it off', async () => {
    const client = await connect(await latchkey.token('quiet'), { application_name: 'report' });
    const { rows } = await client.query(
      "select current_setting('application_name') as name, current_setting('latchkey.person', true) as person",
    );
    expect(rows).toEqual([{ name: 'report', person: null }]);
    await client.end();
  });

  it('MariaDB: connection attributes', async () => {
    const token = await latchkey.token('shop');
    const client = await mysql.createConnection({
      host: token.host,
      port: token.port,
      user: ada,
      password: token.token,
      connectAttributes: { program_name: 'report', latchkey_person: 'eve' },
    });
    const seen = async (): Promise<unknown> => {
      const [rows] = await client.query<RowDataPacket[]>('select connection_id() as id');
      const attributes = await shop.query(
        `select concat(attr_name, '=', attr_value) as pair from performance_schema.session_connect_attrs where processlist_id = ${rows[0]?.['id']} and (attr_name like 'latchkey%' or attr_name = 'program_name') order by 1`,
      );
      return attributes.map(({ pair }) => pair);
    };
    const session = `latchkey_session=${await lastSession()}`;
    expect(await seen()).toEqual([`latchkey_person=${ada}`, session, 'program_name=report']);
    // A change of user begins the session anew, with the attributes that come with it.
    await client.changeUser({
      user: ada,
      password: token.token,
      connectAttributes: { program_name: 'audit', latchkey_person: 'eve' },
    } as ConnectionOptions);
    expect(await seen()).toEqual(expect.arrayContaining([`latchkey_person=${ada}`, session]));
    expect(JSON.stringify(await seen())).not.toContain('eve');
    await client.query('do 1');
    await client.end();
  });

  it('SQL Server: the program’s name', async () => {
    const token = await latchkey.token('ledger');
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'default', options: { userName: ada, password: token.token } },
      options: { port: token.port, encrypt: false, appName: 'report' },
    });
    await new Promise<void>((resolve, reject) => {
      connection.connect((error?: Error) => (error === undefined ? resolve() : reject(error)));
    });
    connection.close();
    expect(ledger.logins.at(-1)?.program).toBe(`latchkey:${ada}:${await lastSession()} report`);
  });
});
