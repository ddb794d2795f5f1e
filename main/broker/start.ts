import { createLiveLogins } from '../access/live-logins.ts';
import type { Logins } from '../access/logins.ts';
import { auditFault } from '../audit/fault.ts';
import { createClosers, type Closers } from '../base/closers.ts';
import { createHandleService } from '../access/handle-service.ts';
import { defined } from '../base/defined.ts';
import { takeUpLater } from './late-key.ts';
import { createBroker, type Broker } from './broker.ts';
import { createChanges } from './changes.ts';
import { logHostChecks } from './checks.ts';
import type { TestProgress } from './connection-test.ts';
import { openExport } from './export.ts';
import { openGateways } from './gateways.ts';
import { openLogins } from './logins.ts';
import { watchConfiguration } from './configuration-watch.ts';
import { InForce } from './in-force.ts';
import { createReload, type Reload, type ReloadParts } from './reload.ts';
import type { BrokerOptions, PartOptions, Services } from './options.ts';
import { openOrganisation } from './organisation.ts';
import { openPeople, type People } from './people.ts';
import { createReadiness } from './readiness.ts';
import { openRecord, type BrokerRecord } from './record.ts';
import { openSealed } from './sealed.ts';
import type { Account } from '../contract/state.ts';
import type { LiveSession } from '../session/live-session.ts';
import { takeSnapshot } from './snapshot.ts';
import { openUpdates } from './updates.ts';

/**
 * Opens the broker, part after part: what is sealed, the audit, people, logins, gateways. Both ways to run use it;
 * whoever starts it closes it. A listener that cannot open is a problem in the state, not a failed start; so is a
 * connection with a fault.
 * @throws LatchkeyError `audit-unwritable` or `config-unreadable` (a certificate file of a provider); what was open is closed.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const closers = createClosers(options.log, options.onStep);
  try {
    return await openBroker(options, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function openBroker({ loaded, ...given }: BrokerOptions, closers: Closers): Promise<Broker> {
  const { home, seal, version, log } = given;
  const uid = process.getuid?.();
  const { open } = closers;
  const changes = createChanges();
  const { changed } = changes;

  const sealed = await open('sealed values', () => openSealed(given));
  const { secrets, handles, authority } = sealed;
  const inForce = await open('settings of the listeners', () => InForce.open(loaded, home, authority));
  const options: PartOptions = { ...given, inForce, uid };
  const record = await open(
    'audit',
    () => openRecord({ folder: home.audit, secrets, seal, uid, changed, log, inForce }),
    (opened) => opened.close(),
  );
  const services: Services = { audit: record.audit, changed, log, now: Date.now };

  const sinks = await open('audit sinks', () => openExport(options, services, record, sealed));
  const live = createLiveLogins();
  const people = await openPeople(
    options,
    closers,
    services,
    sealed,
    ({ id }) => live.ids(({ token }) => token.sessionId === id).length > 0,
  );
  const { board, providers, secondFactor, session, accounts } = people;
  record.nameActor(() => onlyAccount(session.all()));

  const access = await openLogins(options, closers, services, sealed, people, live, sinks);
  const { logins, screenLock, tokens, waiting } = access;

  await open('first record', () => recordStart(options, record));
  await open('connections that are left out', () => tellLeftOut(inForce.faulty, services));
  const readiness = createReadiness({ ...services, shownOf: (id) => live.find(id)?.shown });
  const gateways = await openGateways(options, closers, services, sealed, people, access, readiness);

  const connectionTests: TestProgress = new Map();
  const placeOf = (connection: string) => inForce.placeOf(connection);
  const { revokeWhere } = gateways.revocation;
  const ofHandles = { ...services, logins, accounts, placeOf, uid, handles, revokeWhere };
  const handleService = createHandleService(ofHandles);
  const parts = {
    ...services,
    inForce,
    sealed,
    people,
    access,
    gateways,
    revokeHandle: handleService.revoke,
  };
  const { reload, configurationWatch } = await openReload(options, closers, parts);
  reload.whenLoaded(() => void sinks.follow());
  const fromOutside = await openFromOutside(options, closers, services, { people, reload, logins });
  const snapshotParts = {
    version,
    inForce,
    configurationWatch,
    ...fromOutside,
    seal,
    authorityFile: authority.authorityFile,
    listenerFailure: gateways.listeners.failure,
    gatewayRestart: gateways.restart.state,
    audit: record.audit,
    sinks,
    session,
    chosenAccount: () => people.chosen.account,
    providers,
    secondFactor,
    board,
    tokens,
    handles,
    logins,
    lockedSince: screenLock.since,
    connectionTests,
    readiness,
  };
  const state = () => takeSnapshot(snapshotParts);
  changes.begin(state, waiting.stateChanged);
  void logHostChecks(inForce.configuration, log);
  people.restore();
  await open(
    'wait for a late key',
    () =>
      takeUpLater({
        ...services,
        seal,
        secrets,
        handles,
        session,
        secondFactor,
        takeAuditKey: record.takeKey,
        openAuthority: sealed.openAuthority,
        useAuthority: gateways.useAuthority,
      }),
    (stop) => stop(),
  );
  changed();
  return createBroker({
    options,
    closers,
    changes,
    record,
    services,
    sealed,
    people,
    access,
    gateways,
    handleService,
    reload,
    ...fromOutside,
    placeOf,
    connectionTests,
    readiness,
    state,
  });
}

/** Of several nobody can say who it was. */
function onlyAccount([one, ...others]: readonly LiveSession[]): Account | undefined {
  return others.length === 0 ? one?.account : undefined;
}

/** What makes the configuration file count anew, and what notices that it has changed. */
async function openReload({ source }: PartOptions, { open }: Closers, parts: ReloadParts) {
  const reload = createReload(parts);
  const configurationWatch = await open(
    'watch on the configuration',
    () => watchConfiguration({ ...parts, source, reload }),
    (opened) => opened.close(),
  );
  return { reload, configurationWatch };
}

/** What comes from servers of others by itself: an organisation's settings, and newer versions. */
async function openFromOutside(
  options: PartOptions,
  closers: Closers,
  services: Services,
  { people, reload, logins }: { people: People; reload: Reload; logins: Logins },
) {
  const organisation = await openOrganisation(options, closers, services, people, reload);
  const liveSessions = () => logins.sessionIds(() => true).length;
  const updates = await openUpdates(options, closers, services, { people, reload, liveSessions });
  return { organisation, updates };
}

/** One connection with a fault does not keep the others from starting. */
async function tellLeftOut(
  faulty: InForce['faulty'],
  { audit, log }: Pick<Services, 'audit' | 'log'>,
): Promise<void> {
  for (const { name, problem } of faulty) {
    log(problem.message);
    const [first] = problem.faults;
    const place = `${first?.file ?? ''}${first?.line === undefined ? '' : `:${first.line}`}`;
    await audit.append({ event: 'connection-left-out', connection: name, place, ...auditFault(problem) });
  }
}

function recordStart({ version, inForce, seal, uid }: PartOptions, record: BrokerRecord): Promise<void> {
  return record.started({
    version,
    connections: inForce.configuration.connections.map(({ name }) => name),
    pid: process.pid,
    ...defined({ uid }),
    seal: seal.kind,
  });
}
