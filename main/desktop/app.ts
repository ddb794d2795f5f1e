import { join } from 'node:path';
import { app, clipboard, dialog, ipcMain, nativeTheme, net, shell } from 'electron';
import { stateChannel } from '../contract/actions.ts';
import { toProblem } from '../contract/errors.ts';
import { createActions, type DesktopActions } from './actions.ts';
import { type Autostart, createAutostart } from './autostart.ts';
import { createSecretClipboard } from './clipboard.ts';
import { createStatePush, serveActions } from './ipc.ts';
import { setApplicationMenu } from './menu.ts';
import { createNotifier, type Notifier } from './notifications.ts';
import type { DesktopBroker, DesktopPlatform } from './ports.ts';
import { onLock, onWake } from './power.ts';
import { openPreferences, type PreferenceStore } from './preferences.ts';
import { registerAppScheme } from './scheme.ts';
import { openDesktopSeal } from './seal.ts';
import { createTrayCommands } from './tray-commands.ts';
import { createTray } from './tray.ts';
import { createMainWindow } from './windows.ts';

export interface DesktopOptions {
  /** Starts the broker; called once this is the only instance and Electron is ready. Its failure is shown. */
  createBroker(platform: DesktopPlatform): Promise<DesktopBroker>;
  /** Whether the window opens at once, or only the tray icon shows. */
  openAtStart: boolean;
  /** Folder for Electron's own files and the window's preferences. It also says what a second instance is. */
  userDataFolder: string;
  /** Built pages (dist/renderer). */
  rendererFolder: string;
  /** Built preload script (dist/main/preload.cjs). */
  preloadFile: string;
  /** icon.png and tray/. */
  assetFolder: string;
  /** For the log of the process: one line, no secrets. */
  log(line: string): void;
}

/**
 * Runs the desktop application until it quits. To be called before Electron is ready, and not to be awaited at the
 * top level of the main module: Electron is not ready before that module has been evaluated.
 *
 * A second launch in the same user data folder only brings this one's window to the front. Closing the window leaves
 * the gateways running; quitting closes the broker, and clears a token from the clipboard, before the process ends.
 */
export async function runDesktop(options: DesktopOptions): Promise<void> {
  app.setPath('userData', options.userDataFolder);
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  registerAppScheme();
  // Without a listener Electron would quit when the window closes.
  app.on('window-all-closed', () => {});

  await app.whenReady();
  const broker = await startBroker(options);
  if (broker === undefined) {
    app.quit();
    return;
  }
  openDesktop(options, broker);
}

/** The broker, or undefined where it could not start and the person gave up. */
async function startBroker({ createBroker, log }: DesktopOptions): Promise<DesktopBroker | undefined> {
  const platform: DesktopPlatform = {
    seal: await openDesktopSeal(),
    fetch: systemFetch,
    openBrowser: (url) => shell.openExternal(url),
  };
  for (;;) {
    try {
      return await createBroker(platform);
    } catch (error) {
      logUnexpected(log, error);
      const { message, remedy } = toProblem(error);
      const { response } = await dialog.showMessageBox({
        type: 'error',
        title: 'Latchkey',
        message,
        detail: remedy ?? '',
        buttons: ['Try again', 'Quit'],
        defaultId: 0,
        cancelId: 1,
      });
      if (response === 1) return undefined;
    }
  }
}

function openDesktop(options: DesktopOptions, broker: DesktopBroker): void {
  let phase: 'running' | 'closing' | 'closed' = 'running';
  const developerTools = !app.isPackaged;
  const preferences = openPreferences(options.userDataFolder);
  const autostart = createAutostart();
  const secrets = createSecretClipboard(clipboard);
  nativeTheme.themeSource = preferences.read().theme;

  const window = createMainWindow({
    rendererFolder: options.rendererFolder,
    preloadFile: options.preloadFile,
    iconFile: join(options.assetFolder, 'icon.png'),
    developerTools,
    bounds: () => preferences.read().bounds,
    onClosed(bounds) {
      preferences.write({ bounds });
      if (phase === 'running') tellAboutTray(preferences, notifier);
    },
  });
  const notifier = createNotifier({ isWatched: () => window.isFocused(), openWindow: () => window.show() });
  const actions = createActions({
    broker,
    secrets,
    copyText: (text) => clipboard.writeText(text),
    openExternal: (url) => shell.openExternal(url),
    openFolder: (path) => shell.openPath(path),
    preferences: preferenceActions(preferences, autostart),
    quit: () => app.quit(),
  });
  const tray = createTray(
    join(options.assetFolder, 'tray'),
    createTrayCommands(actions, notifier, () => window.show()),
  );
  setApplicationMenu(developerTools);

  const report = (error: unknown) => logUnexpected(options.log, error);
  const stopActions = serveActions(ipcMain, actions, window.owns, report);
  const push = createStatePush(broker.state, (state) => {
    window.send(stateChannel, state);
    tray.update(state);
    notifier.update(state);
  });
  const stopState = broker.subscribe(push.changed);
  push.changed();
  const stopWake = onWake(() => {
    broker.recheck?.();
    void secrets.recheck();
  });
  const stopLock = onLock(() => void broker.locked().catch(report), options.log);

  async function close(): Promise<void> {
    stopState();
    stopWake();
    stopLock();
    push.close();
    notifier.close();
    // Quitting while a window is on its way out is taken back by Electron, so the window goes first.
    const results = await Promise.allSettled([window.close(), secrets.close(), broker.close()]);
    for (const result of results) if (result.status === 'rejected') report(result.reason);
    stopActions();
    tray.close();
    phase = 'closed';
    app.quit();
  }

  app.on('before-quit', (event) => {
    if (phase === 'closed') return;
    event.preventDefault();
    if (phase === 'closing') return;
    phase = 'closing';
    void close();
  });
  app.on('second-instance', () => window.show());
  app.on('activate', () => window.show());
  if (options.openAtStart) window.show();
}

function preferenceActions(
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

function tellAboutTray(preferences: PreferenceStore, notifier: Notifier): void {
  if (preferences.read().toldAboutTray) return;
  preferences.write({ toldAboutTray: true });
  notifier.tell({
    title: 'Latchkey keeps running',
    body: 'Your databases stay within reach. Start Latchkey again to see the window; quit it in Settings or in the tray.',
  });
}

/** Credentials of the browser session must never travel with a request to the directory. */
const systemFetch: typeof globalThis.fetch = (input, init) => {
  const address = input instanceof URL ? input.href : input;
  return net.fetch(address, { ...init, credentials: 'omit' });
};

/** Errors of our own are told to the person; of others the log gets the kind only, as the text may hold a secret. */
function logUnexpected(log: (line: string) => void, error: unknown): void {
  if (toProblem(error).code !== 'internal') return;
  const name = error instanceof Error ? error.name : typeof error;
  log(`unexpected error in the desktop application: ${name}`);
}
