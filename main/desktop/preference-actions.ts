import { nativeTheme } from 'electron';
import type { DesktopActions } from './actions.ts';
import type { Autostart } from './autostart.ts';
import type { PreferenceStore } from './stored-preferences.ts';

export function preferenceActions(
  preferences: PreferenceStore,
  autostart: Autostart,
): Pick<DesktopActions, 'getPreferences' | 'setPreferences'> {
  const current = () => ({ theme: preferences.read().theme, startAtLogin: autostart.enabled() });
  return {
    getPreferences: async () => current(),
    async setPreferences({ theme, startAtLogin }) {
      if (startAtLogin !== undefined) autostart.set(startAtLogin);
      if (theme !== undefined) {
        preferences.write({ theme });
        nativeTheme.themeSource = theme;
      }
      return current();
    },
  };
}
