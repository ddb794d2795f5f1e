import {
  BrowserWindow,
  type BrowserWindowConstructorOptions,
  session,
  type Session,
  type WebContents,
} from 'electron';
import type { PageName } from '../contract/bridge.ts';
import { isOwnPage, pageAddress } from './origin.ts';
import { serveRenderer } from './scheme.ts';

export interface WindowFiles {
  /** Built pages (dist/renderer). */
  rendererFolder: string;
  /** Built preload script (dist/main/preload.cjs). */
  preloadFile: string;
  iconFile: string;
}

/** What every window of ours has in common. */
export interface Pages {
  /** A new window that loads this page and does not show yet. */
  open(page: PageName, options: BrowserWindowConstructorOptions): BrowserWindow;
}

/** The session of the pages is in memory only and serves nothing but the application's own; to be called once. */
export function openPages(files: WindowFiles, developerTools: boolean): Pages {
  const pages = openPageSession(files.rendererFolder);
  return {
    open(page, options) {
      const created = new BrowserWindow({
        ...options,
        icon: files.iconFile,
        autoHideMenuBar: true,
        show: false,
        webPreferences: {
          preload: files.preloadFile,
          session: pages,
          sandbox: true,
          contextIsolation: true,
          nodeIntegration: false,
          webviewTag: false,
          spellcheck: false,
          devTools: developerTools,
        },
      });
      harden(created.webContents);
      void created.loadURL(pageAddress(page));
      return created;
    },
  };
}

export interface PageWindow {
  current(): BrowserWindow | undefined;
  /** The one that is open, or a new one, which `opened` gets first. */
  open(opened: (created: BrowserWindow) => void): BrowserWindow;
  isOpen(): boolean;
  isFocused(): boolean;
  owns(contents: WebContents): boolean;
  /** Sends to the page, if there is one. */
  send(channel: string, value: unknown): void;
  /** Calls back each time the page has crashed, and the window is gone with it. */
  onCrash(listener: () => void): void;
  /** Resolves when the window is gone. */
  close(): Promise<void>;
}

/** A window that is built when asked for and gone when closed: in the background Latchkey then needs no renderer at all. */
export function createPageWindow(build: () => BrowserWindow): PageWindow {
  const crashed = new Set<() => void>();
  let window: BrowserWindow | undefined;

  return {
    current: () => window,
    open(opened) {
      if (window !== undefined) return window;
      const created = build();
      window = created;
      created.on('closed', () => {
        if (window === created) window = undefined;
      });
      // A page that crashed cannot be trusted to come back in order; the next time it is built anew.
      created.webContents.on('render-process-gone', (_event, { reason }) => {
        created.destroy();
        if (reason === 'clean-exit') return;
        for (const listener of crashed) listener();
      });
      opened(created);
      return created;
    },
    isOpen: () => window !== undefined,
    isFocused: () => window?.isFocused() ?? false,
    owns: (contents) => window?.webContents === contents,
    send(channel, value) {
      if (window !== undefined && !window.webContents.isDestroyed()) window.webContents.send(channel, value);
    },
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

/** Shows a window to somebody who looks elsewhere, and leaves the keyboard where it is. */
export function showBeside(window: BrowserWindow): void {
  window.showInactive();
  window.moveTop();
  // The system need not let an application before others; where it has a place that flashes, it flashes there.
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
