import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { algorithm, loadX509 } from '../../main/base/x509.ts';
import { writeAppRun } from '../support/electron-builder.ts';
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
import { describeWith, isThere, parts, type Part } from '../support/parts.ts';
import { atTerminal, script } from '../support/terminal.ts';

const psql = parts.psql.path ?? 'psql';

/** As of an authority that has nothing to do with Latchkey, PEM. */
async function revocationListOfOthers(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { X509CrlGenerator } = await loadX509();
  const list = await X509CrlGenerator.create({
    issuer: 'CN=Somebody else',
    thisUpdate: new Date(Date.now() - 86_400_000),
    nextUpdate: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
    signingKey: privateKey,
  });
  // OpenSSL reads it under this name only.
  return list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----');
}

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
    const statements = `create table if not exists t (a int);\n\\copy t from stdin\n1\n2\n\\.\nselect sum(a) from t;\n`;
    const { code, out, err } = await latchkey.commandLine.run(
      ['exec', 'sales', '--', psql, '-XAtq'],
      statements,
    );
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
    const { port } = (await latchkey.state()).connections[0] ?? {};
    const child = spawn(
      process.execPath,
      [
        latchkey.program,
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
      'PGHOST=localhost',
      expect.stringMatching(/^PGPASSWORD=lk_\w{46}$/),
      `PGPORT=${port}`,
      'PGREQUIREAUTH=scram-sha-256',
      'PGSSLCRL=/dev/null/none',
      'PGSSLMODE=verify-full',
      expect.stringMatching(/^PGSSLROOTCERT=.*latchkey-ca(-passing)?\.pem$/),
      'PGUSER=bruno@fabrikam.example',
      '1',
    ]);
  });

  const libraries: [string, string, Part[]][] = [
    ['of this system', '', []],
    ['18', parts.libpq18.path ?? '', [parts.libpq18]],
  ];
  for (const [version, LD_LIBRARY_PATH, needed] of libraries)
    describeWith(needed, `libpq ${version}`, () => {
      const hostile = {
        PGHOSTADDR: '127.0.0.9',
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: 'system',
        PGSSLCERT: '/nowhere',
        PGSSLMINPROTOCOLVERSION: 'TLSv1.3',
        PGCHANNELBINDING: 'require',
        PGGSSENCMODE: 'require',
        PGTARGETSESSIONATTRS: 'read-only',
        PGPASSFILE: '/nowhere',
      };
      const beyondParameters = {
        PGSERVICE: 'production',
        PGSERVICEFILE: '/nowhere',
        PGREQUIREAUTH: 'none',
        PGSSLNEGOTIATION: 'direct',
        PGMINPROTOCOLVERSION: '3.2',
        PGCONNECT_TIMEOUT: '-x',
        PGPASSWORD: 'hunter2',
      };
      const library = LD_LIBRARY_PATH === '' ? {} : { LD_LIBRARY_PATH };

      it('lets no list of revoked certificates of the person stand in the way', async () => {
        const HOME = await mkdtemp(join(tmpdir(), 'lk-home-'));
        await mkdir(join(HOME, '.postgresql'));
        await writeFile(join(HOME, '.postgresql/root.crl'), await revocationListOfOthers());
        const args = ['exec', 'sales', '--', psql, '-XAtc', 'select current_user'];
        expect(await latchkey.commandLine.run(args, '', { HOME, ...library })).toEqual({
          code: 0,
          out: 'sales_owner\n',
          err: '',
        });
        const { out, err } = await latchkey.commandLine.run(['token', 'sales'], '', { HOME });
        const line = /^ {2}(psql .*)$/m.exec(err)?.[1];
        const shell = async (command: string) => {
          const env = { ...process.env, HOME, ...library, PGPASSWORD: out.trim() };
          const child = spawn('sh', ['-c', `${command} -XAtc 'select current_user'`], { env });
          return Promise.all([text(child.stdout), text(child.stderr)]);
        };
        expect(await shell(line ?? '')).toEqual(['sales_owner\n', '']);
        // It does stand in the way of what does not say otherwise.
        expect((await shell((line ?? '').replace(/sslcrl=\S+/, '')))[1]).toContain(
          'certificate verify failed',
        );
        const { out: settings } = await latchkey.commandLine.run(['connect', 'sales', '--for', 'psql'], '', {
          HOME,
        });
        expect(settings).toContain(`In the way of what is built on libpq: ${HOME}/.postgresql/root.crl`);
        await (await latchkey.client()).post('/v1/tokens/revoke', { all: true });
        await rm(HOME, { recursive: true });
      });

      it('takes no variable of the person for the gateway', async () => {
        const args = ['exec', 'sales', '--', psql, '-XAtc', 'select current_user'];
        expect(
          await latchkey.commandLine.run(args, '', { ...hostile, ...beyondParameters, ...library }),
        ).toEqual({ code: 0, out: 'sales_owner\n', err: '' });
      });

      it('reads the printed line, which beats variables, or is told of those that beat it', async () => {
        const { out, err } = await latchkey.commandLine.run(['token', 'sales'], '', hostile);
        expect(err).not.toContain('In its way');
        const line = /^ {2}(psql .*)$/m.exec(err)?.[1];
        const child = spawn('sh', ['-c', `${line} -XAtc 'select current_user'`], {
          env: { ...process.env, ...hostile, ...library, PGPASSWORD: out.trim() },
        });
        expect([await text(child.stdout), await text(child.stderr)]).toEqual(['sales_owner\n', '']);
        const told = await latchkey.commandLine.run(['token', 'sales'], '', {
          PGSERVICE: 'production',
          PGREQUIREAUTH: 'none',
        });
        expect(told.err).toContain('In its way, where this shell has them: PGSERVICE, PGREQUIREAUTH.');
        await (await latchkey.client()).post('/v1/tokens/revoke', { all: true });
      });
    });

  it('gives the command nothing of the AppImage that it runs from', async () => {
    const APPDIR = await realpath(await mkdtemp(join(tmpdir(), 'lk-mount-')));
    // The AppRun of electron-builder with a Node for Electron's program, which does here what it does with a command.
    await copyFile(process.execPath, join(APPDIR, 'latchkey-desktop'));
    const appRun = await writeAppRun(APPDIR, 'latchkey-desktop');
    const entry = join(dirname(latchkey.program), 'start.js');
    const command = ['exec', 'sales', '--', 'env'];
    const child = spawn(appRun, [entry, '--cli', '--no-sandbox', '--', ...command], {
      env: {
        ...latchkey.commandLine.env,
        APPDIR,
        APPIMAGE: '/opt/L.AppImage',
        ARGV0: 'L.AppImage',
        OWD: '/',
      },
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(err).toBe('');
    // The shell that starts the program counts and tells what is its own; a file for the command has a name of chance.
    const comparable = (printed: string) =>
      printed
        .trimEnd()
        .replaceAll(/\.exec\.\w+\./g, '.exec.')
        .split('\n')
        .filter((line) => !/^(?:_|SHLVL|PWD|OLDPWD|\w*PASSWORD)=/.test(line))
        .toSorted();
    const { out: withoutAppImage } = await exec('env');
    expect(comparable(withoutAppImage)).toContainEqual(expect.stringMatching(/^PATH=/));
    expect(comparable(out)).toEqual(comparable(withoutAppImage));
    await rm(APPDIR, { recursive: true });
  });

  it('says that the options of sessions are left out', async () => {
    const { code, err } = await latchkey.commandLine.run(['exec', 'sales', '--', 'true'], '', {
      PGOPTIONS: '-c default_transaction_read_only=on',
    });
    expect(code).toBe(0);
    expect(err).toMatch(/^latchkey: PGOPTIONS is left out/);
  });

  it('ends as a shell does where the command is missing, or cannot be run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-exec-'));
    await writeFile(join(folder, 'plain'), 'no program', { mode: 0o644 });
    for (const [command, code] of [
      [join(folder, 'missing'), 127],
      [join(folder, 'plain'), 126],
      [folder, 126],
    ] as const)
      expect(await exec(command), command).toMatchObject({
        code,
        err: expect.stringContaining(command) as string,
      });
    await isIdle();
    await rm(folder, { recursive: true });
  });

  it('forwards SIGTERM, waits for the child, and revokes', async () => {
    const loop = 'trap "echo got it; exit 9" TERM; echo "$PGPASSWORD"; while :; do sleep 0.1; done';
    const command = startCommand(latchkey, 'exec', 'sales', '--', 'sh', '-c', loop);
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
        latchkey.program,
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

  const each = ['SIGINT', 'SIGQUIT'] as const;
  /**
   * Tells each signal that it gets, and whose child it is, until it is told to end. No shell: dash loses a signal that
   * comes while it starts a command (vfork).
   */
  const listener = `for (const signal of ${JSON.stringify(each)}) process.on(signal, () => console.log('got ' + signal));
    process.on('SIGTERM', () => process.exit(5));
    setInterval(() => undefined, 1000);
    console.log('parent ' + process.ppid + '.');`;
  const counted = (text: string) => each.map((signal) => text.split(`got ${signal}`).length - 1);
  const parentIn = (text: string) => Number(/^parent (\d+)\.$/m.exec(text)?.[1] ?? 0);

  it.each([
    ['to the whole group', true],
    ['to it alone', false],
  ])('without a terminal, signals %s reach the child, once', async (_whom, isGroup) => {
    const child = spawn(
      process.execPath,
      [latchkey.program, 'exec', 'sales', '--', process.execPath, '-e', listener],
      { env: latchkey.commandLine.env, detached: true },
    );
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (shown += chunk));
    const ended = once(child, 'close');
    await expect.poll(() => parentIn(shown), soon).toBe(child.pid);
    const target = isGroup ? -(child.pid ?? 0) : (child.pid ?? 0);
    for (const [index, signal] of each.entries()) {
      process.kill(target, signal);
      await expect.poll(() => counted(shown)[index], soon).toBe(1);
    }
    // A second one would have come by now.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(counted(shown)).toEqual([1, 1]);
    process.kill(child.pid ?? 0, 'SIGTERM');
    expect(await ended).toEqual([5, null]);
    await isIdle();
  });

  it.runIf(isThere(script)).each([
    ['from its keys', ['\u0003', '\u001c']],
    ['sent to it alone', undefined],
  ] as const)('at a terminal, signals %s reach the child, once', async (_whence, keys) => {
    const file = join(latchkey.home, 'listener.cjs');
    await writeFile(file, listener);
    const terminal = atTerminal(
      // A key for a signal also throws away what the terminal has not shown yet, the answer to that signal included.
      ['sh', '-c', 'stty noflsh; exec "$@"', 'sh']
        .concat([process.execPath, latchkey.program, 'exec', 'sales', '--'])
        .concat([process.execPath, file]),
      latchkey.commandLine.env,
    );
    await expect.poll(() => parentIn(terminal.shown()), soon).toBeGreaterThan(0);
    const pid = parentIn(terminal.shown());
    for (const [index, signal] of each.entries()) {
      if (keys === undefined) process.kill(pid, signal);
      else await terminal.answer('parent', keys[index] ?? '');
      await expect.poll(() => counted(terminal.shown())[index], soon).toBe(1);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(counted(terminal.shown())).toEqual([1, 1]);
    process.kill(pid, 'SIGTERM');
    expect(await terminal.ended).toBe(5);
    await isIdle();
  });

  it('says so where the command is not there, or the person may not', async () => {
    expect(await exec('no-such-command')).toMatchObject({
      code: 127,
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
