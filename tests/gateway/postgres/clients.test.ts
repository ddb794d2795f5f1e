import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith, parts } from '../../support/parts.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import { type PsqlTarget, psql } from '../../support/psql.ts';
import { useAll } from '../../support/use-all.ts';
import { type TestGateway, gatewayTo } from '../fixture.ts';

describeWith([parts.postgres, parts.psql], 'PostgreSQL clients through the gateway', () => {
  let gateway: TestGateway;
  let folder: string;
  const clients: Client[] = [];

  const server = useAll(() => startPostgres({ settings: { max_connections: '120' } }));
  beforeAll(async () => {
    gateway = await gatewayTo(server);
    folder = mkdtempSync(join(tmpdir(), 'latchkey-copy-'));
    await server.query(
      'create table numbers as select i, md5(i::text) as hash from generate_series(1, 1000) i',
    );
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const target = (overrides: Partial<PsqlTarget> = {}): PsqlTarget => ({
    host: '127.0.0.1',
    port: gateway.port,
    user: gateway.user,
    database: gateway.database,
    password: gateway.token,
    ...overrides,
  });
  const connect = async (overrides: Partial<PsqlTarget> = {}): Promise<Client> => {
    const client = new Client(target(overrides));
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };

  test('psql over TCP and over the unix socket', async () => {
    for (const host of ['127.0.0.1', gateway.socketDir]) {
      const result = await psql(target({ host }), ['-c', 'select count(*), current_user from numbers']);
      expect(result).toEqual({ code: 0, stdout: '1000|postgres\n', stderr: '' });
    }
    const [tcp, unix] = gateway.gatekeeper.attempts.slice(-2);
    expect(tcp).toMatchObject({
      connection: 'sales',
      clientUser: gateway.user,
      database: 'sales',
      program: 'psql',
      peer: { transport: 'tcp', address: '127.0.0.1', uid: process.getuid?.() },
    });
    expect(unix?.peer.transport).toBe('unix');
    // Over the unix socket only where `ss` is installed; then it is right as well.
    const known = [tcp, unix].flatMap((attempt) => attempt?.peer.process ?? []);
    if (process.platform === 'linux') expect(known.map(({ program }) => program)).toContain('psql');
    expect(new Set(known.map(({ program }) => program)).size).toBeLessThanOrEqual(1);
  });

  test('every way to ask for encryption ends in the same login', async () => {
    for (const environment of [
      { PGSSLMODE: 'prefer' },
      { PGSSLMODE: 'disable' },
      { PGSSLMODE: 'prefer', PGGSSENCMODE: 'prefer' },
      { PGCHANNELBINDING: 'prefer' },
    ]) {
      expect(await psql(target({ environment }), ['-c', 'select 1'])).toMatchObject({
        stdout: '1\n',
        stderr: '',
      });
    }
    const demanded = await psql(target({ environment: { PGSSLMODE: 'require' } }), ['-c', 'select 1']);
    expect(demanded.stderr).toContain('server does not support SSL');
  });

  test('a wrong token, an unknown database and an unknown parameter each get their sentence', async () => {
    const wrong = await psql(target({ password: 'lk_wrong' }), ['-c', 'select 1']);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('FATAL:  This token is not known.');
    expect(wrong.stderr).toContain('HINT:  Copy a new one.');

    const unknown = await psql(target({ database: 'payroll' }), ['-c', 'select 1']);
    expect(unknown.stderr).toContain('FATAL:  There is no database "payroll" at this port.');
    expect(unknown.stderr).toContain('HINT:  Use the database "sales".');
    expect(gateway.gatekeeper.rejections.at(-1)).toMatchObject({
      connection: 'sales',
      refusal: { sqlState: '3D000', problem: { code: 'database-unknown' } },
    });

    const replication = await psql(target(), ['-d', 'replication=true', '-c', 'select 1']);
    expect(replication.stderr).toContain('FATAL:  Replication connections are not passed on here.');
    // A client that names no database means its own name, and gets the connection.
    expect(await psql(target({ database: '' }), ['-c', 'select current_database()'])).toMatchObject({
      stdout: 'postgres\n',
    });
  });

  test('node pg sees SQLSTATE, message and hint of a refusal', async () => {
    gateway.gatekeeper.refuseWith({
      sqlState: '28000',
      problem: { code: 'sign-in-required', message: 'Nobody is signed in.', remedy: 'Sign in.' },
    });
    try {
      await expect(connect()).rejects.toMatchObject({
        severity: 'FATAL',
        code: '28000',
        message: 'Nobody is signed in.',
        hint: 'Sign in.',
      });
    } finally {
      gateway.gatekeeper.refuseWith(undefined);
    }
  });

  test('startup parameters reach the server', async () => {
    const result = await psql(
      target({
        environment: {
          PGOPTIONS: '-c search_path=pg_catalog -c statement_timeout=4321',
          PGAPPNAME: 'reports',
          PGTZ: 'Asia/Tokyo',
          PGDATESTYLE: 'German',
        },
      }),
      [
        '-c',
        `select current_setting('search_path'), current_setting('statement_timeout'),
                     current_setting('application_name'), current_setting('TimeZone'), current_setting('DateStyle')`,
      ],
    );
    expect(result.stdout).toBe('pg_catalog|4321ms|reports|Asia/Tokyo|German, DMY\n');
  });

  test('what a user may SET is taken at login, too, also inside of options', async () => {
    const settings = { plan_cache_mode: 'force_custom_plan', 'app.tenant': '42', row_security: 'off' };
    const shown = Object.keys(settings).map((name) => `current_setting('${name}')`);
    const client = new Client({
      ...target(),
      options: '-c work_mem=12345kB --default-text-search-config=simple',
    });
    (client as unknown as { getStartupConf(): object }).getStartupConf = function startup() {
      return {
        ...(Reflect.apply(Client.prototype['getStartupConf' as never], client, []) as object),
        ...settings,
      };
    };
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    const { rows } = await client.query({
      text: `select ${shown.join(', ')}, current_setting('work_mem'), current_setting('default_text_search_config')`,
      rowMode: 'array',
    });
    expect(rows).toEqual([['force_custom_plan', '42', 'off', '12345kB', 'pg_catalog.simple']]);
  });

  test.each([
    ['-c work_mem=lots', '22023', /^invalid value for parameter "work_mem": "lots"$/, /correct it/],
    [
      '-c nonsense=1',
      '42704',
      /^unrecognized configuration parameter "nonsense"$/,
      /correct it in its connection/,
    ],
    [
      '-c role=nobody',
      '22023',
      /^invalid value for parameter "role": "nobody"$|^role "nobody" does not exist$/,
      /./,
    ],
    ['-c port=1', '55P02', /^parameter "port" cannot be changed without restarting the server$/, /./],
  ])(
    'a wrong setting (%s) gets the server’s own number and sentence',
    async (options, code, message, hint) => {
      await expect(connect({ options } as object)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(hint) as string,
      });
    },
  );

  test('the process id of the login is the server’s: pg_backend_pid(), NOTIFY and pg_cancel_backend agree', async () => {
    const [client, other] = [await connect(), await connect()];
    const { processID } = client as unknown as { processID: number };
    expect((await client.query('select pg_backend_pid() as pid')).rows).toEqual([{ pid: processID }]);
    await client.query('listen own');
    const heard = once(client, 'notification');
    await client.query('notify own');
    expect((await heard)[0]).toMatchObject({ processId: processID });
    const sleeper = client.query('select pg_sleep(60)').catch((error: unknown) => error);
    await sleeping(server);
    await other.query('select pg_cancel_backend($1)', [processID]);
    expect(await sleeper).toMatchObject({ code: '57014' });
  });

  test('ParameterStatus arrives: psql knows version, encoding and time zone', async () => {
    const result = await psql(target(), ['-c', '\\echo :SERVER_VERSION_NUM :ENCODING']);
    const [{ server_version_num: version } = {}] = await server.query('show server_version_num');
    expect(result.stdout).toBe(`${String(version)} UTF8\n`);
  });

  test('transactions, savepoints and errors inside them', async () => {
    const client = await connect();
    await client.query('create table ledger(amount int)');
    await client.query('begin');
    await client.query('insert into ledger values (1)');
    await client.query('savepoint here');
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback to here');
    await client.query('commit');
    expect(await server.query('select amount from ledger')).toEqual([{ amount: 1 }]);
  });

  test('prepared statements', async () => {
    const client = await connect();
    for (let i = 1; i <= 200; i += 1) {
      const { rows } = await client.query<{ hash: string }>({
        name: 'by-number',
        text: 'select hash from numbers where i = $1',
        values: [i],
      });
      expect(rows).toEqual([{ hash: createHash('md5').update(String(i)).digest('hex') }]);
    }
  });

  test('LISTEN and NOTIFY: the server may speak first', async () => {
    const [listener, speaker] = [await connect(), await connect({ host: gateway.socketDir })];
    await listener.query('listen doorbell');
    const heard = once(listener, 'notification');
    await speaker.query("notify doorbell, 'somebody is here'");
    expect((await heard)[0]).toMatchObject({ channel: 'doorbell', payload: 'somebody is here' });
  });

  test('a result of 200,000 rows is complete and in order', async () => {
    const client = await connect();
    const { rows } = await client.query<{ i: number; pad: string }>(
      "select i, repeat('x', i % 500) as pad from generate_series(1, 200000) i",
    );
    expect(rows).toHaveLength(200_000);
    expect(rows.every(({ i, pad }, index) => i === index + 1 && pad.length === i % 500)).toBe(true);
  });

  test('one value of 40 MB arrives whole', async () => {
    const client = await connect();
    const { rows } = await client.query<{ big: string }>("select repeat('0123456789', 4000000) as big");
    expect(rows[0]?.big.length).toBe(40_000_000);
  });

  test('60 MB out and in again by COPY, unchanged', async () => {
    const rows = 600_000;
    const out = join(folder, 'out');
    const source = `select i, md5(i::text) || repeat(chr(97 + i % 26), 60) from generate_series(1, ${rows}) i`;
    const copied = await psqlCopy(target(), `copy (${source}) to stdout`, { to: out });
    expect(copied).toBe(0);
    await server.query('create table incoming(i int, line text)');
    expect(
      await psqlCopy(target({ host: gateway.socketDir }), 'copy incoming from stdin', { from: out }),
    ).toBe(0);
    const [sum] = await server.query(
      `select (select md5(string_agg(line, ',' order by i)) from incoming) as received,
              (select md5(string_agg(line, ',' order by i)) from (${source}) as original(i, line)) as sent,
              (select count(*)::int from incoming) as count`,
    );
    expect(sum?.['count']).toBe(rows);
    expect(sum?.['received']).toBe(sum?.['sent']);
    const again = join(folder, 'again');
    await psqlCopy(target(), 'copy (select * from incoming order by i) to stdout', { to: again });
    expect(await fileHash(again)).toBe(await fileHash(out));
  });

  test('a client that reads slowly stalls the server, not the gateway, and loses nothing', async () => {
    const child = spawn(
      parts.psql.path ?? 'psql',
      ['-X', '-At', '-c', `copy (select repeat('y', 99) from generate_series(1, 400000)) to stdout`],
      {
        env: {
          PATH: process.env['PATH'] ?? '',
          PGHOST: '127.0.0.1',
          PGPORT: String(gateway.port),
          PGUSER: gateway.user,
          PGDATABASE: 'sales',
          PGPASSWORD: gateway.token,
        },
      },
    );
    let bytes = 0;
    for await (const chunk of child.stdout) {
      const { length } = chunk as Buffer;
      const before = bytes;
      bytes += length;
      // A pause for every megabyte or so.
      if (Math.floor(bytes / 1_000_000) > Math.floor(before / 1_000_000))
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(bytes).toBe(400_000 * 100);
  });

  test('50 logins at once, half of them over the unix socket', async () => {
    const logins = Array.from({ length: 50 }, async (_, index) => {
      const client = await connect(index % 2 === 0 ? {} : { host: gateway.socketDir });
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      await client.end();
      return rows[0]?.pid;
    });
    expect(new Set(await Promise.all(logins)).size).toBe(50);
  });

  test('Ctrl-C in psql cancels the query', async () => {
    const child = spawn(parts.psql.path ?? 'psql', ['-X', '-c', 'select pg_sleep(60)'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        PGHOST: '127.0.0.1',
        PGPORT: String(gateway.port),
        PGUSER: gateway.user,
        PGDATABASE: 'sales',
        PGPASSWORD: gateway.token,
      },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    await sleeping(server);
    child.kill('SIGINT');
    await once(child, 'close');
    expect(stderr).toContain('canceling statement due to user request');
  });

  test('the broker hears of each session: opened, then ended once, with its bytes', async () => {
    const opened = gateway.gatekeeper.nextOpened();
    const client = await connect();
    const sessionId = await opened;
    const ended = gateway.gatekeeper.nextEnd(sessionId);
    await client.query("select repeat('z', 100000)");
    await client.end();
    const end = await ended;
    expect(end).toMatchObject({ sessionId, reason: 'client-closed' });
    expect(end.bytesFromUpstream).toBeGreaterThan(100_000);
    expect(end.bytesFromUpstream).toBeLessThan(101_000);
    expect(end.bytesFromClient).toBeGreaterThan(30);
    expect(end.bytesFromClient).toBeLessThan(1000);
    expect(gateway.gatekeeper.ended.filter((other) => other.sessionId === sessionId)).toHaveLength(1);
    expect(gateway.log).toEqual([]);
  });
});

async function sleeping(server: PostgresServer): Promise<void> {
  for (;;) {
    const rows = await server.query(
      "select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'",
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function psqlCopy(
  target: PsqlTarget,
  sql: string,
  file: { to?: string; from?: string },
): Promise<number | null> {
  const child = spawn(parts.psql.path ?? 'psql', ['-X', '-c', sql], {
    env: {
      PATH: process.env['PATH'] ?? '',
      PGHOST: target.host,
      PGPORT: String(target.port),
      PGUSER: target.user,
      PGDATABASE: target.database,
      PGPASSWORD: target.password,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  await Promise.all([
    file.from === undefined ? child.stdin.end() : pipeline(createReadStream(file.from), child.stdin),
    file.to === undefined ? child.stdout.resume() : pipeline(child.stdout, createWriteStream(file.to)),
  ]);
  return (await closed)[0];
}

async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
