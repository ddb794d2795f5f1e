import { spawnSync } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createIfMissing } from '../../main/store/edit-file.ts';
import { openHome } from '../../main/store/home.ts';
import { makeFolder } from '../../main/store/make-folder.ts';
import { describeWith } from '../support/parts.ts';
import { mount, mountSmallDisk, root, useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();

test('a folder is made with those on the way to it, closed to others, and one that is there is left', async () => {
  const folder = join(await newFolder(), 'one', 'two');
  await makeFolder(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await makeFolder(folder, 0o755);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('a file in the way is told as that', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'file'), '');
  await expect(makeFolder(join(folder, 'file', 'two'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

describeWith([root, mount], 'a file system that cannot be written, as that of a container', () => {
  let unmount: (() => void) | undefined;
  afterEach(() => unmount?.());

  test('is told as that, by a home and by a new configuration, however deep they are', async () => {
    const disk = join(await newFolder(), 'disk');
    await mkdir(disk);
    unmount = mountSmallDisk(disk, '256k');
    expect(spawnSync(mount.path ?? '', ['-o', 'remount,ro', disk]).status).toBe(0);
    for (const path of [join(disk, 'home'), join(disk, 'one', 'two', 'home')]) {
      await expect(openHome(path)).rejects.toMatchObject({
        code: 'home-unusable',
        message: `${path} cannot be used as state folder because the file system is read-only.`,
      });
      await expect(createIfMissing(join(path, 'latchkey.yaml'), '')).rejects.toMatchObject({
        code: 'store-failed',
        message: expect.stringContaining('the file system is read-only') as string,
      });
    }
  });
});
