import { dirname } from 'node:path';
import { startApi, type ApiServer } from './api/server.ts';
import { openWatched } from './api/watched.ts';
import { openAudit } from './audit/audit.ts';
import { auditFault } from './audit/fault.ts';
import type { Broker } from './broker/broker.ts';
import type { BrokerOptions } from './broker/options.ts';
import { startBroker } from './broker/start.ts';
import { createClosers, type Closers, type OnStep } from './base/closers.ts';
import { allWarnings } from './config/ignored.ts';
import { loadConfiguration, type OrganisationSource } from './config/load.ts';
import { machineOrganisation } from './config/organisation-policy.ts';
import { settingsFolders } from './connect/settings-folders.ts';
import { toLogText, toProblem } from './contract/errors.ts';
import { portOwnerName } from './gateway/peers/port-owner.ts';
import { startGatewayThreads } from './gateway/threads.ts';
import type { FetchLike } from './contract/http.ts';
import { createFetch } from './base/http.ts';
import type { Log } from './log/log.ts';
import { keptOrganisation } from './organisation/kept.ts';
import { organisationSource } from './organisation/source.ts';
import { cleanTemporaryFiles, leftoverMs } from './store/durable-file.ts';
import { openHome, type Home } from './store/home.ts';
import { knownUserFolder } from './store/places.ts';
import { refuseOtherKey } from './store/same-key.ts';
import type { Seal } from './store/seal.ts';
import { version } from './base/version.ts';

export interface RuntimeOptions {
  /** The person's. */
  configFile: string;
  /** By default the file of this computer, which no option and no variable can name otherwise. */
  organisation?: OrganisationSource | undefined;
  homePath: string;
  openSeal(home: Home): Promise<Seal>;
  /** No screen shows prompts. */
  headless: boolean;
  /** HTTP to Microsoft with the system's proxy and certificates; without one, that of plain Node. */
  fetch?: FetchLike | undefined;
  /** Opens a page in the system's browser. */
  openBrowser(url: string): Promise<void>;
  /** The gateway's worker script, in a bundle. */
  workerUrl?: URL | undefined;
  openUpdates?: BrokerOptions['openUpdates'];
  /** Of the process; once the home is ours, its entries go there too. */
  log: Log;
  onStep?: OnStep | undefined;
}

export interface Runtime {
  broker: Broker;
  api: ApiServer;
  /**
   * Closes in order. @param reason for audit and log, where it is not simply asked to end by its owner
   * @param graceMs open database sessions may go on for so long, while nobody new is let in
   */
  close(end?: { reason: string; graceMs?: number }): Promise<void>;
}

/**
 * Broker and API on one configuration and one home: what both ways to run have in common.
 * @throws LatchkeyError for a bad configuration, a home that is in use, an API port that is taken; whatever was
 *   open by then is closed again, and the failure is in the audit of the home, where there is one.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const log = (line: string): void => options.log.write(line);
  const closers = createClosers(log, options.onStep);
  const { open, add } = closers;
  let failure: unknown;
  try {
    const gatewayThreads = await open(
      'thread of the gateways',
      () => startGatewayThreads({ workerUrl: options.workerUrl, log }),
      (opened) => opened.close(),
    );
    const home = await open(
      'home',
      () => openHome(options.homePath),
      (opened) => opened.close(),
    );
    await open(
      'log',
      () => options.log.open(home.log),
      () => options.log.close(),
    );
    // Once the broker has closed its own, which holds the end of the chain.
    add(() => (failure === undefined ? undefined : recordFailure(home, failure)));
    await open('sweep', () => sweepBeside(options.configFile));
    const machine = options.organisation ?? machineOrganisation();
    const kept = keptOrganisation(home.path);
    const source = { file: options.configFile, organisation: organisationSource(machine, kept) };
    const loaded = await open('configuration', () => loadConfiguration(source));
    const { configuration } = loaded;
    for (const warning of allWarnings(loaded)) log(warning);
    const seal = await open('seal', () => options.openSeal(home));
    await open('key of before', () => refuseOtherKey(home.sealed, seal));
    const ownFetch = createFetches(closers);
    let reason: string | undefined;
    const broker = await open(
      'broker',
      () =>
        startBroker({
          version,
          loaded,
          home,
          seal,
          source,
          organisation: { kept, machine },
          fetchWith: (caFile) => (caFile === undefined ? (options.fetch ?? ownFetch()) : ownFetch(caFile)),
          openBrowser: options.openBrowser,
          headless: options.headless,
          gatewayThreads,
          openUpdates: options.openUpdates,
          log,
          onStep: options.onStep,
        }),
      (opened) => opened.close(reason),
    );
    const api = await open(
      'API',
      () => startApi({ broker, home, port: configuration.api.port, version, log, portOwnerName }),
      (opened) => opened.close(),
    );
    const { port } = configuration.metrics;
    if (port !== undefined)
      await open(
        'metrics',
        () => openWatched({ monitor: broker.monitor, port, portOwnerName }),
        (opened) => opened.close(),
      );
    await open('first word in the log', () =>
      options.log.note(`Latchkey ${version} is running (pid ${process.pid}).`),
    );
    return {
      broker,
      api,
      async close(end) {
        reason = end?.reason;
        options.log.note(`Latchkey ends${reason === undefined ? '' : `: ${reason}`}.`);
        if (end?.graceMs !== undefined) await broker.drain(end.graceMs);
        await closers.close();
      },
    };
  } catch (error) {
    failure = error;
    // Whoever started it tells the person.
    options.log.note(`Latchkey could not start: ${toLogText(error)}`, 'error');
    await closers.close();
    throw error;
  }
}

/**
 * Beside the configuration, in the person's folder (`~/.pgpass`, `~/.my.cnf`) and where tools keep their settings the
 * command line may be writing as well, so only what is an hour old is surely left of a crash.
 */
async function sweepBeside(configFile: string): Promise<void> {
  const folders = new Set([dirname(configFile), knownUserFolder(), ...(await settingsFolders())]);
  for (const folder of folders)
    if (folder !== undefined) await cleanTemporaryFiles(folder, leftoverMs).catch(() => undefined);
}

/**
 * One pool of connections for each authority, however many providers and checks ask for it. They are closed after the
 * broker, which still revokes leases while it closes.
 */
function createFetches(closers: Closers): (caFile?: string) => FetchLike {
  const pools = new Map<string | undefined, ReturnType<typeof createFetch>>();
  closers.add(async () => {
    await Promise.all(Array.from(pools.values(), (pool) => pool.close()));
  });
  return (caFile) => {
    const pool = pools.get(caFile) ?? createFetch({ caFile });
    pools.set(caFile, pool);
    return pool.fetch;
  };
}

async function recordFailure(home: Home, error: unknown): Promise<void> {
  const audit = await openAudit({ folder: home.audit });
  await audit.append({ event: 'start-failed', ...auditFault(toProblem(error)) }).catch(() => undefined);
  await audit.close();
}
