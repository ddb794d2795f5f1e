import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Part, program } from '../support/parts.ts';

/** Electron's own download, or the runtime in the folder that ELECTRON_OVERRIDE_DIST_PATH names. */
function electronPart(): Part {
  const ownFolder = join(dirname(createRequire(import.meta.url).resolve('electron/package.json')), 'dist');
  const path = join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? ownFolder, 'electron');
  const remedy = 'run `npx install-electron`, or set ELECTRON_OVERRIDE_DIST_PATH';
  try {
    accessSync(path, constants.X_OK);
    return { name: 'Electron', path, remedy };
  } catch {
    return { name: 'Electron', path: undefined, remedy };
  }
}

function environmentPart(name: string, variable: string, remedy: string): Part {
  return { name, path: process.env[variable], remedy };
}

export const desktopParts = {
  electron: electronPart(),
  display: environmentPart(
    'a display',
    'DISPLAY',
    'run the tests in a desktop session, such as xvfb-run gives',
  ),
  sessionBus: environmentPart(
    'a session bus',
    'DBUS_SESSION_BUS_ADDRESS',
    'run the tests under dbus-run-session',
  ),
  trayWatcher: environmentPart(
    'a tray',
    'TRAY_WATCHER',
    'set TRAY_WATCHER to a program that shows tray icons',
  ),
  gdbus: program('gdbus', 'install the package libglib2.0-bin'),
};
