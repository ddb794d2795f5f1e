import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IssuedToken } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { connect, createLatchkey, refusalOf, soon, startWorld, type Latchkey } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { atTerminal, script } from '../support/terminal.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres, script], 'the latchkey command', () => {
  let latchkey: Latchkey;

  const world = useAll(startWorld);
  beforeAll(async () => {
    world.tenant.addMember({ groupId: fabrikam.groups.dataAnalysts, memberId: fabrikam.users.bruno });
    latchkey = await createLatchkey(world, {
      configure({ connections: [sales], session }) {
        // The time of the last read is in the state.
        session.refreshGroups = '1h';
        const [owner] = sales?.rules ?? [];
        if (owner !== undefined) owner.tokenLifetime = '5m';
      },
    });
    await latchkey.signIn('bruno@fabrikam.example');
  });
  afterAll(() => latchkey?.close());

  describe('token', () => {
    it('prints the token alone on stdout, and the rest beside it', async () => {
      const { code, out, err } = await latchkey.run('token', 'sales');
      expect(code).toBe(0);
      expect(out).toMatch(/^lk_[0-9A-Za-z]{46}\n$/);
      expect(err).toMatch(
        /^For sales as sales_owner, good until .+; the password for:\n {2}psql ["']host=localhost hostaddr=127\.0\.0\.1 port=\d+ user=bruno@fabrikam\.example dbname=sales .*["']\n$/,
      );
      expect(err).not.toContain(out.trim());
    });

    it('takes a role and a lifetime, and gives no more than the rule does', async () => {
      const asked = Date.now();
      const { out } = await latchkey.run(
        'token',
        'sales',
        '--role',
        'sales_readonly',
        '--lifetime',
        '2m',
        '--json',
      );
      const token = JSON.parse(out) as IssuedToken;
      expect(token).toMatchObject({ connection: 'sales', role: 'sales_readonly', database: 'sales' });
      expect(Date.parse(token.expiresAt) - asked).toBeGreaterThan(110_000);
      expect(Date.parse(token.expiresAt) - asked).toBeLessThan(150_000);
      const client = await connect(token);
      expect((await client.query('select current_user as role')).rows).toEqual([{ role: 'sales_readonly' }]);
      await client.end();
      const long = await latchkey.token({ connection: 'sales', lifetimeSeconds: 86_400 });
      expect(Date.parse(long.expiresAt) - Date.now()).toBeLessThanOrEqual(300_000);
    });

    it('that expires soon says so when it has', async () => {
      const { out } = await latchkey.run('token', 'sales', '--lifetime', '1s', '--json');
      const token = JSON.parse(out) as IssuedToken;
      await expect
        .poll(() => refusalOf(connect(token)).catch(String), soon)
        .toMatchObject({ sqlState: '28000', message: `This token expired at ${token.expiresAt}.` });
    });

    it.each([
      [
        ['token', 'sails'],
        1,
        'connection-unknown',
        'There is no connection "sails".\n  Known connections: sales, payroll.',
      ],
      [
        ['token', 'payroll'],
        4,
        'not-allowed',
        'No group of bruno@fabrikam.example gives access to "payroll".',
      ],
      [
        ['token', 'sales', '--role', 'root'],
        4,
        'role-not-allowed',
        'Your roles there: sales_owner, sales_readonly.',
      ],
      [
        ['token', 'sales', '--lifetime', 'soon'],
        2,
        'request-invalid',
        '"soon" is no lifetime.\n  Write a number',
      ],
      [['token', 'sales', '--lifetime', '999999h'], 2, 'request-invalid', '"999999h" is no lifetime.'],
      [['revoke'], 2, 'request-invalid', 'Name a token id, or --all.'],
      [['revoke', 'x', '--all'], 2, 'request-invalid', 'Name a token id, or --all.'],
      [['cut', 'x'], 1, 'session-unknown', 'There is no live database session with this id.'],
      [['audit', 'list', '--limit', 'all'], 2, 'request-invalid', '--limit takes a whole number from 1.'],
    ])('%j fails with exit code %i and %s', async (parameters, exitCode, problemCode, sentence) => {
      const { code, out, err } = await latchkey.run(...parameters, '--json');
      expect(code).toBe(exitCode);
      expect(err).toContain(`latchkey: `);
      expect(err).toContain(sentence);
      expect(JSON.parse(out)).toMatchObject({ problem: { code: problemCode } });
    });
  });

  it('tells wrong usage with exit code 2, and help with 0', async () => {
    for (const parameters of [
      ['unbolt'],
      ['token'],
      ['token', 'sales', '--rôle', 'x'],
      ['status', 'extra'],
    ]) {
      const { code, out, err } = await latchkey.run(...parameters, '--json');
      expect({ parameters, code }).toEqual({ parameters, code: 2 });
      expect(err).toMatch(/^error: /);
      expect(JSON.parse(out)).toMatchObject({ problem: { code: 'request-invalid' } });
    }
    expect(await latchkey.run('--help')).toMatchObject({ code: 0, err: '' });
    expect((await latchkey.run('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('shows who is signed in, connections, tokens and sessions', async () => {
    await (await latchkey.client()).post('/v1/tokens/revoke', { all: true });
    const token = await latchkey.token('sales');
    const client = await connect(token);
    await latchkey.until(({ databaseSessions }) => databaseSessions.length === 1);
    const { out } = await latchkey.run('status');
    expect(out).toContain(
      'Local test tenant: this is not Microsoft.\n\nSigned in as Bruno Keller <bruno@fabrikam.example> until',
    );
    expect(out).toMatch(
      /\nConnections\n {2}sales +127\.0\.0\.1:\d+ +as sales_owner, sales_readonly {2}ready\n {2}payroll +127\.0\.0\.1:\d+ +no access\n/,
    );
    expect(out).toMatch(
      new RegExp(
        `\\nTokens\\n  ${token.id}  sales as sales_owner for bruno@fabrikam\\.example, until .+, used once\\n`,
      ),
    );
    expect(out).toMatch(
      /\nDatabase sessions\n {2}[0-9a-f-]{36} {2}bruno@fabrikam\.example on sales as sales_owner, database sales, .*"?latchkey-test"?.*, since .*, \d+ k?B down, \d+ B up\n/,
    );
    expect(out).not.toContain(token.token);
    const state = JSON.parse((await latchkey.run('status', '--json')).out) as Record<string, unknown>;
    expect(state).toEqual({ schemaVersion: 2, ...(await latchkey.state()) });
    expect(JSON.stringify(state)).not.toContain('lk_');
    await client.end();
  });

  it('shows names that would steer a terminal as harmless text', async () => {
    await latchkey.signOut();
    await latchkey.signIn('farid@fabrikam.example');
    const { out } = await latchkey.run('status');
    // eslint-disable-next-line no-control-regex -- it is what must not be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(out).toContain('<b>Farid</b>');
    await latchkey.signOut();
    await latchkey.signIn('bruno@fabrikam.example');
  });

  it('survives a reader that stops reading', async () => {
    const child = spawn(process.execPath, [latchkey.program, 'audit', 'list', '--limit', '1000'], {
      env: latchkey.commandLine.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ err, code }).toEqual({ err: '', code: 0 });
  });

  describe('secret', () => {
    it('takes the first line of standard input, and refuses what is none', async () => {
      await latchkey.signOut();
      await latchkey.signIn('ada@fabrikam.example');
      const set = (name: string, input: string) => latchkey.commandLine.run(['secret', 'set', name], input);
      expect(await set('payroll-clerk', 'pässwörd 1\nignored\n')).toMatchObject({
        code: 0,
        out: 'Stored "payroll-clerk".\n',
      });
      expect(await set('payroll-clerk', '')).toMatchObject({
        code: 2,
        err: expect.stringContaining('Nothing was entered.') as string,
      });
      expect(await set('payroll-clerk', 'x'.repeat(5000))).toMatchObject({
        code: 2,
        err: expect.stringContaining('too long') as string,
      });
      expect(await set('payrol-clerk', 'x\n')).toMatchObject({
        code: 2,
        err: 'latchkey: No rule of the configuration has a password "payrol-clerk".\n  The names there are: sales-owner, sales-readonly, payroll-clerk.\n',
      });
    });

    it('lists names only, and forgets', async () => {
      expect((await latchkey.run('secret', 'list')).out).toBe(
        'sales-owner  stored\nsales-readonly  stored\npayroll-clerk  stored\n',
      );
      expect((await latchkey.run('secret', 'delete', 'payroll-clerk')).code).toBe(0);
      expect((await latchkey.run('secret', 'list')).out).toContain('payroll-clerk  MISSING\n');
      expect(await latchkey.run('secret', 'delete', 'payrol-clerk')).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringContaining('has a password "payrol-clerk"') as string,
      });
      expect((await latchkey.audit('secret-changed')).slice(-2)).toMatchObject([
        { name: 'payroll-clerk', change: 'set' },
        { name: 'payroll-clerk', change: 'deleted' },
      ]);
    });

    it('is typed at a terminal without an echo', async () => {
      const terminal = atTerminal(
        [process.execPath, latchkey.program, 'secret', 'set', 'payroll-clerk'],
        latchkey.commandLine.env,
      );
      await terminal.answer('Password "payroll-clerk": ', 'hunterX\u007F2\r');
      expect({ code: await terminal.ended, shown: terminal.shown() }).toEqual({
        code: 0,
        shown: 'Password "payroll-clerk": \nStored "payroll-clerk".\n',
      });
    });
  });
});
