import { z } from 'zod';
import { languageChoices } from '../contract/language.ts';
import { preferences, themes } from '../contract/shapes.ts';
import { newerThanThis, versionOf } from '../store/versioned.ts';

const { shape: shapes } = preferences;

/**
 * What the window remembers. No secret and nothing that access depends on may ever be in here: the library that
 * writes the file is not safe against a full disk.
 */
const stored = z.object({
  theme: z.enum(themes).catch('system'),
  language: z.enum(languageChoices).catch('system'),
  clipboardSeconds: shapes.clipboardSeconds.catch(60),
  notifications: shapes.notifications.catch(true),
  whenLoginWaits: shapes.whenLoginWaits.catch('flash'),
  trayClick: shapes.trayClick.catch('flyout'),
  shortcut: shapes.shortcut.catch('off'),
  shortcutKeys: shapes.shortcutKeys.catch('Control+Alt+L'),
  bounds: z
    .object({ x: z.int(), y: z.int(), width: z.int().min(1), height: z.int().min(1) })
    .optional()
    .catch(undefined),
  /** Names of connections. */
  favourites: z.array(z.string().min(1).max(100)).max(200).catch([]),
  /** Names of connections that were used, the last first. */
  recents: z.array(z.string().min(1).max(100)).max(20).catch([]),
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

/** What of electron-store is used. */
interface KeyValueFile {
  readonly store: Record<string, unknown>;
  set(key: string, value: unknown): void;
  delete(key: string): void;
}

const version = 1;

/** The first form had no version. A newer file is left as it is: what is changed then lasts as long as the process. */
export function preferencesIn(file: KeyValueFile, log: (line: string) => void): PreferenceStore {
  if (versionOf(file.store) <= version) {
    return {
      read: () => stored.parse(file.store),
      write(change) {
        if (file.store['version'] !== version) file.set('version', version);
        for (const [key, value] of Object.entries(change)) {
          if (value === undefined) file.delete(key);
          else file.set(key, value);
        }
      },
    };
  }
  const { message, remedy } = newerThanThis('The file preferences.json');
  log(`${message} ${remedy ?? ''}`);
  let forNow: Record<string, unknown> = { ...file.store };
  return {
    read: () => stored.parse(forNow),
    write(change) {
      forNow = { ...forNow, ...change };
    },
  };
}
