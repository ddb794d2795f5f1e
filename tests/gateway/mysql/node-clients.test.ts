import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import mariadb from 'mariadb';
import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { encodeChangeUser } from '../../../main/gateway/mysql/change-user.ts';
import { nativeResponse, sha2Response } from '../../../main/gateway/mysql/proofs.ts';
import { lengthEncodedBytes, packet } from '../../../main/gateway/mysql/wire.ts';
import { mysqlGatewayTo } from './fixture.ts';
import { loginPacket, modernFlags, rawClient, rawLogin } from './raw-client.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

describeWith([mariadbParts.server, mariadbParts.install], 'MySQL clients of Node', () => {
  const server = useAll(startMariadb);
  const gateway = useAll(() => mysqlGatewayTo(server, { clientTls: true, worker: true }));

  const target = (through = gateway) => ({
    host: '127.0.0.1',
    port: through.port,
    user: through.user,
    password: through.token,
    database: through.database,
    // The connector gives up after one second by itself, which a busy machine can need.
    connectTimeout: 15_000,
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

  test('mariadb connector: TLS without an authority, where the server is MariaDB 11.4 or later', async () => {
    const newer = await startMariadb({ settings: { version: '11.8.3-MariaDB' }, tls: true });
    // The server's own signature, for its own certificate, does not reach the client.
    const ca = newer.caPem ?? '';
    const through = await mysqlGatewayTo(newer, {
      clientTls: true,
      upstream: { port: newer.port, tls: { mode: 'verify', ca } },
    });
    const client = await mariadb.createConnection({ ...target(through), ssl: true });
    expect(await client.query('select 1 as one')).toEqual([{ one: 1 }]);
    await client.end();
    // Somebody in between who does not know the token, and shows a certificate of his own.
    const { authorize } = through.gatekeeper;
    through.gatekeeper.authorize = (attempt) => {
      if (attempt.proof.kind === 'mysql-native') attempt.proof.certificate = new Uint8Array(32);
      return authorize(attempt);
    };
    await expect(mariadb.createConnection({ ...target(through), ssl: true })).rejects.toMatchObject({
      code: 'ER_SELF_SIGNED',
    });
    await through.close();
    await newer.close();
  });

  test('requireTls: in clear the server’s own error, before the proof is looked at, on record; over TLS as ever', async () => {
    const strict = await mysqlGatewayTo(server, { clientTls: true, listener: { requireTls: true } });
    const refusal = {
      errno: 3159,
      sqlState: 'HY000',
      message: expect.stringMatching(/insecure transport.*Turn encryption on/),
    };
    try {
      await expect(mysql.createConnection(target(strict))).rejects.toMatchObject(refusal);
      await expect(mariadb.createConnection({ ...target(strict), ssl: false })).rejects.toMatchObject({
        errno: 3159,
        sqlState: 'HY000',
      });
      expect(strict.proofs).toEqual([]);
      await expect.poll(() => strict.gatekeeper.rejections.length, { timeout: 10_000 }).toBe(2);
      expect(strict.gatekeeper.rejections.map(({ refusal: { problem } }) => problem.code)).toEqual([
        'tls-required',
        'tls-required',
      ]);
      const ssl = { ca: strict.caPem ?? '' };
      const first = await mariadb.createConnection({ ...target(strict), ssl });
      expect(await first.query('select 1 as one')).toMatchObject([{ one: 1 }]);
      await first.end();
      const second = await mysql.createConnection({ ...target(strict), ssl });
      await second.end();
    } finally {
      await strict.close();
    }
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

  test('statements and rows of exactly 16,777,215 bytes, which an empty packet ends, and their neighbours', async () => {
    const client = await mariadb.createConnection(target());
    for (const length of [16_777_214, 16_777_215, 16_777_216]) {
      // The command's own byte stands in front of a statement, and the length of its text in front of a row's only column.
      const around = "select length('') as n";
      const statement = around.replace("''", `'${'x'.repeat(length - 1 - around.length)}'`);
      expect(await client.query(statement)).toEqual([{ n: length - 1 - around.length }]);
      const [row] = await client.query<{ text: string }[]>(`select repeat('y', ${length - 4}) as text`);
      expect(row?.text.length).toBe(length - 4);
      expect(await client.query('select 1 as one')).toEqual([{ one: 1 }]);
    }
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
    const second = await mysql.createConnection(target());
    const byNumber = expect(second.query('select sleep(62)')).rejects.toMatchObject({ errno: 1317 });
    await untilRunning('select sleep(62)');
    await killer.execute('KILL QUERY ?', [second.threadId]);
    await byNumber;
    const traced = expect(second.query('select sleep(63)')).rejects.toMatchObject({ errno: 1317 });
    await untilRunning('select sleep(63)');
    await killer.query(`/* traceparent='00-ab' */ KILL QUERY ${second.threadId} -- stop`);
    await traced;
    const ofConnector = await mariadb.createConnection(target());
    const byConnector = expect(second.query('select sleep(64)')).rejects.toMatchObject({ errno: 1317 });
    await untilRunning('select sleep(64)');
    await ofConnector.execute('KILL QUERY ?', [second.threadId]);
    await byConnector;
    await Promise.all([second.end(), ofConnector.end()]);
    await expect(killer.query('KILL 999999999')).rejects.toMatchObject({ errno: 1094 });
    await killer.end();
  });

  test('a change of user is a reset for the same person and token', async () => {
    const client = await mysql.createConnection(target());
    for (const database of ['sales', undefined, 'shop', 'information_schema']) {
      await client.query('set @kept = 7, session sql_mode = ""');
      await client.query('use information_schema');
      await client.changeUser({ ...target(), ...(database === undefined ? {} : { database }) });
      const [[row]] = await client.query<RowDataPacket[]>(
        'select @kept as kept, database() as db, @@sql_mode = @@global.sql_mode as same, user() as user',
      );
      const db = database === 'information_schema' ? database : 'shop';
      expect(row).toEqual({ kept: null, db, same: 1, user: `${server.user}@127.0.0.1` });
    }
    expect((await client.query("select 'ä' as letter"))[0]).toEqual([{ letter: 'ä' }]);
    await client.end();
    const connector = await mariadb.createConnection(target());
    await connector.query('set @kept = 7');
    await connector.changeUser({ ...target() });
    expect(await connector.query('select @kept as kept')).toEqual([{ kept: null }]);
    await connector.end();
  });

  test.each(['mysql_native_password', 'caching_sha2_password'] as const)(
    'a change of user, shown by %s, with what comes behind it at once',
    async (plugin) => {
      const respond = plugin === 'mysql_native_password' ? nativeResponse : sha2Response;
      const client = await rawClient(gateway.port);
      const response = respond(gateway.token, client.greeting.scramble);
      client.send(1, loginPacket(client.greeting, '', undefined, { plugin, response }));
      const login = plugin === 'mysql_native_password' ? 1 : 2;
      await client.packets(login);
      const asked = { user: gateway.user, database: 'sales', charset: 45, attributes: Buffer.alloc(0) };
      const again = encodeChangeUser({ ...asked, plugin, response }, modernFlags);
      client.socket.write(Buffer.concat([packet(0, again), packet(0, Buffer.from('\u0003do 1'))]));
      const all = (await client.packets(login * 2 + 1)).slice(login);
      const fast = login === 2 ? [[1, 1]] : [];
      expect(all.map(({ sequence, payload }) => [sequence, payload[0]])).toEqual([
        ...fast,
        [login, 0],
        [1, 0],
      ]);
      client.socket.destroy();
    },
  );

  test('a change of user and a reset keep what the rule limits', async () => {
    const { user, password, database } = server;
    const limited = await mysqlGatewayTo(server, { login: { user, password, database, readOnly: true } });
    const client = await mysql.createConnection(target(limited));
    await client.changeUser(target(limited));
    await expect(client.query('create table limited (a int)')).rejects.toMatchObject({ errno: 1792 });
    await client.end();
    const connector = await mariadb.createConnection(target(limited));
    for (let count = 0; count < 3; count += 1) {
      await connector.query('set @kept = 7');
      await connector.reset();
      expect(await connector.query('select @kept as kept')).toEqual([{ kept: null }]);
      await expect(connector.query('create table limited (a int)')).rejects.toMatchObject({ errno: 1792 });
    }
    await connector.end();
    await limited.close();
  });

  test('a change of user with another token, or to another user', async () => {
    const client = await mysql.createConnection(target());
    await expect(client.changeUser({ user: 'root', password: '' })).rejects.toMatchObject({
      errno: 1235,
      sqlState: '42000',
      message: 'Latchkey does not pass a change to another user on. Open a new connection instead.',
    });
    client.destroy();
    const wrong = await mysql.createConnection(target());
    wrong.on('error', () => undefined);
    await expect(wrong.changeUser({ ...target(), password: 'lk_other' })).rejects.toMatchObject({
      errno: 1927,
      message: expect.stringContaining('only with the token that has opened it') as string,
    });
    await expect(wrong.query('select 1')).rejects.toThrow();
  });

  test('a reset passes', async () => {
    const other = await mariadb.createConnection({ ...target(), bigIntAsNumber: true });
    await other.query('set @kept = 7');
    await other.reset();
    const reset = await other.query<{ kept: number | null }[]>('select @kept as kept');
    expect(reset[0]).toEqual({ kept: null });
    await other.end();
  });

  test('connection attributes of 64 KB, as many as the server takes', async () => {
    const pair = (name: string, value: string) =>
      Buffer.concat([lengthEncodedBytes(Buffer.from(name)), lengthEncodedBytes(Buffer.from(value))]);
    const attributes = Buffer.concat([pair('program_name', 'large'), pair('what', 'x'.repeat(65_000))]);
    const opened = gateway.gatekeeper.attempts.length;
    const client = await rawLogin(gateway.port, gateway.token, undefined, { attributes });
    expect(gateway.gatekeeper.attempts[opened]).toMatchObject({ program: 'large' });
    client.socket.destroy();
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
