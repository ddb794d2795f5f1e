import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
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

const ada = 'ada@fabrikam.example';
const minute = 60_000;
/** 10:05 in UTC. */
const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 16);

/** @param numbers of the errors that the login is refused with go there */
async function tedious({ port, username, token }: IssuedToken, numbers: number[] = []): Promise<Connection> {
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: username, password: token } },
    options: { port, encrypt: false },
  });
  connection.on('error', () => undefined);
  connection.on('errorMessage', ({ number }) => void numbers.push(number));
  await new Promise<void>((resolve, reject) => {
    connection.connect((error?: Error) => (error === undefined ? resolve() : reject(error)));
  });
  return connection;
}

describeWith([parts.postgres, mariadbParts.server], 'the limits of a rule', () => {
  let latchkey: Latchkey;
  /** When the connection "hours" closes: with the minute, and not before the first test that needs it. */
  let closes: number;
  const password = randomBytes(18).toString('base64url');

  const world = useAll(startWorld);
  const shop = useAll(startMariadb);
  const ledger = useAll(() => startTdsServer({ logins: { writer: password }, databases: ['books'] }));
  beforeAll(async () => {
    await world.postgres.query('grant create on database sales to sales_readonly');
    await shop.query(`create user writer@'127.0.0.1' identified by '${password}'`);
    await shop.query(`grant all on ${shop.database}.* to writer@'127.0.0.1'`);
    const { dataAnalysts: group } = fabrikam.groups;
    closes = (Math.floor((Date.now() + 45_000) / minute) + 1) * minute;
    const upstreams = {
      postgresql: { host: world.postgres.host, port: world.postgres.port, database: 'sales' },
      mysql: { host: '127.0.0.1', port: shop.port, database: shop.database },
      sqlserver: { host: '127.0.0.1', port: ledger.port, database: 'books' },
    };
    latchkey = await createLatchkey(world, {
      keyFile: true,
      async configure(configuration) {
        const connection = async (name: string, protocol: keyof typeof upstreams, limits: object) => ({
          name,
          protocol,
          port: await freePort(),
          askForPrograms: 'never',
          upstream: { ...upstreams[protocol], tls: { mode: 'off' } },
          rules: [
            protocol === 'postgresql'
              ? { group, role: 'sales_readonly', password: { stored: 'sales-readonly' }, ...limits }
              : { group, role: 'writer', password: { stored: 'writer' }, ...limits },
          ],
        });
        const reading = { readOnly: true, statementTimeout: '2s' };
        const closed = {
          hours: `${clockTime(closes + 60 * minute)}-${clockTime(closes + 120 * minute)}`,
          zone: 'UTC',
        };
        (configuration.connections as unknown[]).push(
          await connection('reading', 'postgresql', reading),
          await connection('idle', 'postgresql', { idleTimeout: '2s' }),
          await connection('short', 'postgresql', { maxDuration: '3s' }),
          await connection('few', 'postgresql', { maxSessions: { person: 2, handle: 1 } }),
          await connection('closed', 'postgresql', { times: closed }),
          await connection('hours', 'postgresql', {
            times: { hours: `${clockTime(closes - 60 * minute)}-${clockTime(closes)}`, zone: 'UTC' },
          }),
          await connection('my-reading', 'mysql', reading),
          await connection('my-idle', 'mysql', { idleTimeout: '2s' }),
          await connection('my-short', 'mysql', { maxDuration: '3s' }),
          await connection('my-few', 'mysql', { maxSessions: 1 }),
          await connection('my-closed', 'mysql', { times: closed }),
          await connection('ms-short', 'sqlserver', { maxDuration: '3s' }),
          await connection('ms-few', 'sqlserver', { maxSessions: 1 }),
          await connection('ms-closed', 'sqlserver', { times: closed }),
          await connection('ms-idle', 'sqlserver', { idleTimeout: '2s', readOnly: true }),
        );
      },
    });
    await storeFirst(latchkey, 'writer', password);
    await latchkey.signIn(ada);
  });
  afterAll(() => latchkey?.close());

  const lastEnd = async () => (await latchkey.audit('database-session-ended')).at(-1);

  it('PostgreSQL: reads only, and statements end, whatever the login asks for', async () => {
    const client = await connect(await latchkey.token('reading'), {
      options: '-c default_transaction_read_only=off -c statement_timeout=0',
    });
    await expect(client.query('create schema mine')).rejects.toMatchObject({ code: '25006' });
    await expect(client.query('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' });
    // Rights are the real limit, and the documentation says so.
    await client.query('set default_transaction_read_only = off');
    await client.query('create schema mine');
    await client.query('drop schema mine');
    await client.end();
  });

  it('MariaDB: reads only, and statements end', async () => {
    const token = await latchkey.token('my-reading');
    const { host, port } = token;
    const client = await mysql.createConnection({
      host,
      port,
      user: ada,
      password: token.token,
      database: shop.database,
    });
    await expect(client.query('create table mine (a int)')).rejects.toMatchObject({ errno: 1792 });
    await expect(client.query('select sleep(10), 1 from information_schema.tables')).rejects.toMatchObject({
      errno: 1969,
    });
    await client.end();
  });

  it('SQL Server: the intent is told, and an idle session is ended with an error', async () => {
    const connection = await tedious(await latchkey.token('ms-idle'));
    expect((ledger.logins.at(-1)?.flags[2] ?? 0) & 0x20).toBe(0x20);
    // tedious does not read what it has not asked for; other drivers take it for the answer to their next request.
    const heard: Buffer[] = [];
    (connection as unknown as { socket: Socket }).socket.on('data', (chunk: Buffer) => heard.push(chunk));
    await once(connection, 'end');
    const message = Buffer.concat(heard);
    // Behind the packet's header: ERROR, its length, number, state and class, and the text's length.
    expect([message[8], message.readUInt32LE(11)]).toEqual([0xaa, 50_000]);
    expect(message.toString('utf16le', 19)).toContain('No statement has run in this session for 2s');
    await expect.poll(lastEnd, soon).toMatchObject({ reason: 'idle-timeout', code: 'limit-reached' });
  });

  it('PostgreSQL: an idle session is ended with 57P05, and one whose statement runs is not', async () => {
    const client = await connect(await latchkey.token('idle'));
    const began = performance.now();
    const ended = new Promise((resolve) => client.once('error', resolve));
    await client.query('select pg_sleep(5)');
    expect(await ended).toMatchObject({
      code: '57P05',
      message: expect.stringContaining('No statement has run in this session for 2s') as string,
    });
    expect(performance.now() - began).toBeGreaterThan(6500);
    await expect.poll(lastEnd, soon).toMatchObject({ reason: 'idle-timeout', code: 'limit-reached' });
  });

  it('MariaDB: an idle session is ended with 4031', async () => {
    const token = await latchkey.token('my-idle');
    const { host, port } = token;
    const client = await mysql.createConnection({ host, port, user: ada, password: token.token });
    const ended = new Promise((resolve) => client.on('error', resolve));
    const { code, message } = (await ended) as { code: unknown; message: string };
    expect(String(code)).toMatch(/^(4031|ER_CLIENT_INTERACTION_TIMEOUT)$/);
    expect(message).toMatch(/^No statement has run in this session for 2s/);
  });

  it('PostgreSQL: a session is ended when it has lasted long enough, in the middle of a statement', async () => {
    const client = await connect(await latchkey.token('short'));
    await expect(client.query('select pg_sleep(30)')).rejects.toMatchObject({
      code: '57P01',
      message: expect.stringContaining('has lasted 3s') as string,
    });
    await expect.poll(lastEnd, soon).toMatchObject({ reason: 'max-duration', code: 'limit-reached' });
    await expect
      .poll(
        () => world.postgres.query("select 1 from pg_stat_activity where query ~ '^select pg_sleep'"),
        soon,
      )
      .toEqual([]);
  });

  it('a person has so many sessions, and a handle fewer', async () => {
    const token = await latchkey.token('few');
    const { out } = await latchkey.run('handle', 'make', 'few');
    const handle = { ...token, token: out.split('\n')[0] ?? '' };
    const first = await connect(handle);
    expect(await refusalOf(connect(handle))).toMatchObject({
      sqlState: '53300',
      message: 'This saved password already has the 1 sessions that the rule allows (maxSessions).',
    });
    const second = await connect(token);
    expect(await refusalOf(connect(token))).toMatchObject({
      sqlState: '53300',
      message: `${ada} already has the 2 sessions that the rule allows (maxSessions).`,
    });
    await second.end();
    await expect
      .poll(
        () =>
          connect(token).then(
            (client) => client.end(),
            () => 'refused',
          ),
        soon,
      )
      .toBeUndefined();
    // A login that comes to nothing takes no place.
    for (let count = 0; count < 3; count += 1) await refusalOf(connect({ ...token, token: 'lk_wrong' }));
    await (await connect(token)).end();
    await first.end();
  });

  it('a rule that is closed lets nobody in, and says when it does', async () => {
    const refused = await refusalOf(connect(await latchkey.token('closed')));
    expect(refused).toMatchObject({
      sqlState: '28000',
      hint: expect.stringMatching(/^Connect again at \d{4}-/) as string,
    });
    expect(refused.message).toMatch(
      /^"closed" is not open now, but every day \d\d:\d\d-\d\d:\d\d \(UTC\)\.$/,
    );
    const { out, code } = await latchkey.run('explain', `${ada}@closed`);
    expect(out).toMatch(/closed now: every day/);
    expect(code).not.toBe(0);
    expect((await latchkey.run('explain', `${ada}@reading`)).out).toMatch(
      /limits: readOnly, statementTimeout 2s/,
    );
  });

  it('an open session is ended when its hours are over', { timeout: 150_000 }, async () => {
    const token = await latchkey.token('hours');
    const client = await connect(token);
    expect(Date.now()).toBeLessThan(closes);
    const ended = new Promise((resolve) => client.once('error', resolve));
    expect(await ended).toMatchObject({
      code: '57P01',
      message: expect.stringContaining('The time is over in which "hours" is open') as string,
    });
    expect(Date.now()).toBeGreaterThanOrEqual(closes);
    expect(Date.now()).toBeLessThan(closes + 5000);
    await expect.poll(lastEnd, soon).toMatchObject({ reason: 'outside-times', code: 'outside-times' });
    expect(await refusalOf(connect(token))).toMatchObject({ sqlState: '28000' });
  });

  it('MariaDB and SQL Server: the other limits have the numbers of their own protocol', async () => {
    const mariadb = async (connection: string) => {
      const { host, port, token } = await latchkey.token(connection);
      const client = await mysql.createConnection({ host, port, user: ada, password: token });
      client.on('error', () => undefined);
      return client;
    };
    const shop = await mariadb('my-few');
    await expect(mariadb('my-few')).rejects.toMatchObject({
      errno: 1040,
      message: expect.stringContaining(`${ada} already has the 1 sessions`) as string,
    });
    await shop.end();
    await expect(mariadb('my-closed')).rejects.toMatchObject({
      errno: 1045,
      message: expect.stringContaining('"my-closed" is not open now') as string,
    });

    const numbers: number[] = [];
    const books = await tedious(await latchkey.token('ms-few'));
    await expect(tedious(await latchkey.token('ms-few'), numbers)).rejects.toThrow(
      `${ada} already has the 1 sessions`,
    );
    books.close();
    await expect(tedious(await latchkey.token('ms-closed'), numbers)).rejects.toThrow('is not open now');
    expect(numbers).toEqual([17_809, 18_456]);

    const [short, brief] = [await mariadb('my-short'), await tedious(await latchkey.token('ms-short'))];
    const told = new Promise((resolve) =>
      brief.execSql(new Request("waitfor delay '00:00:30'", (error) => resolve(error))),
    );
    await expect(short.query('select sleep(30)')).rejects.toMatchObject({
      errno: 1927,
      message: expect.stringContaining('has lasted 3s') as string,
    });
    expect(await told).toMatchObject({
      number: 50_000,
      message: expect.stringContaining('has lasted 3s') as string,
    });
  });
});
