import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import mariadb from 'mariadb';
import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MariadbServer, mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { type MysqlGateway, mysqlGatewayTo } from './fixture.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

describeWith([mariadbParts.server, mariadbParts.install], 'MySQL clients of Node', () => {
  let server: MariadbServer;
  let gateway: MysqlGateway;
  beforeAll(async () => {
    server = await startMariadb();
    gateway = await mysqlGatewayTo(server, { clientTls: true, worker: true });
  });
  afterAll(async () => {
    await gateway.close();
    await server.close();
  });

  const target = (through = gateway) => ({
    host: '127.0.0.1',
    port: through.port,
    user: through.user,
    password: through.token,
    database: through.database,
  });

  test('mysql2: the upstream user, a thread id of our own, and the program in the attempt', async () => {
    const client = await mysql.createConnection({
      ...target(),
      connectAttributes: { program_name: 'monthly report' },
    });
    const [rows] = await client.query<RowDataPacket[]>(
      'select current_user() as user, database() as db, connection_id() as id',
    );
    expect(rows[0]).toMatchObject({ user: `${server.user}@127.0.0.1`, db: server.database });
    expect(client.threadId).toBeGreaterThanOrEqual(2 ** 30);
    expect(rows[0]?.['id']).toBeLessThan(2 ** 20);
    await client.end();
    expect(gateway.gatekeeper.attempts.at(-1)).toMatchObject({
      connection: 'sales',
      clientUser: gateway.user,
      database: 'sales',
      program: 'monthly report',
    });
  });

  test('mysql2: prepared statements, NULL in the first column, transactions', async () => {
    const client = await mysql.createConnection(target());
    await client.query('create or replace table items (id int auto_increment primary key, name text)');
    const [inserted] = await client.execute<ResultSetHeader>('insert into items (name) values (?), (?)', [
      'ä€🚀',
      null,
    ]);
    expect(inserted).toMatchObject({ affectedRows: 2, insertId: 1 });
    // The text protocol writes NULL as the byte that a request for a file begins with.
    const statement = 'select null as nothing, name from items order by id';
    const answers = [
      await client.query<RowDataPacket[]>(statement),
      await client.execute<RowDataPacket[]>(statement),
    ];
    for (const [rows] of answers) {
      expect(rows).toEqual([
        { nothing: null, name: 'ä€🚀' },
        { nothing: null, name: null },
      ]);
    }
    await client.beginTransaction();
    await client.query('delete from items');
    await client.rollback();
    const [count] = await client.query<RowDataPacket[]>('select count(*) as n from items');
    expect(count[0]?.['n']).toBe(2);
    await expect(client.query('select * from nothing_of_that_name')).rejects.toMatchObject({
      errno: 1146,
      sqlState: '42S02',
    });
    await client.end();
  });

  test('mysql2: several statements, several results, out parameters', async () => {
    const client = await mysql.createConnection({ ...target(), multipleStatements: true });
    const [results] = await client.query<RowDataPacket[][]>(
      'select null; select 2 as b; do 1; select null, 4',
    );
    expect(results.map((rows) => (Array.isArray(rows) ? rows.length : 'ok'))).toEqual([1, 1, 'ok', 1]);
    await client.query(
      'create or replace procedure two_results(out answer int) begin select null; select 1 where false; set answer = 42; end',
    );
    const [called] = await client.query<RowDataPacket[][]>(
      'call two_results(@answer); select @answer as answer',
    );
    expect(called.at(-1)).toEqual([{ answer: 42 }]);
    await expect(client.query('select 1; select no_such_column; select 3')).rejects.toMatchObject({
      errno: 1054,
    });
    const [after] = await client.query<RowDataPacket[]>('select 5 as five');
    expect(after).toEqual([{ five: 5 }]);
    await client.end();
  });

  test('mariadb connector: prepared statements, batches, and statements that are sent without waiting', async () => {
    const client = await mariadb.createConnection({ ...target(), bigIntAsNumber: true });
    await client.query('create or replace table numbers (a int, b text)');
    const batch = Array.from({ length: 500 }, (_, index) => [index, index % 2 === 0 ? null : `row ${index}`]);
    expect(await client.batch('insert into numbers values (?, ?)', batch)).toMatchObject({
      affectedRows: 500,
    });
    const answers: unknown[] = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        index % 2 === 0
          ? client.query('select null, ? as n', [index])
          : client.execute('select a, b from numbers where a = ?', [index]),
      ),
    );
    expect(answers.map((rows) => (rows as unknown[]).length)).toEqual(answers.map(() => 1));
    const rows = await client.query<{ n: number }[]>('select sum(a) as n from numbers');
    expect(Number(rows[0]?.n)).toBe((499 * 500) / 2);
    await client.end();
  });

  test('mariadb connector: over TLS, with the certificate verified', async () => {
    const client = await mariadb.createConnection({ ...target(), ssl: { ca: gateway.caPem ?? '' } });
    const rows = await client.query<{ one: number }[]>('select 1 as one');
    expect(rows[0]?.one).toBe(1);
    await client.end();
  });

  test('mysql2 over TLS; a certificate of somebody else is refused by the client', async () => {
    const client = await mysql.createConnection({ ...target(), ssl: { ca: gateway.caPem ?? '' } });
    const [rows] = await client.query<RowDataPacket[]>("select repeat('x', 1000000) as text");
    expect(rows[0]?.['text']).toHaveLength(1_000_000);
    await client.end();
    await expect(mysql.createConnection({ ...target(), ssl: {} })).rejects.toThrow(/certificate/);
  });

  test('a gigantic result and a gigantic statement arrive as they were sent', async () => {
    const client = await mysql.createConnection(target());
    // Above 16 MB a payload is continued in further packets, in both directions.
    const [rows] = await client.query<RowDataPacket[]>("select repeat('abcdefgh', 2500000) as text");
    const text = String(rows[0]?.['text']);
    expect(digest(text)).toBe(digest('abcdefgh'.repeat(2_500_000)));
    const [echo] = await client.query<RowDataPacket[]>('select md5(?) as md5, length(?) as length', [
      text.slice(0, 17_600_000),
      'x',
    ]);
    const md5 = createHash('md5').update('abcdefgh'.repeat(2_200_000)).digest('hex');
    expect(echo[0]).toEqual({ md5, length: 1 });
    const [many] = await client.query<RowDataPacket[]>(
      "select null as nothing, seq, repeat('y', 100) as text from seq_1_to_50000",
    );
    expect(many).toHaveLength(50_000);
    expect(many.at(-1)).toEqual({ nothing: null, seq: 50_000, text: 'y'.repeat(100) });
    await client.end();
  });

  test('a file of the client is not to be had, and is where the configuration allows it', async () => {
    const client = await mysql.createConnection(target());
    await client.query('create or replace table loaded (a int, b varchar(100))');
    const load = (connection: mysql.Connection) =>
      connection.query<ResultSetHeader>({
        sql: "load data local infile 'data.csv' into table loaded fields terminated by ','",
        infileStreamFactory: () =>
          Readable.from([Buffer.from('1,one\n2,two\n3,\x03KILL\n'), Buffer.alloc(99_999, '4,\n')]),
      });
    await expect(load(client)).rejects.toMatchObject({ errno: 4166 });
    expect((await client.query('select 1'))[0]).toHaveLength(1);
    await client.end();

    const allowing = await mysqlGatewayTo(server, { listener: { localInfile: true } });
    const allowed = await mysql.createConnection(target(allowing));
    const [{ affectedRows }] = await load(allowed);
    expect(affectedRows).toBe(33_336);
    const [rows] = await allowed.query<RowDataPacket[]>('select b from loaded where a < 4 order by a');
    expect(rows.map((row) => row['b'] as string)).toEqual(['one', 'two', '\x03KILL']);
    await allowed.end();
    await allowing.close();
  });

  test('KILL QUERY with our thread id stops the statement; KILL with it ends the session', async () => {
    const victim = await mysql.createConnection(target());
    victim.on('error', () => undefined);
    const killer = await mysql.createConnection(target());
    const interrupted = expect(victim.query('select sleep(60)')).rejects.toMatchObject({ errno: 1317 });
    await untilRunning('select sleep(60)');
    await killer.query(`KILL QUERY ${victim.threadId}`);
    await interrupted;
    expect((await victim.query('select 1'))[0]).toHaveLength(1);
    const again = victim.query('select sleep(61)');
    const failed = expect(again).rejects.toThrow();
    await untilRunning('select sleep(61)');
    await killer.query(`kill ${victim.threadId};`);
    await failed;
    await expect(killer.query('KILL 999999999')).rejects.toMatchObject({ errno: 1094 });
    await killer.end();
  });

  test('a change of user is answered with a sentence; a reset passes', async () => {
    const client = await mysql.createConnection(target());
    await expect(client.changeUser({ user: 'root', password: '' })).rejects.toMatchObject({
      errno: 1235,
      sqlState: '42000',
      message: 'Latchkey does not pass a change of user on. Open a new connection instead.',
    });
    client.destroy();

    const other = await mariadb.createConnection({ ...target(), bigIntAsNumber: true });
    await other.query('set @kept = 7');
    await other.reset();
    const reset = await other.query<{ kept: number | null }[]>('select @kept as kept');
    expect(reset[0]).toEqual({ kept: null });
    await other.end();
  });

  test('50 logins at once, and pools', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => mysql.createConnection(target())));
    const ids = clients.map((client) => client.threadId);
    expect(new Set(ids).size).toBe(50);
    const answers = await Promise.all(
      clients.map((client, index) => client.query<RowDataPacket[]>('select ? as n', [index])),
    );
    expect(answers.map(([rows]) => rows[0]?.['n'] as number)).toEqual(clients.map((_, index) => index));
    await Promise.all(clients.map((client) => client.end()));

    const pool = mariadb.createPool({ ...target(), connectionLimit: 10, resetAfterUse: true });
    const sums = await Promise.all(Array.from({ length: 300 }, () => pool.query<unknown[]>('select null')));
    expect(sums.every((rows) => rows.length === 1)).toBe(true);
    await pool.end();
    const { opened, ended } = gateway.gatekeeper;
    await expect.poll(() => opened.filter((id) => !ended.some((end) => end.sessionId === id))).toEqual([]);
  });

  test('the greeting cost the server one connection without a login, whatever the number of clients', async () => {
    const own = await mysqlGatewayTo(server);
    const before = await abortedConnects();
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await mysql.createConnection(target(own));
        await client.end();
      }),
    );
    await expect.poll(async () => (await abortedConnects()) - before).toBe(1);
    await own.close();
  });

  test('nothing was a fault of the gateway', () => {
    expect(gateway.log).toEqual([]);
  });

  async function abortedConnects(): Promise<number> {
    const [row] = await server.query("show global status like 'Aborted_connects_preauth'");
    return Number(row?.['Value']);
  }

  async function untilRunning(statement: string): Promise<void> {
    await expect
      .poll(
        async () =>
          (await server.query(`select 1 from information_schema.processlist where info like '${statement}%'`))
            .length,
        { timeout: 20_000 },
      )
      .toBe(1);
  }
});
