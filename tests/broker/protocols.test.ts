import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from 'tedious';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MadeHandle } from '../../main/core/handle-desk.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { clientParts, tsql } from '../gateway/sqlserver/drivers.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, startWorld, type Latchkey, type World } from '../support/latchkey.ts';
import { mariadbParts, startMariadb, type MariadbServer } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startTdsServer, type TdsServer } from '../support/tds-server.ts';

const ada = 'ada@fabrikam.example';
const run = promisify(execFile);

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
  let world: World;
  let latchkey: Latchkey;
  let shop: MariadbServer;
  let ledger: TdsServer;
  let folder: string;
  const shopPassword = randomBytes(18).toString('base64url');
  const ledgerPassword = randomBytes(18).toString('base64url');

  beforeAll(async () => {
    [world, shop, ledger, folder] = await Promise.all([
      startWorld(),
      startMariadb(),
      startTdsServer({ logins: { ledger_reader: ledgerPassword }, databases: ['books'] }),
      mkdtemp(join(tmpdir(), 'lk-protocols-')),
    ]);
    await shop.query(`create user shop_reader@'127.0.0.1' identified by '${shopPassword}'`);
    await shop.query(`grant select on ${shop.database}.* to shop_reader@'127.0.0.1'`);
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    const rule = (role: string, stored: string) => ({
      group: fabrikam.groups.dataAnalysts,
      role,
      password: { stored },
    });
    latchkey = await createLatchkey(world, {
      args: ['--key-file', keyFile],
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
    const api = await latchkey.client();
    await api.post('/v1/secrets', { name: 'shop-reader', value: shopPassword });
    await api.post('/v1/secrets', { name: 'ledger-reader', value: ledgerPassword });
    await latchkey.signIn(ada);
  });
  afterAll(async () => {
    await latchkey.close();
    await Promise.all([shop.close(), ledger.close(), world.close()]);
    await rm(folder, { recursive: true });
  });

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
    expect(await latchkey.audit('database-session-opened')).toMatchObject([{ connection: 'shop' }, {}]);
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
