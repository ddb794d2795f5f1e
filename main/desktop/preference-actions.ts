import { nativeTheme } from 'electron';
import { defined } from '../base/defined.ts';
import type { DesktopActions } from './actions.ts';
import type { Autostart } from './autostart.ts';
import type { Shortcut } from './shortcut.ts';
import type { Shortlist } from './shortlist.ts';
import type { PreferenceStore } from './stored-preferences.ts';
import type { WindowLanguage } from './window-language.ts';

export function preferenceActions(
  preferences: PreferenceStore,
  autostart: Autostart,
  shortlist: Pick<Shortlist, 'favourites' | 'setFavourites'>,
  language: Pick<WindowLanguage, 'chosen' | 'choose'>,
  keys: Pick<Shortcut, 'set'>,
): Pick<DesktopActions, 'getPreferences' | 'setPreferences'> {
  const current = () => {
    const { theme, clipboardSeconds, notifications, whenLoginWaits, trayClick, shortcut, shortcutKeys } =
      preferences.read();
    return {
      theme,
      language: language.chosen(),
      startAtLogin: autostart.enabled(),
      favourites: shortlist.favourites(),
      clipboardSeconds,
      notifications,
      whenLoginWaits,
      trayClick,
      shortcut,
      shortcutKeys,
    };
  };
  return {
    getPreferences: async () => current(),
    async setPreferences({ startAtLogin, favourites, language: wanted, ...kept }) {
      // First: where it cannot be had, nothing is changed.
      keys.set({ ...current(), ...defined(kept) });
      if (startAtLogin !== undefined) autostart.set(startAtLogin);
      if (favourites !== undefined) shortlist.setFavourites(favourites);
      if (wanted !== undefined) language.choose(wanted);
      preferences.write(defined(kept));
      if (kept.theme !== undefined) nativeTheme.themeSource = kept.theme;
      return current();
    },
  };
}
