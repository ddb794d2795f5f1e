import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCommand } from '../support/builds.ts';
import { lockedDeadline } from '../support/layers.ts';
import { describeWith, program } from '../support/parts.ts';
import { runProgram } from '../support/run-program.ts';
import { mount, root } from '../store/temporary-folder.ts';

const unshare = program('unshare', 'install the package util-linux');

// A view of the file system of its own has /etc of its own, and nobody else sees it.
describeWith([root, mount, unshare], 'the organisation’s file of the computer', () => {
  let folder: string;
  let file: string;
  let command: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-etc-'));
    file = join(folder, 'etc', 'latchkey', 'organisation.yaml');
    command = await buildCommand();
    await mkdir(join(folder, 'etc', 'latchkey'), { recursive: true });
    for (const name of ['passwd', 'group', 'hosts', 'nsswitch.conf'])
      await cp(join('/etc', name), join(folder, 'etc', name)).catch(() => undefined);
    await chmod(join(folder, 'etc'), 0o755);
    await writeFile(file, lockedDeadline, { mode: 0o644 });
    await writeFile(join(folder, 'own.yaml'), 'session: {deadline: 12h}\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const latchkey = (env: Record<string, string>, ...args: string[]) =>
    runProgram(
      unshare.path,
      [
        '--mount',
        '--',
        '/bin/sh',
        '-c',
        'mount --bind "$0" /etc && exec "$@"',
        join(folder, 'etc'),
        process.execPath,
        command,
        ...args,
      ],
      { env },
    );

  it('counts, and nothing that a person can set leads past it', async () => {
    const own = { LATCHKEY_CONFIG: join(folder, 'own.yaml') };
    const elsewhere = Object.fromEntries(
      ['HOME', 'XDG_CONFIG_HOME', 'XDG_CONFIG_DIRS', 'LATCHKEY_HOME', 'LATCHKEY_ORGANISATION'].map((name) => [
        name,
        folder,
      ]),
    );
    for (const env of [own, { ...elsewhere, ...own }]) {
      const { code, stdout, stderr } = await latchkey(env, 'config', 'show', '--origin');
      expect({ code, stderr }).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('session.deadline (line 1) does not count') as string,
      });
      expect(stdout).toMatch(
        /^session\.deadline: 4h +# organisation \/etc\/latchkey\/organisation\.yaml:2, locked$/m,
      );
    }
  });

  it('that others can write is refused, by each command that reads it', async () => {
    await chmod(file, 0o666);
    const home = { LATCHKEY_CONFIG: join(folder, 'own.yaml'), LATCHKEY_HOME: join(folder, 'home') };
    for (const args of [['config', 'check'], ['config', 'show'], ['serve']])
      expect(await latchkey(home, ...args), args.join(' ')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /organisation\.yaml are not trusted: .* can be written by others than root \(mode 0666\)\.\n {2}Close it: chmod go-w/,
        ) as string,
      });
  });
});
