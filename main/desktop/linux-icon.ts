import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, extname, isAbsolute, join, sep } from 'node:path';
import { xdgFolder } from '../store/places.ts';

const most = { entries: 3000, entryBytes: 64 * 1024, iconBytes: 512 * 1024 };
const mediaTypes: Readonly<Record<string, string>> = { '.png': 'image/png', '.svg': 'image/svg+xml' };
/** The closest to what is shown first. */
const sizes = ['64x64', '96x96', '128x128', 'scalable', '48x48', '256x256', '512x512', '32x32'];
/** In these a program lies beside others that are not its own. */
const shared = new Set([
  '',
  'bin',
  'sbin',
  'games',
  'lib',
  'lib64',
  'libexec',
  'local',
  'opt',
  'share',
  'usr',
]);

/**
 * The icon of a program's file as a data URL: that of the desktop entry (Desktop Entry Specification 1.5) that starts it, or
 * starts another file of its folder, from the theme that every application installs its icon into (hicolor, Icon Theme
 * Specification 0.13). Undefined for what has no entry, such as programs of the terminal.
 */
export async function linuxIcon(
  path: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  const folders = dataFolders(env);
  const name = await iconOf(path, folders, env['PATH'] ?? '');
  if (name === undefined) return undefined;
  for (const file of iconFiles(name, folders)) {
    const image = await readSmall(file, most.iconBytes);
    const type = mediaTypes[extname(file)];
    if (image !== undefined && type !== undefined) return `data:${type};base64,${image.toString('base64')}`;
  }
  return undefined;
}

/** Of the person first, as XDG Base Directory has it. */
function dataFolders(env: Readonly<Record<string, string | undefined>>): string[] {
  const system = env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share';
  return [xdgFolder('XDG_DATA_HOME', env), ...system.split(delimiter).filter(isAbsolute)];
}

async function iconOf(
  path: string,
  folders: readonly string[],
  searched: string,
): Promise<string | undefined> {
  let ofFolder: string | undefined;
  for (const folder of folders) {
    const names = await readdir(join(folder, 'applications')).catch(() => []);
    for (const name of names.slice(0, most.entries)) {
      if (!name.endsWith('.desktop')) continue;
      const text = await readSmall(join(folder, 'applications', name), most.entryBytes);
      const { exec, icon } = entryIn(text?.toString() ?? '');
      if (exec === undefined || icon === undefined) continue;
      const program = await fileOf(exec, searched);
      if (program === path) return icon;
      if (program !== undefined && isInFolderOf(program, path)) ofFolder ??= icon;
    }
  }
  return ofFolder;
}

/** The program and the icon of the group that says what an entry is; no other group counts. */
function entryIn(text: string): { exec?: string; icon?: string } {
  const [, group = ''] = /^\[Desktop Entry\][ \t]*$([^]*?)(?=^\[|(?![^]))/m.exec(text) ?? [];
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}[ \\t]*=[ \\t]*(.*?)[ \\t]*\\r?$`, 'm').exec(group)?.[1];
  const [, quoted, plain] = /^(?:"((?:[^"\\]|\\.)+)"|([^\s"]+))/.exec(value('Exec') ?? '') ?? [];
  const exec = quoted?.replaceAll(/\\+(.)/g, '$1') ?? plain;
  const icon = value('Icon');
  return { ...(exec === undefined ? {} : { exec }), ...(icon === undefined ? {} : { icon }) };
}

/** The file behind the name of a program, without links. */
async function fileOf(program: string, searched: string): Promise<string | undefined> {
  if (isAbsolute(program)) return realpath(program).catch(() => program);
  if (program.includes(sep)) return undefined;
  for (const folder of searched.split(delimiter).filter(isAbsolute)) {
    const file = await realpath(join(folder, program)).catch(() => undefined);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** A program may start another one that it brings along, such as its own Java. */
function isInFolderOf(program: string, path: string): boolean {
  const folder = dirname(program);
  return !shared.has(basename(folder)) && folder !== homedir() && path.startsWith(folder + sep);
}

function iconFiles(icon: string, folders: readonly string[]): string[] {
  if (isAbsolute(icon)) return [icon];
  if (icon.includes(sep)) return [];
  // Entries with a suffix are wrong and common.
  const name = icon.replace(/\.(?:png|svg)$/, '');
  return folders.flatMap((folder) => [
    ...sizes.flatMap((size) =>
      (size === 'scalable' ? ['.svg'] : ['.png']).map((suffix) =>
        join(folder, 'icons', 'hicolor', size, 'apps', `${name}${suffix}`),
      ),
    ),
    ...['.png', '.svg'].map((suffix) => join(folder, 'pixmaps', `${name}${suffix}`)),
  ]);
}

/** What is no file, or too large, is not there. */
async function readSmall(file: string, bytes: number): Promise<Buffer | undefined> {
  try {
    const { size, isFile } = await stat(file).then((found) => ({ size: found.size, isFile: found.isFile() }));
    return isFile && size <= bytes ? await readFile(file) : undefined;
  } catch {
    return undefined;
  }
}
