import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { newTokenText } from '../../main/access/token-text.ts';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { freePort } from '../support/free-port.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startWorld,
  type TestConfiguration,
  type World,
} from '../support/latchkey.ts';
import { otherUser } from '../support/other-user.ts';
import { describeWith, parts } from '../support/parts.ts';
import { psql } from '../support/psql.ts';
import { useAll } from '../support/use-all.ts';

type Connection = TestConfiguration['connections'][number];

/** Beside `sales`: upstreams that are not as they should be. */
async function addConnections({ connections, providers }: TestConfiguration, world: World): Promise<void> {
  const [sales] = connections;
  const caFile = join(dirname(providers[0]?.caFile ?? ''), 'upstream-ca.pem');
  await writeFile(caFile, world.postgres.caPem ?? '');
  const add = async (name: string, upstream: Partial<Connection['upstream']>, stored?: string) => {
    if (sales === undefined) return;
    const rules = sales.rules.map((rule) => ({ ...rule, ...(stored && { password: { stored } }) }));
    connections.push({
      ...sales,
      name,
      port: await freePort(),
      upstream: { ...sales.upstream, ...upstream },
      rules,
    });
  };
  await add('secure', { tls: { caFile } });
  await add('untrusted', { tls: {} });
  await add('misnamed', { tls: { caFile, serverName: 'db.elsewhere.example' } });
  await add('down', { port: await freePort() });
  await add('misspelt', { database: 'no_such_database' });
  await add('unset', {}, 'never-set');
  await add('outdated', {}, 'payroll-clerk');
}

describeWith([parts.postgres, parts.psql, otherUser.part], 'a login that is refused', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() =>
    createLatchkey(world, { configure: (found) => addConnections(found, world) }),
  );
  beforeAll(() => latchkey.signIn('ada@fabrikam.example'));

  /** What every refusal leaves behind: a record, and a broker that goes on. */
  async function lastRecord(event: string): Promise<Record<string, unknown> | undefined> {
    expect((await latchkey.state()).signIn.kind).toBe('signed-in');
    return (await latchkey.audit(event)).at(-1);
  }

  it('wrong token', async () => {
    const token = await latchkey.token('sales');
    expect(await refusalOf(connect({ ...token, token: newTokenText() }))).toEqual({
      sqlState: '28000',
      message: 'Latchkey does not know this token: it was mistyped, or belongs to an earlier run.',
      hint: 'Copy a new token for "sales" from the Latchkey window, or run: latchkey token sales',
    });
    expect(await lastRecord('login-refused')).toMatchObject({
      code: 'token-wrong',
      connection: 'sales',
      clientUser: 'ada@fabrikam.example',
      program: 'latchkey-test',
      uid: process.getuid?.(),
    });
    // In the client's own words, for who looks why it does not come in.
    const { logins } = await (await latchkey.client()).call('readLogins', { connection: 'sales' });
    expect(logins[0]).toMatchObject({
      outcome: 'refused',
      program: 'latchkey-test',
      problem: {
        code: 'token-wrong',
        message: 'Latchkey does not know this token: it was mistyped, or belongs to an earlier run.',
        remedy: 'Copy a new token for "sales" from the Latchkey window, or run: latchkey token sales',
      },
    });
    for (const password of ['hunter2', token.token.slice(0, -1), `${token.token} `, 'x'.repeat(5000)]) {
      expect(await refusalOf(connect(token, { password })).catch(String)).toMatchObject({
        sqlState: '28000',
      });
    }
  });

  it('expired token', async () => {
    const token = await latchkey.token({ connection: 'sales', lifetimeSeconds: 4 });
    const open = await connect(token);
    onTestFinished(() => open.end());
    // The client is in before the broker has been told.
    const client = await latchkey.client();
    await expect
      .poll(async () => (await client.call('readLogins', {})).logins[0], soon)
      .toMatchObject({
        outcome: 'opened',
        connection: 'sales',
        username: 'ada@fabrikam.example',
      });
    await sleep(Date.parse(token.expiresAt) - Date.now() + 100);
    const refusal = await refusalOf(connect(token));
    expect(refusal).toEqual({
      sqlState: '28000',
      message: `This token expired at ${token.expiresAt}.`,
      hint: expect.stringContaining('latchkey token sales') as string,
    });
    expect(await lastRecord('login-refused')).toMatchObject({ code: 'token-expired', tokenId: token.id });
    // What was let in before goes on: a query outlives its token.
    expect((await open.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('revoked token', async () => {
    const token = await latchkey.token('sales');
    expect(await latchkey.run('revoke', token.id)).toMatchObject({ code: 0, out: 'Revoked: 1\n' });
    expect(await refusalOf(connect(token))).toEqual({
      sqlState: '28000',
      message: 'This token has been revoked.',
      hint: expect.stringContaining('latchkey token sales') as string,
    });
    expect(await lastRecord('login-refused')).toMatchObject({ code: 'token-revoked', tokenId: token.id });
    const { host, port, username: user, database, token: password } = token;
    const seen = await psql({ host, port, user, database, password }, ['-c', 'select 1']);
    expect(seen.code).toBe(2);
    expect(seen.stderr).toContain(
      'FATAL:  This token has been revoked.\nHINT:  Copy a new token for "sales"',
    );
  });

  it('token of this broker in the hands of another user of the computer', async () => {
    const token = await latchkey.token('sales');
    const { code, stderr } = await psqlAsOther(token);
    expect(code).toBe(2);
    expect(stderr).toContain('FATAL:  This Latchkey serves another user of this computer.\nHINT:  Start');
    const record = await lastRecord('login-refused');
    expect(record).toMatchObject({ code: 'os-user-refused', connection: 'sales' });
    expect(record?.['uid']).not.toBe(process.getuid?.());
    expect(record?.['tokenId']).toBeUndefined();
    await (await connect(token)).end();
  });

  it('the unix socket is out of the reach of another user', async () => {
    const token = await latchkey.token('sales');
    const { code, stderr } = await psqlAsOther({ ...token, host: token.socketDirectory ?? '' });
    // Root may enter every folder, and is refused by nothing but the token.
    if (process.getuid?.() !== 0) return;
    expect(code).toBe(2);
    expect(stderr).toContain('Permission denied');
  });

  it.each([
    ['untrusted', '08001', /certificate.*(not trusted|authority)/i, 'upstream-tls-failed'],
    ['misnamed', '08001', /certificate.*db\.elsewhere\.example/i, 'upstream-tls-failed'],
    ['down', '08001', /refused the connection/, 'upstream-unreachable'],
    ['misspelt', '3D000', /"no_such_database" does not exist/, 'upstream-login-failed'],
    ['outdated', '08004', /refused the login.*password authentication failed/, 'upstream-login-failed'],
  ])('upstream %s', async (connection, sqlState, message, code) => {
    const token = await latchkey.token(connection);
    const refusal = await refusalOf(connect(token));
    expect(refusal).toMatchObject({ sqlState, message: expect.stringMatching(message) as string });
    expect(refusal.hint).toMatch(/^[A-Z].*\.$/);
    // Told by the gateway after the client has been told.
    await expect
      .poll(() => lastRecord('database-session-ended'), soon)
      .toMatchObject({ reason: 'never-opened', connection, code });
    expect((await latchkey.state()).databaseSessions).toEqual([]);
  });

  it('no password stored for the role', async () => {
    expect(await refusalOf(connect(await latchkey.token('unset')))).toEqual({
      sqlState: '28000',
      message: 'The password for role "sales_readonly" of "unset" has not been stored.',
      hint: 'The administrator stores it with: latchkey secret set never-set',
    });
    expect(await lastRecord('login-refused')).toMatchObject({ code: 'credential-missing' });
  });

  it('lets in over verified TLS beside all of them', async () => {
    const client = await connect(await latchkey.token('secure'));
    const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
    await client.end();
  });

  it('without a group there is no token, and after the sign-out no login', async () => {
    const token = await latchkey.token('sales');
    await latchkey.signIn('dmitri@fabrikam.example');
    expect(await latchkey.run('token', 'sales', '--as', 'dmitri@fabrikam.example', '--json')).toMatchObject({
      code: 4,
      err: 'latchkey: No group of dmitri@fabrikam.example gives access to "sales".\n  Ask the administrator of Latchkey to be added to one of the groups of this connection.\n',
    });
    expect(await lastRecord('token-refused')).toMatchObject({
      code: 'not-allowed',
      connection: 'sales',
      account: { username: 'dmitri@fabrikam.example' },
    });
    // Beside dmitri ada may, and what she has been given still counts.
    await (await connect(token)).end();
    expect(await latchkey.run('logout')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Several accounts are signed in: ada@fabrikam.example') as string,
    });
    await latchkey.run('logout', '--all');
    expect(await refusalOf(connect(token))).toMatchObject({ message: 'This token has been revoked.' });
    const asked = await latchkey.run('token', 'sales', '--json');
    expect(asked.code).toBe(3);
    expect(JSON.parse(asked.out)).toMatchObject({ problem: { code: 'sign-in-required' } });
    expect((await latchkey.audit('token-refused')).at(-1)).toMatchObject({ code: 'sign-in-required' });
  });

  async function psqlAsOther({ host, port, username, database, token }: IssuedToken) {
    const [command = '', ...prefix] = otherUser.prefix;
    const parameters = [
      '-X',
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      username,
      '-d',
      database,
      '-c',
      'select 1',
    ];
    const child = spawn(
      command,
      // libpq looks for certificates in the home, which is not this user's.
      [...prefix, 'env', 'HOME=/', `PGPASSWORD=${token}`, parts.psql.path ?? 'psql', ...parameters],
      { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code: code as number | null, stderr };
  }
});
