import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundledWorker } from './bundled-worker.ts';
import { defaultConfigFile } from './config/default-file.ts';
import { createConnectDesk } from './core/connect-desk.ts';
import { runDesktop } from './desktop/app.ts';
import { startRuntime } from './runtime.ts';
import { defaultHome } from './store/home.ts';
import { authorityFileName, authorityFolder } from './store/local-authority.ts';

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
const homePath = text(values['home']) ?? process.env['LATCHKEY_HOME'] ?? defaultHome();
const configFile = text(values['config']) ?? process.env['LATCHKEY_CONFIG'] ?? defaultConfigFile();
const built = join(import.meta.dirname, '..');
const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

void runDesktop({
  openAtStart: values['hidden'] !== true,
  userDataFolder: join(homePath, 'desktop'),
  rendererFolder: join(built, 'renderer'),
  preloadFile: join(built, 'main', 'preload.cjs'),
  assetFolder: join(built, '..', 'assets'),
  log,
  async createBroker(platform) {
    const { broker, close } = await startRuntime({
      configFile,
      homePath,
      headless: false,
      openSeal: async () => platform.seal,
      fetch: platform.fetch,
      openBrowser: platform.openBrowser,
      workerUrl: bundledWorker(import.meta.url),
      log,
    });
    return {
      ...broker,
      connect: createConnectDesk({
        state: broker.state,
        issuer: { make: broker.makeHandle, revoke: broker.revokeHandle },
        command: ['latchkey', ...(homePath === defaultHome() ? [] : ['--home', homePath])],
        authorityFile: join(authorityFolder(homePath), authorityFileName),
      }),
      revokeAllTokens: async () => void (await broker.revokeAllTokens()),
      recheck: () => void broker.refresh(),
      close,
    };
  },
});
