import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ipcMain } from 'electron';
import Store from 'electron-store';
import { preferencesIn, type PreferenceStore } from './stored-preferences.ts';

/** Opens `preferences.json` in `folder`, mode 0600. A file that is not JSON is put aside, not wiped. */
export function openPreferences(folder: string, log: (line: string) => void): PreferenceStore {
  return preferencesIn(openStore(folder), log);
}

function openStore(folder: string): Store {
  const open = () => new Store({ cwd: folder, name: 'preferences', configFileMode: 0o600 });
  try {
    return open();
  } catch (error) {
    const file = join(folder, 'preferences.json');
    if (!(error instanceof SyntaxError) || !existsSync(file)) throw error;
    renameSync(file, `${file}.unreadable`);
    return open();
  } finally {
    // The library opens a channel for its own use in renderers, which no schema guards and nobody here needs.
    ipcMain.removeAllListeners('electron-store-get-data');
  }
}
