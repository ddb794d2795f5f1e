import mariadb from 'mariadb';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { mariadbParts, patient, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { type MysqlGateway, type MysqlGatewayOptions, mysqlGatewayTo } from './fixture.ts';
import { lastError, loginPacket, packets, rawClient, rawLogin } from './raw-client.ts';

const reason = 'Your directory groups no longer allow this.';

describeWith([mariadbParts.server, mariadbParts.install], 'a MySQL session and its server', () => {
  let gateway: MysqlGateway;
  const others: MysqlGateway[] = [];
  const server = useAll(() => startMariadb({ tls: true }));
  beforeAll(async () => {
    await server.query("install soname 'auth_ed25519'");
    await server.query(
      "create user edward@'127.0.0.1' identified via ed25519 using password('a much longer password than 32 bytes: äöü')",
    );
    await server.query("create user socketeer@'localhost' identified by 'through the socket'");
    await server.query("create user few@'127.0.0.1' identified by 'x' with max_user_connections 1");
    await server.query("grant select on shop.* to few@'127.0.0.1'");
    await server.query("grant select on shop.* to edward@'127.0.0.1'");
    gateway = await mysqlGatewayTo(server);
  });
  afterEach(async () => {
    await Promise.all(others.splice(0).map((each) => each.close()));
  });
  afterAll(() => gateway.close());

  const gatewayWith = async (options: Partial<MysqlGatewayOptions>): Promise<MysqlGateway> => {
    const opened = await mysqlGatewayTo(server, options);
    others.push(opened);
    return opened;
  };
  const connect = (through = gateway): Promise<mysql.Connection> =>
    mysql.createConnection({
      host: '127.0.0.1',
      port: through.port,
      user: through.user,
      password: through.token,
      database: through.database,
    });
  const ask = async (through: MysqlGateway, sql: string): Promise<RowDataPacket | undefined> => {
    const client = await connect(through);
    const [rows] = await client.query<RowDataPacket[]>(sql);
    await client.end();
    return rows[0];
  };
  const login = (user: string, password?: string, database = 'shop') => ({
    user,
    database,
    ...(password === undefined ? {} : { password }),
  });

  test('verified TLS', async () => {
    const secure = await gatewayWith({
      upstream: { port: server.port, tls: { mode: 'verify', ca: server.caPem ?? '' } },
    });
    expect(await ask(secure, "show session status like 'Ssl_version'")).toMatchObject({ Value: 'TLSv1.3' });
    expect(await ask(secure, 'select database() as db')).toEqual({ db: server.database });
    expect(await ask(gateway, "show session status like 'Ssl_version'")).toMatchObject({ Value: '' });
  });

  test.each([
    [
      'another authority',
      async () => ({ ca: (await createTestAuthority()).caPem }),
      /not issued by an authority that is trusted/,
    ],
    [
      'another name',
      async () => ({ ca: server.caPem ?? '', serverName: 'db.example.net' }),
      /is not for the name "db\.example\.net"/,
    ],
  ])('TLS with %s: nobody gets in, and no login is tried', async (_name, tls, message) => {
    const wary = await gatewayWith({
      upstream: { port: server.port, tls: { mode: 'verify', ...(await tls()) } },
    });
    const before = await accessDenied();
    await expect(connect(wary)).rejects.toMatchObject({
      errno: 1105,
      message: expect.stringMatching(message) as string,
    });
    expect(await accessDenied()).toBe(before);
  });

  test('client_ed25519, with a password of any length', async () => {
    const edward = await gatewayWith({ login: login('edward', 'a much longer password than 32 bytes: äöü') });
    for (let count = 0; count < 20; count += 1)
      expect(await ask(edward, 'select current_user() as me')).toEqual({ me: 'edward@127.0.0.1' });
    const wrong = await gatewayWith({ login: login('edward', 'wrong') });
    await expect(connect(wrong)).rejects.toThrow(/refused the login: Access denied for user 'edward'/);
  });

  test('a user with several methods, of which the last is the right one', async () => {
    await server.query(
      "create user choosy@'127.0.0.1' identified via ed25519 using password('another') or mysql_native_password using password('a third') or ed25519 using password('the right one')",
    );
    await server.query("grant select on shop.* to choosy@'127.0.0.1'");
    const choosy = await gatewayWith({ login: login('choosy', 'the right one') });
    expect(await ask(choosy, 'select current_user() as me')).toEqual({ me: 'choosy@127.0.0.1' });
    const wrong = await gatewayWith({ login: login('choosy', 'wrong') });
    await expect(connect(wrong)).rejects.toThrow(/refused the login: Access denied for user 'choosy'/);
  });

  test('a unix socket', async () => {
    const local = await gatewayWith({
      upstream: { port: server.port, socketPath: server.socketPath },
      login: login('socketeer', 'through the socket', ''),
    });
    expect(await ask(local, 'select current_user() as me, database() as db')).toEqual({
      me: 'socketeer@localhost',
      db: null,
    });
  });

  test.each([
    [
      'a wrong password',
      login('reporting', 'wrong'),
      1105,
      /refused the login: Access denied for user 'reporting'/,
    ],
    ['no password', login('reporting'), 1105, /refused the login: Access denied for user 'reporting'/],
    [
      'a database that is not there',
      undefined,
      1049,
      /refused the login: Unknown database 'payroll'\. Correct upstream\.database/,
    ],
  ])('%s upstream: a sentence, and no question for another token', async (_name, as, errno, message) => {
    const failing = await gatewayWith({ login: as ?? login(server.user, server.password, 'payroll') });
    await expect(connect(failing)).rejects.toMatchObject({
      errno,
      message: expect.stringMatching(message) as string,
    });
    expect(failing.gatekeeper.ended).toMatchObject([
      { reason: 'never-opened', problem: { code: 'upstream-login-failed' } },
    ]);
  });

  test('too many connections of the upstream user', async () => {
    const few = await gatewayWith({ login: login('few', 'x') });
    const first = await connect(few);
    await expect(connect(few)).rejects.toMatchObject({ errno: 1226, sqlState: '42000' });
    await first.end();
  });

  test('more sessions than the listener may have', async () => {
    const narrow = await gatewayWith({ listener: { maxSessions: 1 } });
    const first = await connect(narrow);
    await expect(connect(narrow)).rejects.toMatchObject({
      errno: 1040,
      message: expect.stringMatching(/already has its 1 sessions/) as string,
    });
    await first.end();
  });

  test('a refusal of the broker, as it is', async () => {
    gateway.gatekeeper.refuseWith({
      sqlState: '28000',
      problem: { code: 'token-expired', message: 'The token has expired.', remedy: 'Copy a new one.' },
    });
    await expect(connect()).rejects.toMatchObject({
      errno: 1045,
      sqlState: '28000',
      message: 'The token has expired. Copy a new one.',
    });
    gateway.gatekeeper.refuseWith({
      sqlState: 'XX000',
      problem: { code: 'internal', message: 'ä'.repeat(600) },
    });
    const long: Error = await connect().then(
      () => new Error('let in'),
      (error: Error) => error,
    );
    expect(long.message).toMatch(/^ä{250,255}…$/);
    gateway.gatekeeper.refuseWith(undefined);
  });

  test('a server that is not there', async () => {
    const lost = await gatewayWith({ upstream: { port: await freePort() } });
    await expect(connect(lost)).rejects.toThrow(/refused the connection/);
    const raw = await rawClient(lost.port).catch((error: unknown) => error);
    expect(raw).toBeInstanceOf(Error);
  });

  test('an idle session is cut: the client reads why', async () => {
    const opened = gateway.gatekeeper.nextOpened();
    const client = await rawLogin(gateway.port, gateway.token);
    const sessionId = await opened;
    gateway.host.cut([sessionId, 'unknown-session'], reason);
    await client.socket.closed();
    expect(lastError(client.received())).toEqual({
      number: 1927,
      sqlState: '08S01',
      message: reason,
      sequence: 1,
    });
    expect(await gateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut', bytesFromClient: 0 });
    await expect.poll(threads, { timeout: 20_000 }).toBe(0);
    client.socket.destroy();
  });

  test.each(['mysql2', 'mariadb'])(
    '%s reports the reason when it is cut in the middle of a statement',
    async (name) => {
      const opened = gateway.gatekeeper.nextOpened();
      const query = name === 'mysql2' ? await ofMysql2() : await ofConnector();
      const sessionId = await opened;
      const failed = expect(query('select sleep(60)')).rejects.toMatchObject({
        errno: 1927,
        message: expect.stringContaining(reason) as string,
      });
      await untilRunning('select sleep(60)');
      gateway.host.cut([sessionId], reason);
      await failed;
      await expect.poll(threads, { timeout: 20_000 }).toBe(0);
    },
  );

  test.each(['plain', 'TLS'])(
    'a statement that is cut is not finished and not committed (%s)',
    async (kind) => {
      const secure = { port: server.port, tls: { mode: 'verify' as const, ca: server.caPem ?? '' } };
      const through = kind === 'TLS' ? await gatewayWith({ upstream: secure }) : gateway;
      await server.query('create or replace table shop.slow (a int)');
      const opened = through.gatekeeper.nextOpened();
      const client = await connect(through);
      const sessionId = await opened;
      const failed = expect(
        client.query('insert into slow select seq from seq_1_to_1000000 where sleep(0.01) = 0'),
      ).rejects.toThrow();
      await untilRunning('insert into slow');
      through.host.cut([sessionId], reason);
      await failed;
      await expect.poll(threads, { timeout: 20_000 }).toBe(0);
      expect(await server.query('select count(*) as n from shop.slow')).toEqual([{ n: 0 }]);
    },
  );

  test('in the middle of a result every packet that arrived is whole, and nothing is put into one', async () => {
    const opened = gateway.gatekeeper.nextOpened();
    const client = await rawLogin(gateway.port, gateway.token);
    const sessionId = await opened;
    client.send(0, Buffer.from("\u0003select repeat('x', 1000) from seq_1_to_2000000"));
    await client.socket.until((received) => received.length > 3_000_000);
    gateway.host.cut([sessionId], reason);
    await client.socket.closed();
    const all = packets(client.received());
    const sequences = all.map(({ sequence }) => sequence);
    // Behind the answer comes what ends the connection.
    if (all.at(-1)?.payload[0] === 0xff) expect(sequences.pop()).toBe(0);
    // The OK of the login, then the answer, from 1 on without a gap.
    expect(sequences.slice(1).every((number, index) => number === ((index + 1) & 0xff))).toBe(true);
    const last = all.at(-1);
    if (last?.payload[0] === 0xff) expect(lastError(client.received()).message).toBe(reason);
    expect((await gateway.gatekeeper.nextEnd(sessionId)).bytesFromUpstream).toBeGreaterThan(3_000_000);
    client.socket.destroy();
  });

  test('a session whose upstream login is still going on', async () => {
    const opened: string[] = [];
    const { authorize } = gateway.gatekeeper;
    gateway.gatekeeper.authorize = async (attempt) => {
      const decision = await authorize(attempt);
      if (decision.allow) {
        opened.push(decision.sessionId);
        gateway.host.cut([decision.sessionId], reason);
      }
      return decision;
    };
    const client = await rawClient(gateway.port);
    client.send(1, loginPacket(client.greeting, gateway.token));
    await client.socket.closed();
    gateway.gatekeeper.authorize = authorize;
    expect(lastError(client.received())).toMatchObject({ number: 1927, message: reason, sequence: 2 });
    expect(await gateway.gatekeeper.nextEnd(opened[0])).toMatchObject({ reason: 'cut' });
    client.socket.destroy();
  });

  test('a server that dies in the middle of a statement, and comes back', async () => {
    const client = await connect();
    const failed = expect(client.query('select sleep(60)')).rejects.toThrow();
    await untilRunning('select sleep(60)');
    const ended = gateway.gatekeeper.nextEnd();
    await server.crash();
    await failed;
    expect(await ended).toMatchObject({ reason: 'upstream-closed' });
    // The greeting is known; what fails is the login, with a number for it.
    await expect(connect()).rejects.toMatchObject({ errno: 1105, sqlState: 'HY000' });
    await server.restart();
    expect(await ask(gateway, 'select 1 as one')).toEqual({ one: 1 });
  });

  test('nothing was a fault of the gateway', () => {
    expect(gateway.log).toEqual([]);
  });

  type Query = (sql: string) => Promise<unknown>;

  async function ofMysql2(): Promise<Query> {
    const client = await connect();
    client.on('error', () => undefined);
    return (sql) => client.query(sql);
  }

  async function ofConnector(): Promise<Query> {
    const client = await mariadb.createConnection({
      ...patient,
      host: '127.0.0.1',
      port: gateway.port,
      user: gateway.user,
      password: gateway.token,
      database: gateway.database,
    });
    client.on('error', () => undefined);
    return (sql) => client.query(sql);
  }

  async function accessDenied(): Promise<number> {
    const [row] = await server.query("show global status like 'Access_denied_errors'");
    return Number(row?.['Value']);
  }

  /** Threads of the upstream user. */
  async function threads(): Promise<number> {
    const rows = await server.query(
      `select 1 from information_schema.processlist where user = '${server.user}'`,
    );
    return rows.length;
  }

  async function untilRunning(statement: string): Promise<void> {
    const sql = `select 1 from information_schema.processlist where info like '${statement}%'`;
    await expect.poll(async () => (await server.query(sql)).length, { timeout: 20_000 }).toBe(1);
  }
});
