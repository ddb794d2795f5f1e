import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** Set by the runtime of an AppImage for the program in it. */
const ofRuntime = ['APPIMAGE', 'APPDIR', 'ARGV0', 'OWD'];
/** Lists that the AppRun of electron-builder puts folders of the AppImage into. */
const lists = ['PATH', 'XDG_DATA_DIRS', 'LD_LIBRARY_PATH', 'GSETTINGS_SCHEMA_DIR'];
/** What it puts behind the folders of XDG_DATA_DIRS. */
const behind = ':/usr/share/gnome:/usr/local/share/:/usr/share/';

export interface AppImage {
  /** Its file; undefined where its contents lie in a folder. */
  file: string | undefined;
  /** What the variables above were before it was started; those that were not set are not in here. */
  before: Record<string, string>;
}

/** The AppImage that a program runs from; undefined where there is none, or the variables are those of another one. */
export function findAppImage({
  execPath,
  env,
}: {
  execPath: string;
  env: NodeJS.ProcessEnv;
}): AppImage | undefined {
  const inside = dirname(execPath);
  if (!existsSync(join(inside, 'AppRun'))) return undefined;
  const mounted = env['APPDIR'] ?? inside;
  if (realPath(mounted) !== inside) return undefined;
  const isOurs = (folder: string): boolean => folder === mounted || folder.startsWith(`${mounted}/`);
  const before: Record<string, string> = {};
  for (const name of lists) {
    let value = env[name] ?? '';
    if (name === 'XDG_DATA_DIRS' && value.endsWith(behind)) value = value.slice(0, -behind.length);
    const kept = value
      .split(':')
      .filter((folder) => !isOurs(folder))
      .join(':');
    // An empty LD_LIBRARY_PATH would be a folder: the current one.
    if (kept !== '') before[name] = kept;
  }
  const { APPIMAGE: file = '' } = env;
  return { file: isAbsolute(file) ? file : undefined, before };
}

let ownFile: string | undefined;

/** The file of the AppImage that this process runs from; undefined where it runs from none. */
export const appImageFile = (): string | undefined => ownFile;

/**
 * Gives this process the environment that the person has started the AppImage in. What is in there was for our own start:
 * every program that we start, Electron's own ones included, would take its libraries and programs from the AppImage.
 */
export function leaveAppImage(): void {
  if (process.platform !== 'linux') return;
  const found = findAppImage(process);
  if (found === undefined) return;
  ownFile = found.file;
  for (const name of [...ofRuntime, ...lists]) {
    const value = found.before[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
