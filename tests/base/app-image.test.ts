import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findAppImage } from '../../main/base/app-image.ts';
import { writeAppRun } from '../support/electron-builder.ts';
import { describeWith, program } from '../support/parts.ts';
import { runProgram } from '../support/run-program.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const newFolder = useTemporaryFolders();
const bash = program('bash', 'install the package bash');
const file = '/home/ann/Latchkey.AppImage';
const lists = ['PATH', 'XDG_DATA_DIRS', 'LD_LIBRARY_PATH', 'GSETTINGS_SCHEMA_DIR'];

/** What an AppImage holds, as far as it counts here: its AppRun, and a program that prints what it was started with. */
async function appImage(): Promise<{ folder: string; execPath: string }> {
  const folder = join(await realpath(await newFolder()), 'mount of Latchkey');
  await mkdir(folder);
  await writeAppRun(folder, 'latchkey-desktop');
  const execPath = join(folder, 'latchkey-desktop');
  await writeFile(execPath, '#!/bin/sh\nexec env -0\n');
  await chmod(execPath, 0o755);
  return { folder, execPath };
}

describeWith([bash], 'the environment of an AppImage', () => {
  async function started(folder: string, env: Record<string, string>): Promise<Record<string, string>> {
    const { stdout, stderr } = await runProgram(bash.path, [join(folder, 'AppRun'), '--no-sandbox'], { env });
    expect(stderr).toBe('');
    return Object.fromEntries(
      stdout
        .split('\0')
        .filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  it.each<Record<string, string>>([
    {},
    { XDG_DATA_DIRS: '/usr/share/plasma:/usr/share' },
    { XDG_DATA_DIRS: '/opt/share:/usr/share/gnome:/usr/local/share/:/usr/share/' },
    { LD_LIBRARY_PATH: '/opt/oracle/lib:', GSETTINGS_SCHEMA_DIR: '/opt/schemas' },
  ])('is left for the one that the person has started it in: %o', async (more) => {
    const { folder, execPath } = await appImage();
    const own = { PATH: `${process.env['PATH']}::/opt/bin`, ...more };
    const runtime = { APPDIR: folder, APPIMAGE: file, ARGV0: './Latchkey.AppImage', OWD: '/' };
    const env = await started(folder, { ...own, ...runtime });
    for (const name of lists) expect(env[name]).toContain(folder);
    expect(findAppImage({ execPath, env })).toEqual({ file, before: own });
  });

  it('is left where its contents were put into a folder', async () => {
    const { folder, execPath } = await appImage();
    const own = { PATH: process.env['PATH'] ?? '' };
    const env = await started(folder, own);
    expect(findAppImage({ execPath, env })).toEqual({ file: undefined, before: own });
  });
});

it('is none of ours where another AppImage has set it, such as that of the terminal', async () => {
  const terminal = await appImage();
  const { folder, execPath } = await appImage();
  const env = { APPIMAGE: '/opt/Terminal.AppImage', APPDIR: terminal.folder };
  expect(findAppImage({ execPath, env })).toBeUndefined();
  // As in the folder of a deb.
  const installed = join(await newFolder(), 'latchkey-desktop');
  expect(findAppImage({ execPath: installed, env: { APPIMAGE: file, APPDIR: folder } })).toBeUndefined();
});
