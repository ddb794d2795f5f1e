import { chmod, lchown, link, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  organisationFileAt,
  organisationPath,
  type OrganisationFileOptions,
} from '../../main/config/organisation-file.ts';
import type { ReadWindowsAccess } from '../../main/config/windows-access.ts';

let root: string;
let path: string;
const me = process.getuid?.() ?? 0;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-organisation-')));
  path = join(root, 'etc', 'latchkey', 'organisation.yaml');
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, 'locked: [session]\n', { mode: 0o644 });
});
afterEach(() => rm(root, { recursive: true }));

const read = (more: Partial<OrganisationFileOptions> = {}) =>
  organisationFileAt({ path, owners: [me], from: root, ...more }).read();

const refused = (why: string) => ({
  code: 'organisation-untrusted',
  message: expect.stringContaining(why) as string,
  remedy: expect.stringContaining('administers this computer') as string,
});

it('is in a place that no variable names', () => {
  const before = { ...process.env };
  try {
    for (const name of ['HOME', 'ProgramData', 'PROGRAMDATA', 'XDG_CONFIG_HOME', 'XDG_CONFIG_DIRS'])
      process.env[name] = root;
    expect(organisationPath('linux')).toBe('/etc/latchkey/organisation.yaml');
    expect(organisationPath('darwin')).toBe('/Library/Application Support/Latchkey/organisation.yaml');
    expect(organisationPath('win32')).toBe(String.raw`C:\ProgramData\Latchkey\organisation.yaml`);
  } finally {
    process.env = before;
  }
});

it('is read with its own path and folder', async () => {
  expect(await read()).toEqual({ text: 'locked: [session]\n', origin: path, folder: dirname(path) });
});

it('no file is no layer', async () => {
  await rm(dirname(path), { recursive: true });
  expect(await read()).toBeUndefined();
});

it.each([0o664, 0o646])('a file with mode %o is refused', async (mode) => {
  await chmod(path, mode);
  await expect(read()).rejects.toMatchObject(refused(`${path} can be written by others than root`));
});

it('a folder on the way that others can write is refused, also with a sticky bit', async () => {
  await chmod(join(root, 'etc'), 0o1777);
  await expect(read()).rejects.toMatchObject(
    refused(`${join(root, 'etc')} can be written by others than root (mode 1777)`),
  );
});

it('a file of another user is refused', async () => {
  await expect(read({ owners: [me + 1] })).rejects.toMatchObject(refused(`belongs to another user`));
});

it.runIf(me === 0)('a folder of another user is refused', async () => {
  await lchown(dirname(path), 65_534, 65_534);
  await expect(read()).rejects.toMatchObject(
    refused(`${dirname(path)} belongs to another user than root (uid 65534)`),
  );
});

it('every folder up to the root is looked at', async () => {
  await chmod(root, 0o777);
  await expect(organisationFileAt({ path, owners: [me, 0] }).read()).rejects.toMatchObject({
    code: 'organisation-untrusted',
  });
});

it('a link is refused, of a file and of a folder', async () => {
  const real = join(root, 'real.yaml');
  await link(path, real);
  await rm(path);
  await symlink(real, path);
  await expect(read()).rejects.toMatchObject(refused(`${path} is a link`));

  await symlink(join(root, 'etc'), join(root, 'elsewhere'));
  const through = join(root, 'elsewhere', 'latchkey', 'organisation.yaml');
  await expect(read({ path: through })).rejects.toMatchObject(refused('is a link'));
});

it('a folder in its place, and a file of many megabytes, are refused', async () => {
  await writeFile(path, Buffer.alloc(5 * 1024 * 1024, '#'));
  await expect(read()).rejects.toMatchObject(refused('too big'));
  await rm(path);
  await mkdir(path);
  await expect(read()).rejects.toMatchObject(refused('it is no file'));
});

it('what cannot be opened is no missing file', async () => {
  await rm(dirname(path), { recursive: true });
  await writeFile(dirname(path), '');
  await expect(read()).rejects.toMatchObject({
    code: 'config-unreadable',
    message: expect.stringContaining('ENOTDIR') as string,
  });
});

const administrators = 'S-1-5-32-544';
const users = 'S-1-5-32-545';
const allow = (sid: string, rights: number) => ({ sid, rights, allow: true });
/** What Windows gives a folder in C:\ProgramData and a file in it, that an administrator has made. */
const usual: ReadWindowsAccess = async ([file = '', folder = '']) => [
  { path: file, owner: administrators, rules: [allow('S-1-5-18', 0x1f_01ff), allow(users, 0x12_00a9)] },
  { path: folder, owner: 'S-1-5-18', rules: [allow(users, 0x12_00a9), allow(users, 0x116)] },
];
const onWindows = (readAccess: ReadWindowsAccess) => read({ platform: 'win32', readAccess });

it('Windows: the access lists that an administrator’s file has by default are accepted', async () => {
  expect(await onWindows(usual)).toMatchObject({ origin: path });
});

it.each<[string, ReadWindowsAccess, string]>([
  [
    'file of a user',
    async (paths) => (await usual(paths)).map((one) => ({ ...one, owner: 'S-1-5-21-1-2-3-1001' })),
    'belongs to another user (S-1-5-21-1-2-3-1001)',
  ],
  [
    'file that users may write',
    async (paths) =>
      (await usual(paths)).map((one) => ({ ...one, rules: [...one.rules, allow(users, 0x1301bf)] })),
    `can be written by others than administrators (${users})`,
  ],
  [
    'folder in which users may delete',
    async (paths) =>
      (await usual(paths)).map((one, index) =>
        index === 0 ? one : { ...one, rules: [allow('S-1-1-0', 0x40)] },
      ),
    'can be written by others than administrators (S-1-1-0)',
  ],
  ['folder of which nothing is told', async (paths) => (await usual(paths)).slice(0, 1), 'does not tell'],
  ['PowerShell that fails', () => Promise.reject(new Error('policy')), 'does not tell'],
])('Windows: refused for a %s', async (_, readAccess, why) => {
  await expect(onWindows(readAccess)).rejects.toMatchObject(refused(why));
});
