import { startApi, type ApiServer } from './api/server.ts';
import { openAudit } from './audit/audit.ts';
import { auditFault } from './audit/fault.ts';
import { startBroker, type Broker } from './broker.ts';
import { warnings } from './config/check.ts';
import { loadConfiguration } from './config/load.ts';
import { toLogText, toProblem } from './contract/errors.ts';
import { portOwnerName } from './gateway/port-owner.ts';
import type { FetchLike } from './contract/http.ts';
import { createFetch } from './identity/http.ts';
import { openHome, type Home } from './store/home.ts';
import type { Seal } from './store/seal.ts';
import { version } from './version.ts';

export interface RuntimeOptions {
  configFile: string;
  homePath: string;
  openSeal(): Promise<Seal>;
  /** No screen shows prompts. */
  headless: boolean;
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
 *   open by then is closed again, and the failure is in the audit of the home, where there is one.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { log } = options;
  const home = await openHome(options.homePath);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed())
      await closer().catch((error: unknown) => log(`while closing: ${toLogText(error)}`));
  };
  // One pool of connections for each authority, however many providers and checks ask for it.
  const fetches = new Map<string | undefined, FetchLike>();
  const ownFetch = (caFile?: string): FetchLike => {
    const before = fetches.get(caFile);
    if (before !== undefined) return before;
    const { fetch, close: closeFetch } = createFetch({ caFile });
    closers.push(closeFetch);
    fetches.set(caFile, fetch);
    return fetch;
  };
  try {
    const configuration = await loadConfiguration(options.configFile);
    for (const warning of warnings(configuration)) log(warning);
    const broker = await startBroker({
      version,
      configuration,
      home,
      seal: await options.openSeal(),
      configFile: options.configFile,
      fetchWith: (caFile) => (caFile === undefined ? (options.fetch ?? ownFetch()) : ownFetch(caFile)),
      openBrowser: options.openBrowser,
      headless: options.headless,
      workerUrl: options.workerUrl,
      log,
    });
    closers.push(() => broker.close());
    const api = await startApi({ broker, home, port: configuration.api.port, version, log, portOwnerName });
    closers.push(() => api.close());
    return { broker, api, close };
  } catch (error) {
    // Once the broker has closed its own, which holds the end of the chain.
    closers.splice(1, 0, () => recordFailure(home, error));
    await close();
    throw error;
  }
}

async function recordFailure(home: Home, error: unknown): Promise<void> {
  const audit = await openAudit({ folder: home.audit });
  await audit.append({ event: 'start-failed', ...auditFault(toProblem(error)) }).catch(() => undefined);
  await audit.close();
}
