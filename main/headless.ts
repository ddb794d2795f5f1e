import { startApi, type ApiServer } from './api/server.ts';
import { startBroker, type Broker } from './broker.ts';
import { warnings } from './config/check.ts';
import { loadConfiguration } from './config/load.ts';
import { createFetch } from './identity/http.ts';
import { openHome } from './store/home.ts';
import { createMemorySeal, openKeyFileSeal } from './store/seal.ts';
import { version } from './version.ts';

export interface HeadlessOptions {
  configFile: string;
  homePath: string;
  /** File with the key that seals secrets at rest; without one they are kept in memory only. */
  keyFile?: string | undefined;
  /** The gateway's worker script, in a bundle. */
  workerUrl?: URL | undefined;
  log(line: string): void;
}

export interface Headless {
  broker: Broker;
  api: ApiServer;
  close(): Promise<void>;
}

/**
 * Composition root without a screen (`latchkey serve`).
 * @throws LatchkeyError for a bad configuration, a home that is in use, an API port that is taken; whatever was
 *   open by then is closed again.
 */
export async function startHeadless({
  configFile,
  homePath,
  keyFile,
  workerUrl,
  log,
}: HeadlessOptions): Promise<Headless> {
  const configuration = await loadConfiguration(configFile);
  for (const warning of warnings(configuration)) log(warning);
  const home = await openHome(homePath);
  const closers: (() => Promise<void>)[] = [() => home.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const seal =
      keyFile === undefined
        ? createMemorySeal(
            'There is no key file (--key-file or LATCHKEY_KEY_FILE), so nothing secret is written to disk.',
          )
        : await openKeyFileSeal(keyFile);
    const broker = await startBroker({
      version,
      configuration,
      home,
      seal,
      fetchFor: (provider) => {
        const { fetch, close: closeFetch } = createFetch({ caFile: provider.caFile });
        closers.push(closeFetch);
        return fetch;
      },
      ...(workerUrl === undefined ? {} : { workerUrl }),
      log,
    });
    closers.push(() => broker.close());
    const api = await startApi({ broker, home, port: configuration.api.port, version });
    closers.push(() => api.close());
    return { broker, api, close };
  } catch (error) {
    await close();
    throw error;
  }
}
