import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Menu,
  type MenuItemConstructorOptions,
  nativeImage,
  type NativeImage,
  type Rectangle,
  Tray,
} from 'electron';
import type { AppState } from '../contract/state.ts';
import { type TrayCommand, type TrayIcon, type TrayItem, trayMenu, trayStatus } from './tray-menu.ts';

/** As fine as the menu tells how long a sign-in lasts. */
const deadlineStepMs = 5 * 60_000;
const isMac = process.platform === 'darwin';

export interface AppTray {
  update(state: AppState): void;
  close(): void;
}

export interface TrayUses {
  /** Of an entry of the menu. */
  run(command: TrayCommand): void;
  /** @param icon where the icon is; empty where the system does not tell */
  clicked(icon: Rectangle): void;
}

/**
 * The tray icon. On desktops that show no tray (GNOME without an extension) it is created all the same and stays
 * invisible; nothing depends on it.
 *
 * @param imageFolder holds `<state>-<size>.png` and, for the macOS menu bar, `<state>-template-<size>.png`
 */
export function createTray(imageFolder: string, { run, clicked }: TrayUses): AppTray {
  const tray = new Tray(trayImage(imageFolder, 'signed-out'));
  let shown = '';
  let icon: TrayIcon = 'signed-out';
  let last: AppState | undefined;
  let timer: NodeJS.Timeout | undefined;
  let menu: Menu | undefined;
  const popUp = (): void => tray.popUpContextMenu(menu);
  tray.on('click', ({ ctrlKey }) => {
    if (isMac && ctrlKey) popUp();
    else clicked(tray.getBounds());
  });
  if (isMac) tray.on('right-click', popUp);

  function show(state: AppState): void {
    last = state;
    const status = trayStatus(state);
    const items = trayMenu(state, Date.now());
    // Setting a menu closes it on Linux while somebody is reading it, so only a changed one is set.
    const next = JSON.stringify(items);
    if (next !== shown) {
      shown = next;
      menu = Menu.buildFromTemplate(items.map((item) => menuItem(item, run)));
      // On macOS a menu that is set opens at every click.
      if (!isMac) tray.setContextMenu(menu);
      tray.setToolTip(`Latchkey: ${status.text}`);
    }
    if (status.icon !== icon) {
      icon = status.icon;
      tray.setImage(trayImage(imageFolder, icon));
    }
    // What it says of a deadline changes by itself; nobody who is signed out has one.
    clearTimeout(timer);
    timer = state.accounts.length === 0 ? undefined : setTimeout(() => last && show(last), deadlineStepMs);
  }

  return {
    update: show,
    close() {
      clearTimeout(timer);
      tray.destroy();
    },
  };
}

function menuItem(item: TrayItem, run: (command: TrayCommand) => void): MenuItemConstructorOptions {
  if (item === 'separator') return { type: 'separator' };
  const { label, command, submenu } = item;
  if (submenu !== undefined) return { label, submenu: submenu.map((inner) => menuItem(inner, run)) };
  return command === undefined ? { label, enabled: false } : { label, click: () => run(command) };
}

/** Linux panels draw 22 points, the Windows taskbar and the macOS menu bar 16; twice that on dense screens. */
function trayImage(folder: string, icon: TrayIcon): NativeImage {
  const size = process.platform === 'linux' ? 22 : 16;
  const image = nativeImage.createEmpty();
  for (const scaleFactor of [1, 2]) {
    const file = `${icon}${isMac ? '-template' : ''}-${size * scaleFactor}.png`;
    image.addRepresentation({ scaleFactor, buffer: readFileSync(join(folder, file)) });
  }
  image.setTemplateImage(isMac);
  return image;
}
