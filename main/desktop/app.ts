import { app, clipboard, ipcMain, nativeTheme, shell } from 'electron';
import { actionSchemas } from '../contract/action-schemas.ts';
import { stateChannel } from '../contract/actions.ts';
import { toLogText, toProblem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import { connectSessionBus } from '../dbus/bus.ts';
import { createActions } from './actions.ts';
import { createAutostart } from './autostart.ts';
import { chosenFiles } from './chosen-files.ts';
import { createSecretClipboard, createSignOutWatch, type SecretClipboard } from './clipboard.ts';
import { createStatePush, serveActions } from './ipc.ts';
import { electronNotices } from './electron-notices.ts';
import { linuxNotices } from './linux-notices.ts';
import { createNotifier, type Notifier } from './notifications.ts';
import type { DesktopBroker, DesktopPlatform } from './ports.ts';
import { onScreenLock, onWake } from './power.ts';
import { createJoinLinks, type JoinLinks } from './join-links.ts';
import { preferenceActions } from './preference-actions.ts';
import { openPreferences } from './preferences.ts';
import { createShortlist, type Shortlist } from './shortlist.ts';
import type { PreferenceStore } from './stored-preferences.ts';
import { registerAppScheme } from './scheme.ts';
import { openDesktopSeal } from './seal.ts';
import { createSystemFetch } from './system-fetch.ts';
import { createTrayCommands } from './tray-commands.ts';
import { createTray } from './tray.ts';
import { keepQuiet } from './quiet.ts';
import { writeSecret } from './write-secret.ts';
import { openExternal } from './open-external.ts';
import { passwordStore } from './password-store.ts';
import { onceStarted, openStartWindow } from './start-window.ts';
import { createStarter, type OwnConfiguration } from './starter.ts';
import type { MainWindow, WindowFiles } from './windows.ts';

/** How long open database sessions may go on after an error that nobody has caught. */
const drainMs = 10_000;
const failedReason = 'an error that nobody has caught; see the log';

export interface DesktopOptions {
  /**
   * Starts the broker; called once this is the only instance and Electron is ready. Its failure is shown, and it is called
   * again when the person says so.
   */
  createBroker(platform: DesktopPlatform): Promise<DesktopBroker>;
  configuration: OwnConfiguration;
  /** Whether the window opens at once, or only the tray icon shows. */
  openAtStart: boolean;
  /** Folder for Electron's own files and the window's preferences. It also says what a second instance is. */
  userDataFolder: string;
  /** Options with which the next start finds the same places; for the start at login. */
  startArguments: readonly string[];
  /** Of the window. */
  files: WindowFiles;
  /** Has the icons of the tray. */
  trayFolder: string;
  /** Aborts at an error that nobody has caught: the broker is drained, then the application starts anew. */
  failed: AbortSignal;
  /** For the log of the process. */
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
  const store = passwordStore(app.commandLine.hasSwitch('password-store'));
  if (store !== undefined) app.commandLine.appendSwitch('password-store', store);
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  keepQuiet();
  registerAppScheme();
  let hasFailed = (): boolean => false;
  // Without a listener Electron would quit when the window closes. After a start that has failed nothing else is left of it.
  app.on('window-all-closed', () => {
    if (hasFailed()) app.quit();
  });

  // Before Electron is ready, as macOS may hand a link over by then.
  const links = createJoinLinks(process.argv);
  await app.whenReady();
  const preferences = openPreferences(options.userDataFolder, options.log);
  nativeTheme.themeSource = preferences.read().theme;
  const starter = createStarter({
    async start() {
      const broker = await options.createBroker({
        seal: await openDesktopSeal(),
        fetchWith: createSystemFetch,
        openBrowser: openExternal,
      });
      try {
        openDesktop(options, broker, { links, window, preferences });
      } catch (error) {
        await broker.close();
        throw error;
      }
    },
    configuration: options.configuration,
    openFile: (path) => shell.openPath(path),
    failed(error) {
      logUnexpected(options.log, error);
      // Also where the window was not asked for.
      window.show();
    },
  });
  ({ hasFailed } = starter);
  const bounds = () => preferences.read().bounds;
  const window = openStartWindow({ ...options.files, bounds }, starter, options.log);
  links.onOpen(() => window.show());
  app.on('activate', () => window.show());
  await starter.run();
}

interface DesktopParts {
  links: JoinLinks;
  window: MainWindow;
  preferences: PreferenceStore;
}

function openDesktop(options: DesktopOptions, broker: DesktopBroker, parts: DesktopParts): void {
  const { links, window, preferences } = parts;
  const shortlist = createShortlist(preferences);
  const report = (error: unknown): void => logUnexpected(options.log, error);
