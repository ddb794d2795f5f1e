import { nativeTheme } from 'electron';
import type { DesktopActions } from './actions.ts';
import type { Autostart } from './autostart.ts';
import type { Shortlist } from './shortlist.ts';
import type { PreferenceStore } from './stored-preferences.ts';

export function preferenceActions(
  preferences: PreferenceStore,
  autostart: Autostart,
  shortlist: Pick<Shortlist, 'favourites' | 'setFavourites'>,
): Pick<DesktopActions, 'getPreferences' | 'setPreferences'> {
  const current = () => ({
    theme: preferences.read().theme,
    startAtLogin: autostart.enabled(),
    favourites: shortlist.favourites(),
  });
  return {
    getPreferences: async () => current(),
    async setPreferences({ theme, startAtLogin, favourites }) {
      if (startAtLogin !== undefined) autostart.set(startAtLogin);
      if (favourites !== undefined) shortlist.setFavourites(favourites);
      if (theme !== undefined) {
        preferences.write({ theme });
        nativeTheme.themeSource = theme;
      }
      return current();
    },
  };
}
