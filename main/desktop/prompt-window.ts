import { app, type BrowserWindow, type Rectangle, screen } from 'electron';
import type { AppState } from '../contract/state.ts';
import { createPageWindow, type Pages, type PageWindow, showBeside } from './page-window.ts';

/** `front` takes the keyboard; `beside` leaves it where it is. */
export type HowAsked = 'front' | 'beside';

export interface PromptWindow extends Omit<PageWindow, 'current' | 'open'> {
  show(how: HowAsked): void;
  /** It goes with the last prompt. */
  update(state: Pick<AppState, 'prompts'>): void;
}

const size = { width: 480, height: 780 };
const smallest = { width: 420, height: 360 };

/**
 * The small window that asks what logins wait for, above all others, as agents have one. It is there while somebody has to be
 * asked; to close it answers nothing.
 */
export function createPromptWindow(pages: Pages): PromptWindow {
  const { current, open, ...window } = createPageWindow(() => {
    const created = pages.open('prompts', {
      ...placeFor(size),
      minWidth: smallest.width,
      minHeight: smallest.height,
      title: 'A login is waiting',
      alwaysOnTop: true,
      minimizable: false,
      maximizable: false,
      fullscreenable: false,
    });
    // On macOS also above what fills the whole screen.
    if (process.platform === 'darwin') created.setVisibleOnAllWorkspaces(true, { visibleOnFullScreen: true });
    created.on('focus', () => created.flashFrame(false));
    return created;
  });

  return {
    ...window,
    show(how) {
      const shown = current();
      if (shown === undefined) open((created) => created.once('ready-to-show', () => appear(created, how)));
      else appear(shown, how);
    },
    update({ prompts }) {
      if (prompts.length === 0) void window.close();
    },
  };
}

function appear(window: BrowserWindow, how: HowAsked): void {
  if (how === 'beside') {
    showBeside(window);
    return;
  }
  window.show();
  window.moveTop();
  if (process.platform === 'darwin') app.focus({ steal: true });
  window.focus();
}

/** On the screen that the pointer is on, a little above its middle, and no larger than it. */
function placeFor({ width, height }: typeof size): Rectangle {
  const { workArea } = screen.getDisplayNearestPoint(screen.getCursorScreenPoint());
  const [w, h] = [Math.min(width, workArea.width), Math.min(height, workArea.height)];
  return {
    x: Math.round(workArea.x + (workArea.width - w) / 2),
    y: Math.round(workArea.y + (workArea.height - h) / 3),
    width: w,
    height: h,
  };
}
