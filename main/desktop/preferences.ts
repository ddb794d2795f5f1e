import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ipcMain } from 'electron';
import Store from 'electron-store';
import { z } from 'zod';
import { themes } from '../contract/ipc.ts';

/**
 * What the window remembers. No secret and nothing that access depends on may ever be in here: the library that
 * writes the file is not safe against a full disk.
 */
const stored = z.object({
  theme: z.enum(themes).catch('system'),
  bounds: z
    .object({ x: z.int(), y: z.int(), width: z.int().min(1), height: z.int().min(1) })
    .optional()
    .catch(undefined),
  /** Whether the person has been told that closing the window does not end Latchkey. */
  toldAboutTray: z.boolean().catch(false),
});
export type StoredPreferences = z.infer<typeof stored>;

export interface PreferenceStore {
  /** Keys that are missing or wrong in the file have their defaults. */
  read(): StoredPreferences;
  /** A value of undefined removes the key. */
  write(change: Partial<StoredPreferences>): void;
}

/** Opens `preferences.json` in `folder`, mode 0600. A file that is not JSON is put aside, not wiped. */
export function openPreferences(folder: string): PreferenceStore {
  const store = openStore(folder);
  return {
    read: () => stored.parse(store.store),
    write(change) {
      for (const [key, value] of Object.entries(change)) {
        if (value === undefined) store.delete(key);
        else store.set(key, value);
      }
    },
  };
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
