import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { brokerActions } from './broker/actions.ts';
import { bundledWorker } from './base/bundled-worker.ts';
import { emptyConfiguration } from './config/load.ts';
import { exportText, listOfFile, listOfUrl, withoutPlaces } from './connect/connection-list.ts';
import { createConnectService } from './connect/service.ts';
import { runDesktop } from './desktop/app.ts';
import { failStart } from './desktop/fail-start.ts';
import type { DesktopPlatform } from './desktop/ports.ts';
import { proxyLogin } from './base/proxies.ts';
import { createLog } from './log/log.ts';
import { handleUncaught, outliveStreams } from './log/uncaught.ts';
import { startRuntime } from './runtime.ts';
import { createIfMissing } from './store/edit-file.ts';
import { isPackaged, ownCommand } from './store/own-command.ts';
import { chosenConfigFile, chosenHome, defaultConfigFile, placeArguments } from './store/places.ts';
import { authorityFileName, authorityFolder } from './store/local-authority.ts';
import { ownApplication } from './updates/application.ts';
import type { UpdateServices } from './updates/ports.ts';
import { openUpdates, type UpdateOptions } from './updates/updates.ts';

/**
 * Composition root of the desktop application. It takes the options of the command line (`--home`, `--config` and
 * their variables), so that both work on one broker, and `--hidden` for a start without the window.
 */
const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    config: { type: 'string' },
    hidden: { type: 'boolean', default: false },
  },
  // Electron and Chromium have switches of their own.
  strict: false,
});
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const built = join(import.meta.dirname, '..');
const assets = join(built, '..', 'assets');
const files = {
  rendererFolder: join(built, 'renderer'),
  preloadFile: join(built, 'main', 'preload.cjs'),
  iconFile: join(assets, 'icon.png'),
};
/** Of a package; the sources have none. */
const resources = (process as { resourcesPath?: string }).resourcesPath ?? built;
const notices = join('share', 'doc', 'latchkey', 'copyright');
const log = createLog();
outliveStreams();

const quit = new AbortController();
// Electron would show a box, and stand still behind it, for each error that nobody has caught.
handleUncaught(log, { end: () => quit.abort(), fatalRejections: false });

/** What is particular to the desktop application of updates; what installs them is loaded when there is something to install. */
function ownUpdates(
  { quit: end, restartFrom }: DesktopPlatform,
  { home, fetch, log: write }: UpdateServices,
): Pick<UpdateOptions, 'application' | 'createInstaller'> {
  const application = ownApplication(join(built, '..', 'package.json'));
  return {
    application,
    async createInstaller(installation) {
      const { createInstaller } = await import('./updates/installer.ts');
      return createInstaller({
        version: application.version,
        installation,
        folder: join(home, 'desktop', 'updates'),
        updateConfigFile: join(resources, 'app-update.yml'),
        fetch,
        quit: end,
        restart: restartFrom,
        log: write,
      });
    },
  };
}

/** `npm run demo` without the build, which would take away the files that this application runs from. */
function demoFromSources(project: string): string[] {
  const node = process.platform === 'win32' ? 'node.exe' : 'node';
  return [
    join(project, 'node_modules', 'node', 'bin', node),
    join(project, 'main', 'demo', 'index.ts'),
    // Root cannot run Electron otherwise, and has said so for this one.
    ...process.argv.filter((arg) => arg === '--no-sandbox'),
  ];
}

/** Rejects where the places cannot be told. */
async function start(): Promise<void> {
  const homePath = chosenHome(text(values['home']));
  const configFile = chosenConfigFile(text(values['config']));
  return runDesktop({
    openAtStart: values['hidden'] !== true,
    userDataFolder: join(homePath, 'desktop'),
    startArguments: placeArguments({ home: homePath, config: configFile }),
    demoCommand: isPackaged() ? [...ownCommand(), 'demo'] : demoFromSources(join(built, '..')),
    files,
    trayFolder: join(assets, 'tray'),
    notices: {
      // Of a package, of one that is about to be made, and of the sources.
      licences: [join(resources, notices), join(built, 'package', notices), join(built, '..', 'LICENSE')],
      chromiumLicences: join(dirname(process.execPath), 'LICENSES.chromium.html'),
    },
    configuration: { path: configFile, create: () => createIfMissing(configFile, emptyConfiguration) },
    log: (line) => log.write(line),
    failed: quit.signal,
    async createBroker(platform) {
      // A first start has nothing to read yet; where a file was named, it has to be there.
      if (configFile === defaultConfigFile()) await createIfMissing(configFile, emptyConfiguration);
      const { broker, close } = await startRuntime({
        configFile,
        homePath,
        headless: false,
        openSeal: async () => platform.seal,
        fetch: platform.fetchWith(proxyLogin),
        openBrowser: platform.openBrowser,
        workerUrl: bundledWorker(import.meta.url),
        openUpdates: (services) => openUpdates({ ...services, ...ownUpdates(platform, services) }),
        log,
      });
      return {
        ...broker,
        actions: brokerActions(broker),
        connect: createConnectService({
          state: broker.state,
          issuer: { make: broker.makeHandle, revoke: broker.revokeHandle },
          command: [...(isPackaged() ? ownCommand() : ['latchkey']), ...placeArguments({ home: homePath })],
          authorityFile: join(authorityFolder(homePath), authorityFileName),
        }),
        lists: {
          ofUrl: listOfUrl,
          ofFile: listOfFile,
          exportText: (connections, portable) =>
            exportText(portable ? connections.map(withoutPlaces) : connections),
        },
        recheck() {
          void broker.refresh();
          void broker.refreshOrganisation();
        },
        close,
      };
    },
  });
}

void start().catch((error: unknown) => failStart(error, files, (line) => log.write(line, 'error')));
