import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { app } from 'electron';
import { appImageFile } from '../base/app-image.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { xdgFolder } from '../store/places.ts';
import { desktopEntry, isEntryOn, movedEntry } from './desktop-entry.ts';

/** Given at login, so that the application starts in the tray without its window. */
export const hiddenArgument = '--hidden';

export interface Autostart {
  enabled(): boolean;
  /** @throws LatchkeyError `command-failed` where the system refuses */
  set(enabled: boolean): void;
  /** Where the program was moved since it was turned on, it starts from where it is now. */
  follow(): void;
}

/**
 * Start at login: off until the person turns it on. The system's own setting is the only place where it is kept.
 * @param places options with which that start finds the places that this one has
 */
export function createAutostart(places: readonly string[]): Autostart {
  const args = [hiddenArgument, ...places];
  return process.platform === 'linux' ? xdgAutostart(args) : loginItem(args);
}

function loginItem(args: string[]): Autostart {
  return {
    enabled: () => app.getLoginItemSettings({ args }).openAtLogin,
    set: (openAtLogin) => app.setLoginItemSettings({ openAtLogin, args }),
    // Their installers put it at one place.
    follow: () => undefined,
  };
}

/** Desktop Application Autostart Specification 0.5: a desktop entry in the user's autostart folder. */
function xdgAutostart(args: readonly string[]): Autostart {
  const entry = (): string => join(xdgFolder('XDG_CONFIG_HOME'), 'autostart', 'latchkey.desktop');
  const write = (text: string): void => {
    const file = entry();
    mkdirSync(dirname(file), { recursive: true });
    const temporary = `${file}.new`;
    writeFileSync(temporary, text, { mode: 0o644 });
    renameSync(temporary, file);
  };
  return {
    follow() {
      try {
        const text = movedEntry(readFileSync(entry(), 'utf8'), startCommand(args), existsSync);
        if (text !== undefined) write(text);
      } catch {
        // There is none, or it cannot be written: the next change of the setting says so.
      }
    },
    enabled() {
      try {
        return isEntryOn(readFileSync(entry(), 'utf8'));
      } catch {
        return false;
      }
    },
    set(enabled) {
      try {
        if (enabled) write(desktopEntry(startCommand(args)));
        else rmSync(entry(), { force: true });
      } catch (cause) {
        throw new LatchkeyError('command-failed', 'Start at login could not be changed.', {
          remedy: 'Check that you may write to the folder autostart of your settings folder.',
          cause,
        });
      }
    },
  };
}

/** An AppImage runs from a mount that is gone after a restart. */
function startCommand(args: readonly string[]): string[] {
  const program = appImageFile() ?? process.execPath;
  return app.isPackaged ? [program, ...args] : [program, app.getAppPath(), ...args];
}
