import { existsSync } from 'node:fs';
import { win32 } from 'node:path';
import { appImageFile } from '../base/app-image.ts';
import type { UpdateState } from '../contract/update-state.ts';
import type { Installation, OwnInstallation, Release } from './ports.ts';

interface OwnProcess {
  platform: NodeJS.Platform;
  execPath: string;
  /** The file of the AppImage that it runs from. */
  appImage: string | undefined;
  exists(path: string): boolean;
}

const ownProcess = (): OwnProcess => ({
  platform: process.platform,
  execPath: process.execPath,
  appImage: appImageFile(),
  exists: existsSync,
});

/** Where deb and rpm put the application; nothing else is put there. */
const ofPackages = '/opt/Latchkey/';
/** dpkg's list of our files. */
const debList = '/var/lib/dpkg/info/latchkey.list';

/**
 * How this application came to this computer. electron-builder makes its packages of one folder, so that what lies in there
 * (`package-type`, `app-update.yml`) can be of another package: the place counts.
 */
export function ownInstallation(
  { platform, execPath, appImage, exists }: OwnProcess = ownProcess(),
): Installation {
  if (platform === 'darwin') return { kind: 'mac' };
  // The MSI is a computer's, and brings no program that takes it away again.
  if (platform === 'win32')
    return { kind: exists(win32.join(win32.dirname(execPath), 'Uninstall Latchkey.exe')) ? 'nsis' : 'msi' };
  if (appImage !== undefined) return { kind: 'app-image', file: appImage };
  if (!execPath.startsWith(ofPackages)) return { kind: 'archive' };
  return { kind: exists(debList) ? 'deb' : 'rpm' };
}

type Available = Extract<UpdateState['now'], { kind: 'available' }>;

const commands = {
  deb: 'sudo apt-get update && sudo apt-get install --only-upgrade latchkey',
  rpm: 'sudo dnf upgrade latchkey',
};

type FromOutside = Exclude<Installation, OwnInstallation>;

export function isFromOutside(installation: Installation): installation is FromOutside {
  const { kind } = installation;
  return kind !== 'app-image' && kind !== 'nsis' && kind !== 'mac';
}

/** How a person gets a release that this application does not install by itself. */
export function fromOutside({ kind }: FromOutside, { version, files, base }: Release): Available {
  const file = files.find(({ url }) => url.endsWith(`.${kind}`));
  return {
    kind: 'available',
    version,
    by: kind,
    ...(kind === 'deb' || kind === 'rpm' ? { command: commands[kind] } : {}),
    address: file === undefined ? base : new URL(file.url, base).href,
  };
}
