import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linuxIcon } from '../../main/desktop/linux-icon.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lk-icons-'));
});
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, text = path): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const entry = (name: string, keys: Record<string, string>, folder = 'system') =>
  put(
    `${folder}/applications/${name}.desktop`,
    `# made by hand\n[Desktop Entry]\nType=Application\n${Object.entries(keys)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('')}[Desktop Action New]\nExec=/nowhere\nIcon=of-the-action\n`,
  );

/** What the picture holds: the files here hold their own path. */
async function found(program: string): Promise<string | undefined> {
  const url = await linuxIcon(program, {
    XDG_DATA_HOME: join(root, 'own'),
    XDG_DATA_DIRS: join(root, 'system'),
    PATH: join(root, 'bin'),
  });
  const [, type, data = ''] = /^data:image\/([a-z+]+);base64,(.*)$/.exec(url ?? '') ?? [];
  return url === undefined ? undefined : `${type} ${Buffer.from(data, 'base64').toString()}`;
}

test('the icon is that of the entry that starts the program, whatever way it is named', async () => {
  const program = await put('opt/beaver/beaver');
  await mkdir(join(root, 'bin'));
  await symlink(program, join(root, 'bin', 'beaver'));
  await put('system/icons/hicolor/48x48/apps/beaver.png');
  for (const exec of [`${program} %F`, `"${program}" --new`, 'beaver %U', join(root, 'bin', 'beaver')]) {
    await entry('beaver', { Exec: exec, Icon: 'beaver' });
    expect(await found(program)).toBe('png system/icons/hicolor/48x48/apps/beaver.png');
  }
});

test('a program that another one brings along has its icon, and its neighbour in a common folder has none', async () => {
  const java = await put('opt/beaver/jre/bin/java');
  const beaver = await put('opt/beaver/beaver');
  const editor = await put('bin/editor');
  const psql = await put('bin/psql');
  await put('system/icons/hicolor/scalable/apps/beaver.svg');
  await put('system/pixmaps/editor.png');
  await entry('beaver', { Exec: beaver, Icon: 'beaver' });
  await entry('editor', { Exec: 'editor', Icon: 'editor.png' });
  expect(await found(java)).toBe('svg+xml system/icons/hicolor/scalable/apps/beaver.svg');
  expect(await found(editor)).toBe('png system/pixmaps/editor.png');
  expect(await found(psql)).toBe(undefined);
  expect(await found(join(root, 'opt', 'beavers', 'x'))).toBe(undefined);
});

test('entries of the person come first; larger and closer sizes do', async () => {
  const program = await put('opt/beaver/beaver');
  await entry('beaver', { Exec: program, Icon: 'theirs' });
  await entry('beaver', { Exec: program, Icon: 'mine' }, 'own');
  await put('system/icons/hicolor/32x32/apps/mine.png');
  await put('system/icons/hicolor/64x64/apps/mine.png');
  await put('system/icons/hicolor/64x64/apps/theirs.png');
  expect(await found(program)).toBe('png system/icons/hicolor/64x64/apps/mine.png');
});

test('an icon is a picture inside of the themes or a file that is named, and never a large or another file', async () => {
  const program = await put('opt/beaver/beaver');
  const named = await put('elsewhere/icon.png');
  const secret = await put('secret.txt');
  for (const [icon, expected] of [
    [named, 'png elsewhere/icon.png'],
    [secret, undefined],
    ['../../../../../secret', undefined],
    ['nowhere', undefined],
    ['', undefined],
  ] as const) {
    await entry('beaver', { Exec: program, Icon: icon });
    expect(await found(program)).toBe(expected);
  }
  await truncate(named, 1024 * 1024);
  await entry('beaver', { Exec: program, Icon: named });
  expect(await found(program)).toBe(undefined);
});

test('where there are no entries, or broken ones, there is no icon', async () => {
  const program = await put('opt/beaver/beaver');
  expect(await found(program)).toBe(undefined);
  await put('system/applications/a.desktop', 'Exec=\0[Desktop');
  await put('system/applications/b.desktop', `[Desktop Entry]\nExec="${program}\nIcon=x\n`);
  await put('system/applications/c.desktop', `[Other]\nExec=${program}\nIcon=x\n`);
  await mkdir(join(root, 'system/applications/d.desktop'));
  await put('system/pixmaps/x.png');
  expect(await found(program)).toBe(undefined);
});
