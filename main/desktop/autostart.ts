import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { app } from 'electron';
import { LatchkeyError } from '../contract/errors.ts';
import { desktopEntry } from './desktop-entry.ts';

/** Given at login, so that the application starts in the tray without its window. */
export const hiddenArgument = '--hidden';

export interface Autostart {
  enabled(): boolean;
  /** @throws LatchkeyError `command-failed` where the system refuses */
  set(enabled: boolean): void;
}

/** Start at login: off until the person turns it on. The system's own setting is the only place where it is kept. */
export function createAutostart(): Autostart {
  return process.platform === 'linux' ? xdgAutostart(autostartFolder()) : loginItem();
}

function loginItem(): Autostart {
  const args = [hiddenArgument];
  return {
    enabled: () => app.getLoginItemSettings({ args }).openAtLogin,
    set: (openAtLogin) => app.setLoginItemSettings({ openAtLogin, args }),
  };
}

/** Desktop Application Autostart Specification 0.5: a desktop entry in the user's autostart folder. */
function xdgAutostart(folder: string): Autostart {
  const file = join(folder, 'latchkey.desktop');
  return {
    enabled: () => existsSync(file),
    set(enabled) {
      try {
        if (!enabled) {
          rmSync(file, { force: true });
          return;
        }
        mkdirSync(folder, { recursive: true });
        const temporary = `${file}.new`;
        writeFileSync(temporary, desktopEntry(startCommand()), { mode: 0o644 });
        renameSync(temporary, file);
      } catch (cause) {
        throw new LatchkeyError('command-failed', 'Start at login could not be changed.', {
          remedy: `Check that you may write to ${folder}.`,
          cause,
        });
      }
    },
  };
}

/** XDG Base Directory Specification 0.8: a relative XDG_CONFIG_HOME counts as unset. */
function autostartFolder(): string {
  const configured = process.env['XDG_CONFIG_HOME'];
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), '.config');
  return join(base, 'autostart');
}

/** An AppImage runs from a mount that is gone after a restart; its file is named in the environment. */
function startCommand(): string[] {
  const program = process.env['APPIMAGE'] ?? process.execPath;
  return app.isPackaged ? [program, hiddenArgument] : [program, app.getAppPath(), hiddenArgument];
}
