import { nativeTheme } from 'electron';
import { defined } from '../base/defined.ts';
import type { DesktopActions } from './actions.ts';
import type { Autostart } from './autostart.ts';
import type { Shortlist } from './shortlist.ts';
import type { PreferenceStore } from './stored-preferences.ts';

export function preferenceActions(
  preferences: PreferenceStore,
  autostart: Autostart,
  shortlist: Pick<Shortlist, 'favourites' | 'setFavourites'>,
): Pick<DesktopActions, 'getPreferences' | 'setPreferences'> {
  const current = () => {
    const { theme, clipboardSeconds, notifications, whenLoginWaits } = preferences.read();
    return {
      theme,
      startAtLogin: autostart.enabled(),
      favourites: shortlist.favourites(),
      clipboardSeconds,
      notifications,
      whenLoginWaits,
    };
  };
  return {
    getPreferences: async () => current(),
    async setPreferences({ startAtLogin, favourites, ...kept }) {
      if (startAtLogin !== undefined) autostart.set(startAtLogin);
      if (favourites !== undefined) shortlist.setFavourites(favourites);
      preferences.write(defined(kept));
      if (kept.theme !== undefined) nativeTheme.themeSource = kept.theme;
      return current();
    },
  };
}
