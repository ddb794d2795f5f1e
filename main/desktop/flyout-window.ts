import { type BrowserWindow, type Rectangle, screen } from 'electron';
import type { AppState } from '../contract/state.ts';
import { besideIcon, iconPlace } from './beside-icon.ts';
import { createPageWindow, type Pages, type PageWindow } from './page-window.ts';

type Shown = Pick<AppState, 'accounts' | 'prompts'>;

export interface FlyoutWindow extends Omit<PageWindow, 'current' | 'open'> {
  /**
   * Opens beside the icon, or goes where it is open; false where nobody knows where the icon is.
   * @param icon its place as the system tells it, empty where it does not
   */
  toggle(icon: Rectangle): boolean;
  hide(): void;
}

/** Nobody who is signed out has more to see than the way to sign in. */
const sizeFor = ({ accounts, prompts }: Shown) => ({
  width: 380,
  height: accounts.length > 0 || prompts.length > 0 ? 560 : 260,
});
/** It comes at once when it is wanted again so soon; then it gives back what it costs. */
const keptMs = 60_000;
/** A click at the icon takes the keyboard first, with which the window goes: that click must not bring it back. */
const sameClickMs = 400;

/** The small window beside the tray icon. It goes with the keyboard, and nothing of it is there before its first use. */
export function createFlyoutWindow(pages: Pages, state: () => Shown): FlyoutWindow {
  let hiddenAt = -Infinity;
  let end: NodeJS.Timeout | undefined;
  let place: Rectangle | undefined;
  const { current, open, ...window } = createPageWindow(() => {
    const created = pages.open('flyout', {
      ...place,
      title: 'Latchkey',
      frame: false,
      resizable: false,
      minimizable: false,
      maximizable: false,
      fullscreenable: false,
      skipTaskbar: true,
      alwaysOnTop: true,
      // On macOS the program before it stays the active one, and is again when it goes.
      ...(process.platform === 'darwin' && { type: 'panel' }),
    });
    created.on('blur', hide);
    created.on('closed', () => clearTimeout(end));
    return created;
  });

  function hide(): void {
    const shown = current();
    if (shown?.isVisible() !== true) return;
    hiddenAt = performance.now();
    shown.hide();
    clearTimeout(end);
    end = setTimeout(() => void window.close(), keptMs);
  }

  async function show(next: Rectangle): Promise<void> {
    clearTimeout(end);
    // Built anew elsewhere: a window that moves between screens of two scales can keep the size of the first.
    if (JSON.stringify(place) !== JSON.stringify(next)) await window.close();
    place = next;
    const shown = current();
    if (shown === undefined) open((created) => created.once('ready-to-show', () => appear(created)));
    else appear(shown);
  }

  return {
    ...window,
    toggle(icon) {
      const screens = screen.getAllDisplays();
      const at = iconPlace(icon, screen.getCursorScreenPoint(), screens);
      const next = at && besideIcon(at, screens, sizeFor(state()));
      if (next === undefined) return false;
      if (current()?.isVisible() === true) hide();
      else if (performance.now() - hiddenAt > sameClickMs) void show(next);
      return true;
    },
    hide,
  };
}

function appear(window: BrowserWindow): void {
  window.show();
  window.moveTop();
  window.focus();
}
