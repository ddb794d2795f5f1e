import { app, clipboard, globalShortcut, ipcMain, nativeTheme, shell } from 'electron';
import { actionSchemas } from '../contract/action-schemas.ts';
import { toLogText, toProblem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import { connectSessionBus } from '../dbus/bus.ts';
import type { AboutFiles } from './about-actions.ts';
import { createActions } from './actions.ts';
import { joinWindows } from './app-windows.ts';
import { askInBox } from './ask-in-box.ts';
import { createAutostart } from './autostart.ts';
import { closeBeforeQuit } from './before-quit.ts';
import { chosenFiles } from './chosen-files.ts';
import { createSecretClipboard, createSignOutWatch } from './clipboard.ts';
import { createStatePush, serveActions } from './ipc.ts';
import { electronNotices } from './electron-notices.ts';
import { linuxNotices } from './linux-notices.ts';
import { keepsRunning, shortcutTaken, startsAnew, windowCrashed } from './notices.ts';
import { createNotifier, type Notifier } from './notifications.ts';
import { createDemo } from './demo.ts';
import type { DesktopBroker, DesktopPlatform } from './ports.ts';
import { watchComputer } from './power.ts';
import { createLinks, type Links } from './links.ts';
import { preferenceActions } from './preference-actions.ts';
import { openPreferences } from './preferences.ts';
import { createShortcut } from './shortcut.ts';
import { createShortlist, type Shortlist } from './shortlist.ts';
import type { PreferenceStore } from './stored-preferences.ts';
import { quitSoon, restartFrom } from './restart.ts';
import { registerAppScheme } from './scheme.ts';
import { openDesktopSeal } from './seal.ts';
import { createSystemFetch } from './system-fetch.ts';
import { type DesktopTexts, textsOf } from './texts/texts.ts';
import { createTrayCommands } from './tray-commands.ts';
import { createTray } from './tray.ts';
import { keepQuiet } from './quiet.ts';
import { programIcon } from './program-icon.ts';
import { writeSecret } from './write-secret.ts';
import { openExternal } from './open-external.ts';
import { passwordStore } from './password-store.ts';
import { onceStarted, openStartWindow } from './start-window.ts';
import { createStarter, filesOf, type OwnConfiguration } from './starter.ts';
import type { Pages, WindowFiles } from './page-window.ts';
import { createWindowLanguage, type WindowLanguage } from './window-language.ts';
import type { MainWindow } from './windows.ts';

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
  notices: Pick<AboutFiles, 'licences' | 'chromiumLicences'>;
  /** Folder for Electron's own files and the window's preferences. It also says what a second instance is. */
  userDataFolder: string;
  /** Options with which the next start finds the same places; for the start at login. */
  startArguments: readonly string[];
  /** What starts the demo. */
  demoCommand: readonly string[];
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
  const links = createLinks(process.argv);
  await app.whenReady();
  const preferences = openPreferences(options.userDataFolder, options.log);
  nativeTheme.themeSource = preferences.read().theme;
  let shownFiles = (): string[] => [];
  const language = createWindowLanguage(preferences, () => app.getPreferredSystemLanguages());
  const starter = createStarter({
    language: language.spoken,
    async start() {
      const broker = await options.createBroker({
        seal: await openDesktopSeal(),
        fetchWith: createSystemFetch,
        openBrowser: openExternal,
        quit: quitSoon,
        restartFrom,
      });
      shownFiles = () => filesWithFaults(broker.state());
      try {
        openDesktop(options, broker, { links, window, pages, preferences, language });
      } catch (error) {
        await broker.close();
        throw error;
      }
    },
    configuration: options.configuration,
    openFile: (path) => shell.openPath(path),
    shownFiles: () => shownFiles(),
    failed(error) {
      logUnexpected(options.log, error);
      // Also where the window was not asked for.
      window.show();
    },
  });
  ({ hasFailed } = starter);
  const bounds = () => preferences.read().bounds;
  const { window, pages } = openStartWindow({ ...options.files, bounds }, starter, options.log);
  links.onOpen(() => window.show());
  app.on('activate', () => window.show());
  await starter.run();
}

/** Those that the window offers to open. */
function filesWithFaults({ faultyConnections = [] }: AppState): string[] {
  return faultyConnections.flatMap(({ problem }) => filesOf(problem));
}

interface DesktopParts {
  links: Links;
  window: MainWindow;
  pages: Pages;
  preferences: PreferenceStore;
  language: WindowLanguage;
}

function openDesktop(options: DesktopOptions, broker: DesktopBroker, parts: DesktopParts): void {
  const { links, window, preferences, language } = parts;
  const windows = joinWindows(window, parts.pages, broker.state);
  const shortlist = createShortlist(preferences);
  const texts = (): DesktopTexts => textsOf({ language: language.spoken() });
  const report = (error: unknown): void => logUnexpected(options.log, error);
  const secrets = createSecretClipboard(
    {
      readText: () => clipboard.readText(),
      clear: () => clipboard.clear(),
      writeSecret,
    },
    { lifetimeMs: () => preferences.read().clipboardSeconds * 1000 },
  );
  const notices = process.platform === 'linux' ? linuxNotices(connectSessionBus) : electronNotices();
  const notifier = createNotifier({
    show: notices.show,
    isWatched: windows.isFocused,
    wishes: preferences.read,
    beep: () => shell.beep(),
    openWindow: () => window.show(),
    ask: windows.ask,
  });
  const shortcut = createShortcut(globalShortcut, (what) => {
    if (what === 'palette') links.goTo({ kind: 'palette' });
    window.show();
  });
  const autostart = createAutostart(options.startArguments);
  autostart.follow();
  const actions = createActions({
    broker,
    secrets,
    copyText: (text) => clipboard.writeText(text),
    openExternal,
    openPath: (path) => shell.openPath(path),
    files: chosenFiles,
    about: { ...options.notices, configurationFile: options.configuration.path },
    preferences: preferenceActions(preferences, autostart, shortlist, language, shortcut),
    shortlist,
    programIcon,
    language,
    links,
    demo: createDemo(options.demoCommand),
    openWindow: windows.open,
    pageBegun: windows.begun,
    quit: () => app.quit(),
  });
  const run = createTrayCommands({
    actions,
    state: () => language.shownIn(broker.state()),
    notifier,
    openWindow: () => window.show(),
    answer: () => windows.ask('front'),
    confirm: askInBox,
  });
  const tray = createTray(options.trayFolder, {
    run,
    clicked: (icon) => (preferences.read().trayClick === 'main' ? window.show() : windows.clicked(icon)),
  });

  const stopActions = serveActions({
    ipcMain,
    table: onceStarted,
    schemas: actionSchemas,
    handlers: actions,
    mayAsk: windows.mayAsk,
    report,
  });
  const clearAtSignOut = createSignOutWatch(() => void secrets.clear().catch(report));
  const stopState = followState(broker, { links, shortlist, language }, (state) => {
    clearAtSignOut(state);
    windows.update(state);
    tray.update(state);
    notifier.update(state);
  });
  const stopWatch = watchComputer(broker, secrets, report, options.log);

  const isQuitting = closeBeforeQuit(async () => {
    stopState();
    stopWatch();
    notifier.close();
    shortcut.close();
    // Quitting while a window is on its way out is taken back by Electron, so the windows go first.
    const ofBroker = options.failed.aborted ? { reason: failedReason, graceMs: drainMs } : undefined;
    const ended = [windows.close(), secrets.clear(), notices.close(), broker.close(ofBroker)];
    const results = await Promise.allSettled(ended);
    for (const result of results) if (result.status === 'rejected') report(result.reason);
    stopActions();
    tray.close();
    // Not where it would fail again at once, for ever.
    if (options.failed.aborted && process.uptime() > 60) app.relaunch();
  });
  shortcut.begin(preferences.read(), (problem) => notifier.tell(shortcutTaken(texts(), problem)));
  window.onCrash(() => notifier.tell(windowCrashed(texts())));
  window.onClosed((bounds) => {
    preferences.write({ bounds });
    if (!isQuitting()) tellAboutTray(preferences, notifier, texts());
  });
  onAbort(options.failed, () => {
    notifier.tell(startsAnew(texts()));
    app.quit();
  });
  if (options.openAtStart || links.isOpen()) window.show();
}

/** Passes the broker's state on, now and after every change; returns the way to stop. */
function followState(
  broker: DesktopBroker,
  { links, shortlist, language }: { links: Links; shortlist: Shortlist; language: WindowLanguage },
  show: (state: AppState) => void,
): () => void {
  const push = createStatePush(
    () => language.shownIn(shortlist.shownIn(links.shownIn(broker.state()))),
    show,
  );
  shortlist.onChange(push.changed);
  language.onChange(push.changed);
  links.onOpen(push.changed);
  const stop = broker.subscribe(push.changed);
  push.changed();
  return () => {
    stop();
    push.close();
  };
}

function onAbort(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action();
  else signal.addEventListener('abort', action, { once: true });
}

function tellAboutTray(preferences: PreferenceStore, notifier: Notifier, texts: DesktopTexts): void {
  if (preferences.read().toldAboutTray) return;
  preferences.write({ toldAboutTray: true });
  notifier.tell(keepsRunning(texts));
}

/** Errors of our own are told to the person; the log takes secrets out of the text of others. */
function logUnexpected(log: (line: string) => void, error: unknown): void {
  if (toProblem(error).code === 'internal')
    log(`unexpected error in the desktop application: ${toLogText(error)}`);
}
