import type { AppState } from '../contract/state.ts';
import type { PreferenceStore } from './stored-preferences.ts';

/** As many as a list shows, and a few for connections that are gone. */
const keptRecents = 8;

export type Shortlist = ReturnType<typeof createShortlist>;

/**
 * The connections that the person has put first, and those that were used last. The snapshot has them, so that window
 * and tray show the same; they are read from the file once, since snapshots are made often.
 */
export function createShortlist(preferences: PreferenceStore) {
  let { favourites, recents } = preferences.read();
  const listeners: (() => void)[] = [];
  const changed = (): void => listeners.forEach((listener) => listener());
  return {
    favourites: (): string[] => favourites,
    setFavourites(names: readonly string[]): void {
      favourites = [...new Set(names)];
      preferences.write({ favourites });
      changed();
    },
    used(connection: string): void {
      if (recents[0] === connection) return;
      recents = [connection, ...recents.filter((name) => name !== connection)].slice(0, keptRecents);
      preferences.write({ recents });
      changed();
    },
    shownIn: (state: AppState): AppState => ({
      ...state,
      ...(favourites.length === 0 ? {} : { favourites }),
      ...(recents.length === 0 ? {} : { recents }),
    }),
    onChange: (listener: () => void): void => void listeners.push(listener),
  };
}
