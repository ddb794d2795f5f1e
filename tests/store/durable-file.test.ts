import { spawnSync } from 'node:child_process';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  cleanTemporaryFiles,
  readIfThere,
  rewriteDurably,
  writeDurably,
} from '../../main/store/durable-file.ts';
import { describeWith } from '../support/parts.ts';
import { savesUnderFaults } from './save-faults.ts';
import { mount, mountSmallDisk, root, setpriv, strace, useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();

describe('rewriteDurably', () => {
  test('leaves a link one, also over several steps, and writes what it leads to', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'dotfiles'));
    await writeFile(join(folder, 'dotfiles', 'config'), 'one');
    await symlink('dotfiles/config', join(folder, 'second'));
    await symlink('second', join(folder, 'first'));
    await rewriteDurably(join(folder, 'first'), Buffer.from('two'));
    expect(await readlink(join(folder, 'first'))).toBe('second');
    expect((await lstat(join(folder, 'second'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, 'dotfiles', 'config'), 'utf8')).toBe('two');
    expect(await readdir(join(folder, 'dotfiles'))).toEqual(['config']);
  });

  test.each([0o600, 0o644, 0o664, 0o640, 0o400])(
    'keeps mode %o, and narrows it where asked',
    async (mode) => {
      const path = join(await newFolder(), 'config');
      await writeFile(path, 'one');
      await chmod(path, mode);
      await rewriteDurably(path, Buffer.from('two'));
      expect((await stat(path)).mode & 0o777).toBe(mode);
      await rewriteDurably(path, Buffer.from('three'), { mode: 0o600 });
      expect((await stat(path)).mode & 0o777).toBe(mode & 0o600);
      expect(await readFile(path, 'utf8')).toBe('three');
    },
  );

  test('makes a file that was not there, with the mode that was asked for', async () => {
    const folder = await newFolder();
    await rewriteDurably(join(folder, 'plain'), Buffer.from('one'));
    await rewriteDurably(join(folder, 'open'), Buffer.from('one'), { mode: 0o644 });
    expect((await stat(join(folder, 'plain'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'open'))).mode & 0o777).toBe(0o644);
  });

  test('refuses a link that leads nowhere, or in a circle, and leaves it', async () => {
    const folder = await newFolder();
    await symlink('gone', join(folder, 'dangling'));
    await symlink('circle', join(folder, 'circle'));
    for (const name of ['dangling', 'circle']) {
      await expect(rewriteDurably(join(folder, name), Buffer.from('one'))).rejects.toMatchObject({
        code: 'store-failed',
      });
      expect((await lstat(join(folder, name))).isSymbolicLink()).toBe(true);
    }
    expect((await readdir(folder)).toSorted()).toEqual(['circle', 'dangling']);
  });

  describeWith([root], 'with several users', () => {
    test('keeps owner and group', async () => {
      const path = join(await newFolder(), 'config');
      await writeFile(path, 'one');
      await chown(path, 65_534, 4);
      await chmod(path, 0o664);
      await rewriteDurably(path, Buffer.from('two'));
      expect(await stat(path)).toMatchObject({ uid: 65_534, gid: 4 });
      expect((await stat(path)).mode & 0o777).toBe(0o664);
    });
  });
});

describe('writeDurably', () => {
  test('creates and replaces, readable by the owner only', async () => {
    const path = join(await newFolder(), 'state.json');
    await writeDurably(path, Buffer.from('one'));
    await writeDurably(path, Buffer.from('two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, '..'))).toEqual(['state.json']);
  });

  test('sets the mode that was asked for, whatever the umask', async () => {
    const path = join(await newFolder(), 'public.json');
    await writeDurably(path, Buffer.from('one'), { mode: 0o666 });
    expect((await stat(path)).mode & 0o777).toBe(0o666);
  });

  test('names the path and the reason', async () => {
    const path = join(await newFolder(), 'missing', 'state.json');
    await expect(writeDurably(path, Buffer.from('one'))).rejects.toMatchObject({
      code: 'store-failed',
      message: `${path} could not be written because the folder does not exist.`,
      remedy: expect.any(String),
    });
  });

  test('leaves no temporary file where the rename fails', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'state.json', 'inside'), { recursive: true });
    await expect(writeDurably(join(folder, 'state.json'), Buffer.from('one'))).rejects.toMatchObject({
      code: 'store-failed',
    });
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  test('many at once leave one whole file', async () => {
    const folder = await newFolder();
    const path = join(folder, 'state.json');
    const contents = Array.from({ length: 20 }, (_, n) => `${n}`.repeat(10_000));
    await Promise.all(contents.map((content) => writeDurably(path, Buffer.from(content))));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['state.json']);
  });
});

describe('readIfThere', () => {
  test('tells a missing file from one that cannot be read', async () => {
    const folder = await newFolder();
    expect(await readIfThere(join(folder, 'nothing'))).toBeUndefined();
    await expect(readIfThere(folder)).rejects.toMatchObject({ code: 'store-failed' });
  });
});

test('cleanTemporaryFiles removes its own leftovers and nothing else', async () => {
  const folder = await newFolder();
  const others = ['.hidden', 'a.latchkey-tmp', '.a.0123456789abcdef.latchkey-tmp.txt'];
  for (const name of [...others, '.a.json.0123456789abcdef.latchkey-tmp'])
    await writeFile(join(folder, name), '');
  await cleanTemporaryFiles(folder);
  expect((await readdir(folder)).toSorted()).toEqual(others.toSorted());
});

describeWith([root, mount], 'a full disk', () => {
  test('the old file stays, whole, and the message says that the disk is full', async () => {
    const folder = await newFolder();
    const unmount = mountSmallDisk(folder, '64k');
    try {
      const path = join(folder, 'state.json');
      const old = Buffer.alloc(40_000, 'o');
      await writeDurably(path, old);
      await expect(writeDurably(path, Buffer.alloc(40_000, 'n'))).rejects.toMatchObject({
        code: 'store-failed',
        message: `${path} could not be written because the disk is full.`,
      });
      expect((await readFile(path)).equals(old)).toBe(true);
      expect(await readdir(folder)).toEqual(['state.json']);
      await writeDurably(path, Buffer.from('smaller'));
      expect(await readFile(path, 'utf8')).toBe('smaller');
    } finally {
      unmount();
    }
  });
});

describeWith([root, setpriv], 'a folder of somebody else', () => {
  test('no permission is said as such', async () => {
    const folder = await newFolder();
    await chmod(folder, 0o755);
    const path = join(folder, 'state.json');
    const module = join(import.meta.dirname, '../../main/store/durable-file.ts');
    const script = `const { writeDurably } = await import(${JSON.stringify(module)});
      await writeDurably(${JSON.stringify(path)}, Buffer.from('x')).catch((thrown) => console.log(thrown.message));`;
    const asOther = [
      '--reuid=65534',
      '--clear-groups',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const { stdout } = spawnSync(setpriv.path ?? '', asOther, { encoding: 'utf8' });
    expect(stdout).toBe(`${path} could not be written because there is no permission.\n`);
  });
});

describeWith([root, strace], 'a fault at every system call of a save', () => {
  test('always the old or the new file, never a false success', { timeout: 120_000 }, async () => {
    const { counts, outcomes, wrong } = await savesUnderFaults(await newFolder());
    expect(wrong).toEqual([]);
    expect(counts).toMatchObject({ pwrite64: 1, fsync: 2, rename: 1 });
    expect(outcomes.old).toBeGreaterThan(0);
    expect(outcomes.new).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThanOrEqual(10);
    process.stdout.write(`durable file, faults at system calls: ${JSON.stringify(outcomes)}\n`);
  });
});
