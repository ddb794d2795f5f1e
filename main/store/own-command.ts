import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { appImageFile } from '../base/app-image.ts';

export interface OwnProcess {
  argv: readonly string[];
  execPath: string;
  platform: NodeJS.Platform;
  /** The file of the AppImage that it runs from. */
  appImage?: string | undefined;
  resourcesPath?: string | undefined;
  isPackaged: boolean;
}

/** Whether this is the program of a package. With `electron <folder>`, Electron is not ours. */
export const isPackaged = (): boolean =>
  process.versions['electron'] !== undefined && process.defaultApp !== true;

const ownProcess = (): OwnProcess => ({
  argv: process.argv,
  execPath: process.execPath,
  platform: process.platform,
  appImage: appImageFile(),
  resourcesPath: (process as { resourcesPath?: string }).resourcesPath,
  isPackaged: isPackaged(),
});

/** What starts the desktop application of the same package; undefined where it has none, or none that is known. */
export function ownDesktop(own: OwnProcess = ownProcess()): string[] | undefined {
  if (!own.isPackaged) return undefined;
  return [own.appImage ?? own.execPath];
}

/**
 * What starts the command line for tools that run it themselves, in full paths: the launcher of the package, which stays
 * where it is. What an AppImage holds is only there while it runs, so that the file itself is started, as its launcher would.
 */
export function ownCommand(own: OwnProcess = ownProcess()): string[] {
  const { argv, execPath, platform, appImage, resourcesPath = '' } = own;
  if (!own.isPackaged) return [execPath, ...argv.slice(1, 2).map((script) => realpathSync(script))];
  if (appImage !== undefined)
    return [appImage, '--cli', '--no-sandbox', '--no-zygote', '--log-level=3', '--'];
  if (platform === 'linux') return [join(dirname(execPath), 'latchkey')];
  if (platform === 'darwin') return [join(resourcesPath, 'latchkey')];
  return [join(resourcesPath, 'cli', 'latchkey.cmd')];
}
