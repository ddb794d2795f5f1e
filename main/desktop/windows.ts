import { BrowserWindow, type Rectangle, screen, session, type Session, type WebContents } from 'electron';
import { isOwnPage, startPage } from './origin.ts';
import { serveRenderer } from './scheme.ts';

export interface MainWindow {
  /** Opens the window, or brings the open one to the front. */
  show(): void;
  /** Shows the window to somebody who looks elsewhere, and leaves the keyboard where it is. */
  raise(): void;
  isFocused(): boolean;
  owns(contents: WebContents): boolean;
  /** Sends to the page, if there is one. */
  send(channel: string, value: unknown): void;
  /** Calls back each time the window is closed, with where it was. */
  onClosed(listener: (bounds: Rectangle) => void): void;
  /** Calls back each time the page has crashed, and the window is gone with it. */
  onCrash(listener: () => void): void;
  /** Resolves when the window is gone. */
  close(): Promise<void>;
}

export interface WindowFiles {
  /** Built pages (dist/renderer). */
  rendererFolder: string;
  /** Built preload script (dist/main/preload.cjs). */
  preloadFile: string;
  iconFile: string;
}

export interface WindowOptions extends WindowFiles {
  developerTools: boolean;
  bounds(): Rectangle | undefined;
}

const smallest = { width: 420, height: 480 };
const atFirst = { width: 1040, height: 720 };

/**
 * The application's one window. It is built when asked for and gone when closed: in the background Latchkey then
 * needs no renderer at all. Its session is in memory only and serves nothing but the application's own pages.
 */
export function createMainWindow(options: WindowOptions): MainWindow {
  const pages = openPageSession(options.rendererFolder);
  const closing = new Set<(bounds: Rectangle) => void>();
  const crashed = new Set<() => void>();
  let window: BrowserWindow | undefined;

  function open(how: 'focused' | 'beside'): BrowserWindow {
    const created = new BrowserWindow({
      ...atFirst,
      ...visibleBounds(options.bounds()),
      minWidth: smallest.width,
      minHeight: smallest.height,
      title: 'Latchkey',
      icon: options.iconFile,
      autoHideMenuBar: true,
      show: false,
      webPreferences: {
        preload: options.preloadFile,
        session: pages,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
        devTools: options.developerTools,
      },
    });
    harden(created.webContents);
    created.once('ready-to-show', () => {
      if (how === 'focused') created.show();
      else raise(created);
    });
    created.on('focus', () => created.flashFrame(false));
    created.on('close', () => {
      for (const listener of closing) listener(created.getNormalBounds());
    });
    created.on('closed', () => {
      if (window === created) window = undefined;
    });
    // A page that crashed cannot be trusted to come back in order; the next time it is built anew.
    created.webContents.on('render-process-gone', (_event, { reason }) => {
      created.destroy();
      if (reason === 'clean-exit') return;
      for (const listener of crashed) listener();
    });
    void created.loadURL(startPage);
    return created;
  }

  return {
    show() {
      if (window === undefined) {
        window = open('focused');
        return;
      }
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
    },
    raise() {
      if (window === undefined) window = open('beside');
      else raise(window);
    },
    isFocused: () => window?.isFocused() ?? false,
    owns: (contents) => window?.webContents === contents,
    send(channel, value) {
      if (window !== undefined && !window.webContents.isDestroyed()) window.webContents.send(channel, value);
    },
    onClosed: (listener) => void closing.add(listener),
    onCrash: (listener) => void crashed.add(listener),
    close() {
      const open = window;
      if (open === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        open.once('closed', resolve);
        open.close();
      });
    },
  };
}

/** Flashes as well, where the system has a place that does, since it need not let an application before others. */
function raise(window: BrowserWindow): void {
  window.showInactive();
  window.moveTop();
  window.flashFrame(true);
}

/** No cache, cookie or permission survives, and no request leaves the machine from a page. */
function openPageSession(rendererFolder: string): Session {
  const pages = session.fromPartition('latchkey-pages', { cache: false });
  pages.setPermissionRequestHandler((_contents, _permission, decide) => decide(false));
  pages.setPermissionCheckHandler(() => false);
  pages.setDevicePermissionHandler(() => false);
  pages.webRequest.onBeforeRequest(({ url }, decide) => {
    decide({ cancel: !isOwnPage(url) && !url.startsWith('devtools://') && !url.startsWith('data:image/') });
  });
  pages.on('will-download', (event) => event.preventDefault());
  serveRenderer(pages, rendererFolder);
  return pages;
}

/** The page stays the page: it cannot navigate, open windows or embed another one. */
function harden(contents: WebContents): void {
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
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
