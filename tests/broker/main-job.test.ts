import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { connect, createLatchkey, refusalOf, soon, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { psql } from '../support/psql.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres, parts.psql], 'the main job', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world));
  beforeAll(() => latchkey.signIn('ada@fabrikam.example'));

  it('knows the person and every group, nested ones too', async () => {
    const { signIn, localTenant } = await latchkey.state();
    const { staff, dataAnalysts, reportingTeam, dataPlatform } = fabrikam.groups;
    expect(localTenant).toBe(true);
    expect(signIn).toMatchObject({
      kind: 'signed-in',
      account: { username: 'ada@fabrikam.example', tenantId: fabrikam.tenantId },
    });
    const ids = signIn.kind === 'signed-in' ? signIn.groups.map(({ id }) => id) : [];
    expect(ids.toSorted()).toEqual([staff, dataAnalysts, reportingTeam, dataPlatform].toSorted());
  });

  it('shows the connections with what the groups give', async () => {
    const { connections } = await latchkey.state();
    expect(connections.map(({ name, grants }) => [name, grants.map(({ role }) => role)])).toEqual([
      ['sales', ['sales_readonly']],
      ['payroll', []],
    ]);
    expect(connections.every(({ listener }) => listener.kind === 'listening')).toBe(true);
  });

  it('lets psql in with the token as password', async () => {
    const token = await latchkey.token('sales');
    const { host, port, username, database } = token;
    const target = { host, port, user: username, database, password: token.token };
    const { code, stdout, stderr } = await psql(target, ['-c', 'select current_user, current_database()']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'sales_readonly|sales\n', stderr: '' });
  });

  it('lets psql in at the unix socket', async () => {
    const token = await latchkey.token('sales');
    const { socketDirectory = '', port, username, database } = token;
    const target = { host: socketDirectory, port, user: username, database, password: token.token };
    const { stdout, stderr } = await psql(target, ['-c', 'select 1']);
    expect({ stdout, stderr }).toEqual({ stdout: '1\n', stderr: '' });
  });

  it('takes the role, or another spelling of the person, as user name', async () => {
    const token = await latchkey.token('sales');
    for (const user of ['sales_readonly', 'Ada@Fabrikam.example']) {
      const client = await connect(token, { user });
      expect((await client.query('select current_user')).rows).toEqual([{ current_user: 'sales_readonly' }]);
      await client.end();
    }
  });

  it('lets fifty logins in at once', async () => {
    const token = await latchkey.token('sales');
    const clients = await Promise.all(Array.from({ length: 50 }, () => connect(token)));
    const answers = await Promise.all(clients.map((client) => client.query('select pg_backend_pid() pid')));
    expect(new Set(answers.map(({ rows }) => (rows[0] as { pid: number }).pid)).size).toBe(50);
    const { databaseSessions, tokens } = await latchkey.until(
      ({ databaseSessions }) => databaseSessions.length === 50,
    );
    expect(databaseSessions.every(({ program }) => program === 'latchkey-test')).toBe(true);
    expect(tokens.find(({ id }) => id === token.id)?.uses).toBe(50);
    await Promise.all(clients.map((client) => client.end()));
    await latchkey.until(({ databaseSessions }) => databaseSessions.length === 0);
  });

  it('cancels a query at Ctrl-C of psql', async () => {
    const { host, port, username, database, token } = await latchkey.token('sales');
    const child = spawn(
      parts.psql.path ?? '',
      ['-X', '-h', host, '-p', String(port), '-U', username, '-d', database, '-c', 'select pg_sleep(60)'],
      { env: { ...process.env, PGPASSWORD: token }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const complaint = text(child.stderr);
    await expect
      .poll(
        () => world.postgres.query("select 1 from pg_stat_activity where query ~ '^select pg_sleep'"),
        soon,
      )
      .toHaveLength(1);
    child.kill('SIGINT');
    expect(await complaint).toContain('canceling statement due to user request');
  });

  it('refuses a token for another connection, another user or another database', async () => {
    await world.tenant.addMember({ groupId: fabrikam.groups.finance, memberId: fabrikam.users.ada });
    try {
      await latchkey.refresh();
      const payroll = await latchkey.token('payroll');
      const sales = await latchkey.token('sales');
      const foreign = {
        sqlState: '28000',
        message: 'This token was not issued for this user on connection "sales".',
        hint: expect.stringContaining('latchkey token sales') as string,
      };
      expect(await refusalOf(connect(payroll, { port: sales.port, database: 'sales' }))).toEqual(foreign);
      expect(await refusalOf(connect(sales, { user: 'bruno@fabrikam.example' }))).toEqual(foreign);
      expect(await refusalOf(connect(sales, { user: 'sales_owner' }))).toEqual(foreign);
      expect(await refusalOf(connect(sales, { database: 'payroll' }))).toMatchObject({
        sqlState: '3D000',
        message: 'There is no database "payroll" at this port.',
      });
      await expect
        .poll(() => latchkey.audit('login-refused'), soon)
        .toMatchObject([
          {
            code: 'token-foreign',
            tokenId: payroll.id,
            connection: 'sales',
            clientUser: 'ada@fabrikam.example',
          },
          { code: 'token-foreign', tokenId: sales.id, clientUser: 'bruno@fabrikam.example' },
          { code: 'token-foreign', tokenId: sales.id, clientUser: 'sales_owner' },
          { code: 'database-unknown', connection: 'sales' },
        ]);
    } finally {
      world.tenant.removeMember({ groupId: fabrikam.groups.finance, memberId: fabrikam.users.ada });
    }
  });

  it('has all of it on record, in order, and the record is whole', async () => {
    const started = await latchkey.audit('sign-in-started', 'sign-in-succeeded');
    expect(started).toMatchObject([
      { event: 'sign-in-started', provider: 'fabrikam' },
      {
        event: 'sign-in-succeeded',
        how: 'device-code',
        groups: 4,
        account: { username: 'ada@fabrikam.example' },
      },
    ]);
    const [issued] = await latchkey.audit('token-issued');
    const [allowed] = await latchkey.audit('login-allowed');
    expect(allowed).toMatchObject({
      tokenId: issued?.['tokenId'],
      connection: 'sales',
      role: 'sales_readonly',
      group: fabrikam.groups.dataAnalysts,
      clientUser: 'ada@fabrikam.example',
      program: 'psql',
      uid: process.getuid?.(),
    });
    const { code, out } = await latchkey.run('audit', 'verify');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^The audit is whole: \d+ records in 1 file\.\n$/) as string,
    });
  });
});
