import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { editFile } from '../../main/store/edit-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-edit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array, mode = 0o640): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode });
  return path;
}

it('of changes that come at once none is lost, and no lock stays', async () => {
  const path = await file('counted', '0');
  await Promise.all(
    Array.from({ length: 8 }, () => editFile(path, async (text) => String(Number(text) + 1))),
  );
  expect(await readFile(path, 'utf8')).toBe('8');
  expect((await readdir(folder)).filter((name) => name.includes('.lock'))).toEqual([]);
});

it('what somebody else writes meanwhile is read again', async () => {
  const path = await file('meanwhile', 'one');
  let tries = 0;
  await editFile(path, async (text) => {
    tries += 1;
    if (tries === 1) await writeFile(path, 'two');
    return `${text}!`;
  });
  expect(await readFile(path, 'utf8')).toBe('two!');
});

it('a link stays a link, and the mode of the file stays', async () => {
  const path = await file('linked', '\uFEFFa\r\n');
  const link = join(folder, 'link');
  await symlink(path, link);
  await editFile(link, async (text) => `${text}b\r\n`);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(path, 'utf8')).toBe('\uFEFFa\r\nb\r\n');
  expect((await stat(path)).mode & 0o777).toBe(0o640);
});

it('is taken back only where nobody has changed it since', async () => {
  const path = await file('back', 'before');
  const first = await editFile(path, async () => 'after');
  await first.takeBack();
  expect(await readFile(path, 'utf8')).toBe('before');
  const second = await editFile(path, async () => 'after');
  await writeFile(path, 'of the person');
  await second.takeBack();
  expect(await readFile(path, 'utf8')).toBe('of the person');
});

it('a lock that a crash has left is taken away', async () => {
  const path = await file('crashed', 'a');
  const lock = join(folder, '.crashed.lock');
  await writeFile(lock, '');
  const long = new Date(Date.now() - 120_000);
  await utimes(lock, long, long);
  await editFile(path, async () => 'b');
  expect(await readFile(path, 'utf8')).toBe('b');
});

it('bytes that are no UTF-8 are left alone', async () => {
  const bytes = new Uint8Array([0x61, 0xff, 0x0a]);
  const path = await file('latin', bytes);
  await expect(editFile(path, async () => 'b')).rejects.toMatchObject({ code: 'config-unreadable' });
  expect(new Uint8Array(await readFile(path))).toEqual(bytes);
});
