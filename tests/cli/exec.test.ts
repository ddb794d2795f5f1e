import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sourceProgram } from '../../main/demo/command-line.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startCommand,
  startWorld,
  type Latchkey,
  type World,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';

const psql = parts.psql.path ?? 'psql';

describeWith([parts.postgres, parts.psql], 'latchkey exec', () => {
  let world: World;
  let latchkey: Latchkey;

  beforeAll(async () => {
    world = await startWorld();
    latchkey = await createLatchkey(world);
    await latchkey.signIn('bruno@fabrikam.example');
  });
  afterAll(async () => {
    await latchkey?.close();
    await world?.close();
  });

  const exec = (...command: string[]) => latchkey.run('exec', 'sales', '--', ...command);
  const isIdle = async () => expect((await latchkey.state()).tokens).toEqual([]);

  it('runs a command that needs no password, and revokes its token', async () => {
    expect(await exec(psql, '-XAtc', 'select current_user')).toEqual({
      code: 0,
      out: 'sales_owner\n',
      err: '',
    });
    await isIdle();
    expect((await latchkey.audit('token-issued', 'token-revoked')).map(({ event }) => event)).toEqual([
      'token-issued',
      'token-revoked',
    ]);
  });

  it('hands standard input over', async () => {
    const script = `create table if not exists t (a int);\n\\copy t from stdin\n1\n2\n\\.\nselect sum(a) from t;\n`;
    const { code, out, err } = await latchkey.commandLine.run(['exec', 'sales', '--', psql, '-XAtq'], script);
    expect({ code, out, err }).toEqual({ code: 0, out: '3\n', err: '' });
  });

  it('passes on exit codes and its own arguments untouched', async () => {
    expect(await exec('sh', '-c', 'exit 7')).toMatchObject({ code: 7 });
    expect(await exec(psql, '-Xc', 'select 1/0')).toMatchObject({
      code: 1,
      err: expect.stringContaining('division by zero') as string,
    });
    const shown = await exec('sh', '-c', 'printf "%s|" "$@"', 'sh', '--json', '--role', "a'b $x", '');
    expect(shown).toEqual({ code: 0, out: "--json|--role|a'b $x||", err: '' });
    expect(await exec('sh', '-c', 'kill -KILL $$')).toMatchObject({ code: 137 });
    await isIdle();
  });

  it('gives the child the variables of libpq, and none that lead elsewhere', async () => {
    const { host, port } = (await latchkey.state()).connections[0] ?? {};
    const child = spawn(
      process.execPath,
      [
        sourceProgram,
        'exec',
        'sales',
        '--',
        'sh',
        '-c',
        `env | grep ^PG | sort; exec '${psql}' -XAtc 'select 1'`,
      ],
      {
        env: {
          ...latchkey.commandLine.env,
          PGHOSTADDR: '203.0.113.1',
          PGSERVICE: 'production',
          PGSSLMODE: 'verify-full',
          PGCHANNELBINDING: 'require',
          PGPASSWORD: 'hunter2',
          PGAPPNAME: 'report',
        },
      },
    );
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(err).toBe('');
    expect(out.trimEnd().split('\n')).toEqual([
      'PGAPPNAME=report',
      'PGDATABASE=sales',
      `PGHOST=${host}`,
      expect.stringMatching(/^PGPASSWORD=lk_\w{46}$/),
      `PGPORT=${port}`,
      'PGUSER=bruno@fabrikam.example',
      '1',
    ]);
  });

  it('forwards SIGTERM, waits for the child, and revokes', async () => {
    const script = 'trap "echo got it; exit 9" TERM; echo "$PGPASSWORD"; while :; do sleep 0.1; done';
    const command = startCommand(latchkey, 'exec', 'sales', '--', 'sh', '-c', script);
    const token = await command.firstLine;
    const { host, port, username, database } = await latchkey.token('sales');
    const login = () =>
      connect({ host, port, username, database, token } as Awaited<ReturnType<Latchkey['token']>>);
    await (await login()).end();
    command.child.kill('SIGTERM');
    expect(await command.ended).toMatchObject({ code: 9, out: `${token}\ngot it\n` });
    expect(await refusalOf(login())).toMatchObject({ message: 'This token has been revoked.' });
    await (await latchkey.client()).post('/v1/tokens/revoke', { all: true });
  });

  it('at Ctrl-C leaves the child to it, as a shell does', async () => {
    // A group of its own stands for the terminal, which sends the signal to the whole group.
    const child = spawn(
      process.execPath,
      [
        sourceProgram,
        'exec',
        'sales',
        '--',
        psql,
        '-XAt',
        '-c',
        'select pg_sleep(60)',
        '-c',
        "select 'never'",
      ],
      { env: latchkey.commandLine.env, detached: true },
    );
    const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    await expect
      .poll(
        () => world.postgres.query("select 1 from pg_stat_activity where query ~ '^select pg_sleep'"),
        soon,
      )
      .toHaveLength(1);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    const [, err, [code]] = await output;
    expect(err).toContain('canceling statement due to user request');
    expect(code).toBe(1);
    await isIdle();
  });

  it('says so where the command is not there, or the person may not', async () => {
    expect(await exec('no-such-command')).toMatchObject({
      code: 1,
      err: 'latchkey: The command "no-such-command" was not found.\n  Check its name and your PATH.\n',
    });
    await isIdle();
    expect(await latchkey.run('exec', 'payroll', '--', 'touch', '/tmp/never')).toMatchObject({
      code: 4,
      err: expect.stringContaining('No group of bruno@fabrikam.example gives access to "payroll".') as string,
    });
    expect(await latchkey.run('exec', 'sales', '--role', 'postgres', '--', 'true')).toMatchObject({
      code: 4,
      err: expect.stringContaining(
        'You may not use the role "postgres" of "sales".\n  Your roles there: sales_owner.',
      ) as string,
    });
  });
});
