import { type BrowserWindow, type Rectangle, screen } from 'electron';
import { createPageWindow, type Pages, type PageWindow, showBeside } from './page-window.ts';

export interface MainWindow extends Omit<PageWindow, 'current' | 'open'> {
  /** Opens the window, or brings the open one to the front. */
  show(): void;
  /** Shows the window to somebody who looks elsewhere, and leaves the keyboard where it is. */
  raise(): void;
  /** Calls back each time the window gets the keyboard. */
  onFocus(listener: () => void): void;
  /** Calls back each time the window is closed, with where it was. */
  onClosed(listener: (bounds: Rectangle) => void): void;
}

const smallest = { width: 420, height: 480 };
const atFirst = { width: 1040, height: 720 };

/** The window with all that Latchkey shows and does. */
export function createMainWindow(pages: Pages, bounds: () => Rectangle | undefined): MainWindow {
  const focused = new Set<() => void>();
  const closing = new Set<(bounds: Rectangle) => void>();
  const { current, open, ...window } = createPageWindow(() =>
    pages.open('main', {
      ...atFirst,
      ...visibleBounds(bounds()),
      minWidth: smallest.width,
      minHeight: smallest.height,
      title: 'Latchkey',
    }),
  );

  function opened(created: BrowserWindow, appear: () => void): void {
    created.once('ready-to-show', appear);
    created.on('focus', () => {
      created.flashFrame(false);
      for (const listener of focused) listener();
    });
    created.on('close', () => {
      for (const listener of closing) listener(created.getNormalBounds());
    });
  }

  return {
    ...window,
    show() {
      const shown = current();
      if (shown === undefined) {
        open((created) => opened(created, () => created.show()));
        return;
      }
      if (shown.isMinimized()) shown.restore();
      shown.show();
      shown.focus();
    },
    raise() {
      const shown = current();
      if (shown === undefined) open((created) => opened(created, () => showBeside(created)));
      else showBeside(shown);
    },
    onFocus: (listener) => void focused.add(listener),
    onClosed: (listener) => void closing.add(listener),
  };
}

/** Where the window was, unless that screen is gone. */
function visibleBounds(bounds: Rectangle | undefined): Partial<Rectangle> {
  if (bounds === undefined) return {};
  const { workArea } = screen.getDisplayMatching(bounds);
  const overlapX =
    Math.min(bounds.x + bounds.width, workArea.x + workArea.width) - Math.max(bounds.x, workArea.x);
  const overlapY =
    Math.min(bounds.y + bounds.height, workArea.y + workArea.height) - Math.max(bounds.y, workArea.y);
  return overlapX >= 100 && overlapY >= 50 ? bounds : { width: bounds.width, height: bounds.height };
}
