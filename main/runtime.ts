import { startApi, type ApiServer } from './api/server.ts';
import { startBroker, type Broker } from './broker.ts';
import { warnings } from './config/check.ts';
import { loadConfiguration } from './config/load.ts';
import { portOwnerName } from './gateway/port-owner.ts';
import { createFetch, type FetchLike } from './identity/http.ts';
import { openHome } from './store/home.ts';
import type { Seal } from './store/seal.ts';
import { version } from './version.ts';

export interface RuntimeOptions {
  configFile: string;
  homePath: string;
  openSeal(): Promise<Seal>;
  /** HTTP to Microsoft with the system's proxy and certificates; without one, that of plain Node. */
  fetch?: FetchLike | undefined;
  /** Opens a page in the system's browser. */
  openBrowser(url: string): Promise<void>;
  /** The gateway's worker script, in a bundle. */
  workerUrl?: URL | undefined;
  log(line: string): void;
}

export interface Runtime {
  broker: Broker;
  api: ApiServer;
  close(): Promise<void>;
}

/**
 * Broker and API on one configuration and one home: what both ways to run have in common.
 * @throws LatchkeyError for a bad configuration, a home that is in use, an API port that is taken; whatever was
 *   open by then is closed again.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { log } = options;
  const configuration = await loadConfiguration(options.configFile);
  for (const warning of warnings(configuration)) log(warning);
  const home = await openHome(options.homePath);
  const closers: (() => Promise<void>)[] = [() => home.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  const ownFetch = (caFile?: string): FetchLike => {
    const { fetch, close: closeFetch } = createFetch({ caFile });
    closers.push(closeFetch);
    return fetch;
  };
  try {
    const broker = await startBroker({
      version,
      configuration,
      home,
      seal: await options.openSeal(),
      configFile: options.configFile,
      fetchWith: (caFile) => (caFile === undefined ? (options.fetch ?? ownFetch()) : ownFetch(caFile)),
      openBrowser: options.openBrowser,
      workerUrl: options.workerUrl,
      log,
    });
    closers.push(() => broker.close());
    const api = await startApi({ broker, home, port: configuration.api.port, version, log, portOwnerName });
    closers.push(() => api.close());
    return { broker, api, close };
  } catch (error) {
    await close();
    throw error;
  }
}
