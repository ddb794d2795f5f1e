import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from 'tedious';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MadeHandle } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { clientParts, tsql } from '../gateway/sqlserver/drivers.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, soon, startWorld, storeFirst, type Latchkey } from '../support/latchkey.ts';
import { mariadbParts, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const run = promisify(execFile);
/** As the server calls it; the connection has another name. */
const tillDatabase = 'Kasse 1';

interface Place {
  host: string;
  port: number;
  username: string;
  database: string;
}

/** The `mariadb` command line as a person starts it; the answer, or the error that it prints. */
async function mariadb(place: Place, password: string, query: string, ...more: string[]): Promise<string> {
  const args = [
    '--no-defaults',
    '-N',
    '-B',
    ...more,
    '-u',
    place.username,
    '-P',
    String(place.port),
    '-e',
    query,
  ];
  const host = more.some((option) => option.startsWith('--host')) ? [] : ['-h', place.host];
  try {
    const { stdout } = await run(mariadbParts.client.path ?? '', [...args, ...host, place.database], {
      env: { ...process.env, MYSQL_PWD: password },
    });
    return stdout.trim();
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

/** The number and the text of the error with which tedious fails to log in, or "in". */
function tediousLogin(place: Place, password: string, options: object): Promise<string> {
  return new Promise((resolve) => {
    const connection = new Connection({
      server: 'localhost',
      authentication: { type: 'default', options: { userName: place.username, password } },
      options: { port: place.port, database: place.database, connectTimeout: 30_000, ...options },
    });
    connection.on('error', () => undefined);
    connection.connect((error?: Error) => {
      resolve(error === undefined ? 'in' : error.message);
      connection.close();
    });
  });
}

const needed = [parts.postgres, mariadbParts.server, mariadbParts.client, clientParts.tsql];
describeWith(needed, 'one sign-in for databases of other kinds', () => {
  let latchkey: Latchkey;
  const shopPassword = randomBytes(18).toString('base64url');
  const ledgerPassword = randomBytes(18).toString('base64url');

  const world = useAll(startWorld);
  const shop = useAll(startMariadb);
  const ledger = useAll(() =>
    startTdsServer({ logins: { ledger_reader: ledgerPassword }, databases: ['books'] }),
  );
  beforeAll(async () => {
    await shop.query(`create user shop_reader@'127.0.0.1' identified by '${shopPassword}'`);
    await shop.query(`grant select on ${shop.database}.* to shop_reader@'127.0.0.1'`);
    await shop.query(`create database \`${tillDatabase}\``);
    await shop.query(`create table \`${tillDatabase}\`.coins (cents int)`);
    await shop.query(`grant select on \`${tillDatabase}\`.* to shop_reader@'127.0.0.1'`);
    const rule = (role: string, stored: string) => ({
      group: fabrikam.groups.dataAnalysts,
      role,
      password: { stored },
    });
    latchkey = await createLatchkey(world, {
      keyFile: true,
      async configure(configuration) {
        const others = [
          {
            name: 'shop',
            protocol: 'mysql',
            port: await freePort(),
            askForPrograms: 'never',
            upstream: { host: '127.0.0.1', port: shop.port, database: shop.database, tls: { mode: 'off' } },
            rules: [rule('shop_reader', 'shop-reader')],
          },
          {
            name: 'till',
            protocol: 'mysql',
            port: await freePort(),
            askForPrograms: 'never',
            shortTokens: true,
            upstream: { host: '127.0.0.1', port: shop.port, database: tillDatabase, tls: { mode: 'off' } },
            rules: [rule('shop_reader', 'shop-reader')],
          },
          {
            name: 'ledger',
            protocol: 'sqlserver',
            port: await freePort(),
            askForPrograms: 'never',
            upstream: { host: '127.0.0.1', port: ledger.port, database: 'books', tls: { mode: 'off' } },
            rules: [rule('ledger_reader', 'ledger-reader')],
          },
        ];
        (configuration.connections as unknown[]).push(...others);
      },
    });
    await storeFirst(latchkey, 'shop-reader', shopPassword);
    await storeFirst(latchkey, 'ledger-reader', ledgerPassword);
    await latchkey.signIn(ada);
  });
  afterAll(() => latchkey?.close());

  it('MariaDB: a token opens it as the role of the group, in the clear and with TLS', async () => {
    const token = await latchkey.token('shop');
    expect(token).toMatchObject({ protocol: 'mysql', role: 'shop_reader' });
    expect(await mariadb(token, token.token, 'select current_user()')).toBe('shop_reader@127.0.0.1');
    const authority = join(latchkey.home, 'certificates', 'latchkey-ca.pem');
    expect(
      await mariadb(
        token,
        token.token,
        "show status like 'Ssl_version'",
        '--host=localhost',
        '--protocol=tcp',
        `--ssl-ca=${authority}`,
        '--ssl-verify-server-cert',
      ),
    ).toContain('Ssl_version');
    await expect
      .poll(() => latchkey.audit('database-session-opened'), soon)
      .toMatchObject([{ connection: 'shop' }, {}]);
    expect((await latchkey.audit('login-allowed')).at(0)).toMatchObject({
      process: { program: expect.stringMatching(/^(mariadb|mysql)$/) as string },
    });
  });

  it('MariaDB: refusals are errors of its own, with what to do', async () => {
    const token = await latchkey.token('shop');
    expect(await mariadb(token, 'lk_wrong', 'select 1')).toMatch(
      /^ERROR 1045 \(28000\).*Latchkey does not know this token.*latchkey token shop/,
    );
    await (await latchkey.client()).post('/v1/tokens/revoke', { id: token.id });
    expect(await mariadb(token, token.token, 'select 1')).toMatch(
      /^ERROR 1045 .*This token has been revoked/,
    );
  });

  it('MariaDB: what exec starts reaches the gateway, whatever ~/.my.cnf says', async () => {
    // What another server would be, and hears of it.
    const heard: string[] = [];
    const other = createServer((socket) => {
      heard.push('a client');
      socket.destroy();
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const home = await mkdtemp(join(tmpdir(), 'lk-person-'));
    const exec = (...command: string[]) =>
      latchkey.commandLine.run(['exec', 'shop', '--', ...command], undefined, { HOME: home });
    const client = mariadbParts.client.path ?? '';
    const ok = { code: 0, out: 'shop_reader@127.0.0.1\n', err: '' };
    const query = ['-N', '-e', 'select current_user()'];
    const files = [
      '',
      `[client]\nhost=127.0.0.1\nport=${port}\nuser=root\npassword=old\nprotocol=socket\nsocket=/nowhere\n`,
      '[client-mariadb]\nuser=root\nssl-ca=/nowhere\n[mysql]\ndatabase=other\nno-such-option=1\n',
    ];
    for (const text of files) {
      await writeFile(join(home, '.my.cnf'), text, { mode: 0o600 });
      expect(await exec(client, ...query), text).toEqual(ok);
    }
    expect(await exec(client, '--no-defaults', ...query)).toEqual(ok);
    await writeFile(join(home, '.my.cnf'), files[1] ?? '');
    const dump = await exec('mariadb-dump', '--no-tablespaces', '--skip-lock-tables', shop.database);
    expect(dump).toMatchObject({ code: 0, out: expect.stringContaining('Dump completed') as string });

    // Of a script it is said what stands in the way, and with what it is got over.
    const script = await exec(
      'sh',
      '-c',
      `"${client}" --defaults-file="$LATCHKEY_DEFAULTS_FILE" -N -e 'select 1'`,
    );
    expect(script).toMatchObject({ code: 0, out: '1\n' });
    expect(script.err).toContain('.my.cnf sets host, port, user, password, protocol, socket');
    const seen = await exec(
      'sh',
      '-c',
      'cat "$LATCHKEY_DEFAULTS_FILE"; stat -c %a "$LATCHKEY_DEFAULTS_FILE"',
    );
    expect(seen.out).toContain('user="ada@fabrikam.example"');
    expect(seen.out).not.toMatch(/lkh?_|^password/m);
    expect(seen.out).toMatch(/\n600\n$/);
    expect(heard).toEqual([]);
    expect((await readdir(join(latchkey.home, 'run'))).filter((name) => name.includes('exec'))).toEqual([]);
    other.close();
    await rm(home, { recursive: true });
  });

  it('SQL Server: tsql reaches the gateway, whatever variables and files say', async () => {
    const home = await mkdtemp(join(tmpdir(), 'lk-person-'));
    await writeFile(join(home, 'freetds.conf'), '[global]\ntds version = 5.0\nencryption = require\n');
    const script = `printf 'select 1\ngo\n' | '${clientParts.tsql.path ?? ''}' -S ledger -U "$LATCHKEY_USER" -P "$LATCHKEY_PASSWORD" 2>&1`;
    const { out } = await latchkey.commandLine.run(['exec', 'ledger', '--', 'sh', '-c', script], undefined, {
      TDSHOST: '203.0.113.1',
      TDSPORT: '9',
      TDSVER: '5.0',
      DSQUERY: 'other',
      FREETDSCONF: join(home, 'freetds.conf'),
    });
    expect(out).toContain('(1 row affected)');
    await rm(home, { recursive: true });
  });

  it('MariaDB: a cut ends the statement that runs, on the server too', async () => {
    const token = await latchkey.token('shop');
    const sleeping = mariadb(token, token.token, 'select sleep(60)');
    const { databaseSessions } = await latchkey.until(({ databaseSessions: open }) => open.length > 0);
    await (await latchkey.client()).post('/v1/sessions/cut', { id: databaseSessions[0]?.id });
    expect(await sleeping).toMatch(/^ERROR \d+ .*The session has been ended from Latchkey/m);
    const running = () =>
      shop.query("select id from information_schema.processlist where info like '%sleep(60)%'");
    await expect.poll(async () => (await running()).length, { timeout: 15_000 }).toBeLessThanOrEqual(1);
  });

  it('SQL Server: a token opens it as the role of the group, in the clear and strict', async () => {
    const token = await latchkey.token('ledger');
    expect(token.command).toContain('sqlcmd -S tcp:');
    const target = { port: token.port, user: ada, password: token.token, database: 'ledger' };
    expect((await tsql(target, ['select suser_sname()'])).stdout).toContain('ledger_reader');
    const authority = await readFile(join(latchkey.home, 'certificates', 'latchkey-ca.pem'), 'utf8');
    const strict = {
      encrypt: 'strict',
      trustServerCertificate: false,
      cryptoCredentialsDetails: { ca: authority },
    };
    expect(await tediousLogin(token, token.token, strict)).toBe('in');
    expect(ledger.logins.at(-1)).toMatchObject({ user: 'ledger_reader' });
  });

  it('tools are given the name that the server knows; a login may name the connection', async () => {
    const till = await latchkey.token('till');
    expect(till.database).toBe(tillDatabase);
    expect(till.command).toContain(`'${tillDatabase}'`);
    const again = `select database(); use \`${till.database}\`; select database()`;
    expect(await mariadb(till, till.token, again)).toBe(`${tillDatabase}\n${tillDatabase}`);
    const byConnection = { ...till, database: 'till' };
    expect(await mariadb(byConnection, till.token, 'select database()')).toBe(tillDatabase);
    const dump = await latchkey.commandLine.run([
      'exec',
      'till',
      '--',
      'sh',
      '-c',
      `mariadb-dump --defaults-file="$LATCHKEY_DEFAULTS_FILE" --skip-lock-tables "$LATCHKEY_DATABASE"`,
    ]);
    expect(dump.out).toContain('CREATE TABLE `coins`');
    const { databaseSessions } = await latchkey.state();
    expect(databaseSessions.every(({ database }) => database !== 'till')).toBe(true);
    expect((await latchkey.token('ledger')).database).toBe('books');
    for (const name of ['nowhere', 'till '])
      expect(await mariadb({ ...till, database: name }, till.token, 'select 1')).toMatch(
        new RegExp(`^ERROR 1049 .*Use the database "${tillDatabase}"`),
      );
  });

  it('tokens and handles have 28 characters where that is wanted, or the connection says so', async () => {
    const run = async (...args: string[]) => (await latchkey.commandLine.run(args)).out.trim();
    const token = await run('token', 'ledger', '--short');
    const handle = await run('saved-password', 'make', 'ledger', '--short');
    const { port } = await latchkey.token('ledger');
    for (const password of [token, handle]) {
      expect(password).toMatch(/^lkh?_/);
      expect(password).toHaveLength(28);
      const target = { port, user: ada, password, database: 'ledger' };
      expect((await tsql(target, ['select suser_sname()'])).stdout).toContain('ledger_reader');
    }
    const shown = await run('connect', 'ledger', '--for', 'other', '--short', '--show-password');
    expect(shown).toMatch(/lkh_[0-9A-Za-z]{24}(?![0-9A-Za-z])/);
    expect(await run('connect', 'ledger', '--for', 'freetds', '--short')).toContain('token ledger --short');

    const till = await latchkey.token('till');
    const tillHandle = await run('saved-password', 'make', 'till');
    for (const password of [till.token, tillHandle]) {
      expect(password).toHaveLength(28);
      expect(await mariadb(till, password, 'select 1')).toBe('1');
    }
    expect((await latchkey.token('ledger')).token).toHaveLength(49);
  });

  it('SQL Server: refusals are errors of its own, with what to do', async () => {
    const token = await latchkey.token('ledger');
    const wrong = await tsql({ port: token.port, user: ada, password: 'lk_wrong', database: 'ledger' }, [
      'select 1',
    ]);
    expect(wrong.stdout + wrong.stderr).toContain('18456');
    expect(wrong.stdout + wrong.stderr).toContain('Latchkey does not know this token');
  });

  it('both: without a sign-in the error of the tool itself has address and code', async () => {
    const api = await latchkey.client();
    const make = async (connection: string): Promise<MadeHandle> =>
      (await api.post('/v1/handles', { connection, tool: connection })) as MadeHandle;
    const [ofShop, ofLedger] = [await make('shop'), await make('ledger')];
    expect(await mariadb(ofShop, ofShop.handle, 'select 1')).toBe('1');
    await latchkey.signOut();
    const refused = await mariadb(ofShop, ofShop.handle, 'select 1');
    const [, code = ''] =
      /ERROR 1045 .* Sign in at https:\S+ with code (\S+), then connect again/.exec(refused) ?? [];
    expect(code, refused).toMatch(/^[A-Z0-9]{9}$/);
    const target = { port: ofLedger.port, user: ada, password: ofLedger.handle, database: 'ledger' };
    const { stdout, stderr } = await tsql(target, ['select 1']);
    expect(stdout + stderr).toContain(`with code ${code}, then connect again`);
    world.tenant.complete({ userCode: code, user: ada });
    await latchkey.until(({ signIn }) => signIn.kind === 'signed-in');
    expect(await mariadb(ofShop, ofShop.handle, 'select 1')).toBe('1');
    expect((await tsql(target, ['select suser_sname()'])).stdout).toContain('ledger_reader');
  });

  it('exec gives the client of each its own variables', async () => {
    const inShop = await latchkey.run(
      'exec',
      'shop',
      '--',
      'sh',
      '-c',
      `${mariadbParts.client.path} --no-defaults -N -B -u "$LATCHKEY_USER" -e 'select current_user()' "$LATCHKEY_DATABASE"`,
    );
    expect(inShop.out.trim(), inShop.err).toBe('shop_reader@127.0.0.1');
    const inLedger = await latchkey.run(
      'exec',
      'ledger',
      '--',
      'sh',
      '-c',
      'echo "$SQLCMDSERVER $SQLCMDUSER"',
    );
    expect(inLedger.out.trim()).toMatch(/^tcp:127\.0\.0\.1,\d+ ada@fabrikam\.example$/);
  });
});
