import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommandLine, firstLine, type CommandLine } from '../../main/demo/command-line.ts';
import { buildCommand } from '../support/builds.ts';
import { soon } from '../support/latchkey.ts';
import { describeWith } from '../support/parts.ts';
import { atTerminal, script } from '../support/terminal.ts';

const program = await buildCommand();

describe('exit codes and endings', () => {
  let folder: string;
  let home: string;
  let person: string;
  let commandLine: CommandLine;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-'));
    home = join(folder, 'home');
    person = join(folder, 'person');
    await mkdir(person);
    const config = join(folder, 'latchkey.yaml');
    await writeFile(
      config,
      `providers: [{name: fabrikam, type: azure-directory, authority: 'https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001', applicationId: f4b1ca00-0000-4000-8000-00000000c11e}]\n`,
    );
    commandLine = createCommandLine(home, config, [process.execPath, program]);
    commandLine.env['HOME'] = person;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.runIf(process.platform === 'linux')('a result that cannot be written is a failure', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `'${process.execPath}' '${program}' config check > /dev/full`],
      { env: commandLine.env, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'latchkey: The result could not be written (ENOSPC).\n  Make room, or write it elsewhere.\n',
    });
  });

  it('an audit that is not there is a failure', async () => {
    const none = await commandLine.run(['--home', join(folder, 'none'), 'audit', 'verify']);
    expect(none).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('There is no audit in') as string,
    });
    expect((await commandLine.run(['--home', join(folder, 'none'), 'audit', 'list'])).code).toBe(1);
  });

  it('a command does not wait for the undici that Node has inside, which it does not use', async () => {
    const loaded = "process.moduleLoadList.filter((name) => name.includes('undici')).join()";
    const say = `process.on('exit', () => process.stderr.write(${loaded}))`;
    const importing = `--import=data:text/javascript,${encodeURIComponent(say)}`;
    const { err } = await commandLine.run(['config', 'check'], '', { NODE_OPTIONS: importing });
    expect(err).toBe('');
  });

  it('what a crash has left is swept at the next start', async () => {
    const left = '.x.0123456789abcdef.latchkey-tmp';
    const old = new Date(Date.now() - 2 * 60 * 60_000);
    const places = ['', 'audit', 'sealed', join('sealed', 'key-file'), 'mfa', 'log', 'run'].map((name) =>
      join(home, name),
    );
    for (const place of places) {
      await mkdir(place, { recursive: true, mode: 0o700 });
      await writeFile(join(place, left), 'secret');
    }
    await mkdir(join(home, 'run', 'exec-1'));
    const socket = createServer().listen(join(home, 'run', '.s.PGSQL.5432'));
    await once(socket, 'listening');
    await writeFile(join(person, '.pgpass'), 'kept');
    await writeFile(join(person, `.${'.pgpass'}.0123456789abcdef.latchkey-tmp`), 'secret');
    await utimes(join(person, '..pgpass.0123456789abcdef.latchkey-tmp'), old, old);
    await writeFile(join(person, '..my.cnf.0123456789abcdef.latchkey-tmp'), 'just being written');
    await writeFile(join(folder, '.latchkey.yaml.0123456789abcdef.latchkey-tmp'), 'secret');
    await utimes(join(folder, '.latchkey.yaml.0123456789abcdef.latchkey-tmp'), old, old);

    const child = commandLine.start(['serve']);
    await firstLine(child);
    const ended = once(child, 'exit') as Promise<[number | null]>;
    for (const place of places) expect(await readdir(place)).not.toContain(left);
    const run = await readdir(join(home, 'run'));
    expect(run).toContain('api.json');
    expect(run).not.toContain('exec-1');
    expect(run).not.toContain('.s.PGSQL.5432');
    expect((await readdir(person)).toSorted()).toEqual(['..my.cnf.0123456789abcdef.latchkey-tmp', '.pgpass']);
    expect(await readdir(folder)).not.toContain('.latchkey.yaml.0123456789abcdef.latchkey-tmp');
    socket.close();

    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  });

  describeWith([script], 'at a terminal', () => {
    it('it ends in order with the one that it was started at', async () => {
      const terminal = atTerminal([process.execPath, program, 'serve', '--json'], commandLine.env);
      await expect.poll(terminal.shown, soon).toContain('"event":"serving"');
      terminal.hangUp();
      const log = (): Promise<string> => readFile(join(home, 'log', 'latchkey.log'), 'utf8');
      await expect.poll(log, soon).toContain('Latchkey ends: SIGHUP came: its terminal has gone.');
      const stopped = async (): Promise<string> => (await commandLine.run(['audit', 'list', '--json'])).out;
      await expect.poll(stopped, soon).toMatch(/"broker-stopped".*"reason":"SIGHUP came/);
    });
  });
});
