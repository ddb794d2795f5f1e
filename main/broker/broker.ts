import { setTimeout as sleep } from 'node:timers/promises';
import { picksOf } from '../audit/entries.ts';
import type { AuditEvent } from '../audit/events.ts';
import { exportRecords } from '../audit/export-file.ts';
import type { Closers } from '../base/closers.ts';
import type { Configuration } from '../config/schema.ts';
import type { ActionInput } from '../contract/action-schemas.ts';
import type { AuditFilter } from '../contract/audit-shapes.ts';
import { toProblem } from '../contract/errors.ts';
import type { Explanation } from '../contract/explanation.ts';
import type { AppState } from '../contract/state.ts';
import { createAccountActions, createFactorAnswers } from './account-actions.ts';
import { administered, type AdministeredParts } from './administered.ts';
import { isLocalAccount } from '../local-accounts/file.ts';
import { permissions } from '../access/policy.ts';
import type { ClientPlace } from '../access/client-place.ts';
import { explainAccess } from '../access/explain.ts';
import type { HandleService } from '../access/handle-service.ts';
import { createLocalAdministration } from '../local-accounts/administration.ts';
import { changedAccount } from '../local-accounts/provider.ts';
import { proveUnlock } from './screen-lock.ts';
import { createSignIn } from './sign-in.ts';
import { policyWriter } from './policies.ts';
import { createStepUp } from './step-up.ts';
import { createStoredPasswords, type StoredPasswords } from './stored-passwords.ts';
import { createTokenIssuer } from '../access/issue-token.ts';
import type { LiveSession } from '../session/live-session.ts';
import { takeHomeProof } from '../store/own-home.ts';
import type { Changes } from './changes.ts';
import { createChecks } from './checks.ts';
import {
  createConnectionAdministration,
  type ConnectionAdministration,
} from './connection-administration.ts';
import { createConnectionTest, type TestProgress } from './connection-test.ts';
import { findGroups } from './find-groups.ts';
import { findTenant } from './find-tenant.ts';
import { createMonitor } from './monitor.ts';
import { createLook } from './look.ts';
import type { Gateways } from './gateways.ts';
import type { LoginParts } from './logins.ts';
import type { OrganisationPart } from './organisation.ts';
import type { PartOptions, Services } from './options.ts';
import type { People } from './people.ts';
import type { BrokerRecord } from './record.ts';
import type { Readiness } from './readiness.ts';
import type { Reload } from './reload.ts';
import type { Sealed } from './sealed.ts';
import { localTenantOf } from './snapshot.ts';
import { createSupport } from './support.ts';
import type { UpdatesPart } from './updates.ts';

export interface BrokerParts {
  options: PartOptions;
  closers: Closers;
  changes: Changes;
  record: BrokerRecord;
  services: Services;
  sealed: Sealed;
  people: People;
  access: LoginParts;
  gateways: Gateways;
  handleService: HandleService;
  reload: Reload;
  organisation: OrganisationPart;
  updates: UpdatesPart;
  placeOf(connection: string): ClientPlace;
  connectionTests: TestProgress;
  readiness: Readiness;
  state(): AppState;
}

export type RefusedRequest = Omit<Extract<AuditEvent, { event: 'request-refused' }>, 'event'>;

export type Broker = ReturnType<typeof createBroker>;

/** What window, command line and API may ask for, put together from the parts. */
export function createBroker(parts: BrokerParts) {
  const { options, closers, changes, record, services, handleService, placeOf, state } = parts;
  const { inForce, home, seal, uid } = options;
  const { providers, session, secondFactor, accounts } = parts.people;
  const { logins, screenLock, tokens, waiting } = parts.access;
  const { listeners, revocation } = parts.gateways;
  const sessions = session.all;

  const { storedPasswords, readStored } = createStored(parts);
  const localAdministration = createLocalAdministration(
    parts.people.localAccounts,
    secondFactor.totp,
    services.audit,
    (username) => session.end((live) => isLocalAccount(live.account, username), toProblem(changedAccount())),
  );
  const connections = createConnections(parts, storedPasswords);
  const connectionTest = createTest(parts, connections);
  const look = createLookAt(parts, readStored);
  const checks = createChecks({ inForce, providers, session, state, storedPasswords: storedPasswords.known });

  return {
    state,
    monitor: createMonitor(parts),
    /** Grows with every change of the state, so that a reader can wait for the next one. */
    revision: changes.revision,
    subscribe: changes.subscribe,
    ...createAuditReading(home.audit, record),
    /** Origin of the local tenant, whose pages may be opened beside Microsoft's; undefined in earnest. */
    localTenantOrigin: () => localTenantOf(inForce.configuration),
    signIn: createSignIn(options, services, parts.sealed, parts.people),
    signInLocally: session.signInLocally,
    cancelSignIn: session.cancelSignIn,
    ...createAccountActions(parts.people),
    /** Reads the groups of all accounts again now, as after a wake-up. */
    refresh: (): Promise<void> => session.refresh(),
    issueToken: createTokenIssuer({
      ...services,
      logins,
      accounts,
      placeOf,
      uid,
      tokens,
      sessions,
      authorityFile: parts.sealed.authority.authorityFile,
    }),
    recentLogins: logins.recent.list,
    revokeToken: revocation.revokeToken,
    revokeAllTokens: revocation.revokeAllTokens,
    cutSession: revocation.cutSession,
    cutAllSessions: revocation.cutAllSessions,
    /** Tries listeners that failed again, now; throws the problem of the first that still cannot open. */
    retryListeners: listeners.retry,
    locked: revocation.locked,
    /** Lets the system ask the person for the key of the stored secrets, where it is locked. */
    unlockKeyring: async (): Promise<void> => seal.late?.ask?.(),
    dismissGatewayRestart: parts.gateways.restart.dismiss,
    /** A person is at the screen again. */
    unlocked: (how: 'screen' | 'window'): Promise<void> => screenLock.unlock(how),
    /** For the command line, with a code of the authenticator. */
    async unlock(code: string | undefined, as?: string): Promise<void> {
      const meant = as === undefined ? undefined : accounts.one(as)?.account;
      const all = sessions().map(({ account }) => account);
      await proveUnlock({ accounts: all, as: meant, ...secondFactor.codeFactor }, code);
      await screenLock.unlock('command');
    },
    makeHandle: handleService.make,
    revokeHandle: handleService.revoke,
    allowClient: waiting.allow,
    denyPrompt: waiting.deny,
    storedPasswords: storedPasswords.known,
    /** The one way to what changes who may decide; each needs a proof of the person. */
    administration: createAdministered(parts, { storedPasswords, localAdministration, connections }),
    secondFactor: createFactorAnswers(parts.people),
    localAccounts: { list: localAdministration.list, confirm: localAdministration.confirm },
    /** Makes the configuration file count as it is now. Throws as {@link Reload.load} does. */
    reloadConfiguration: parts.organisation.reload,
    /** What the bundle at an organisation's address is; it does not count by that. */
    lookAtOrganisation: parts.organisation.look,
    /** Asks for the bundle of the organisation now, as after a wake-up. Never rejects. */
    refreshOrganisation: parts.organisation.refresh,
    updates: parts.updates,
    readConnections: connections.read,
    testConnection: connectionTest.run,
    cancelConnectionTest: connectionTest.cancel,
    /** Looks whether the servers of connections can be reached; what it finds is in the state. */
    lookAtConnections: look.run,
    findGroups: async (text: string, as?: string) => findGroups(accounts.one(as), providers, text),
    findTenant: (request: ActionInput<'findTenant'>) => findTenant(request, options),
    ...checks,
    ...createSupport(options, { state, doctor: checks.doctor }),
    /** @param subject `<sign-in name>@<connection>` */
    explain: (subject: string): Promise<Explanation> =>
      explainAccess(subject, {
        connectionNamed: logins.connectionNamed,
        providers: providers.providers,
        isEnrolled: async (account) => (await secondFactor.totp.state(account)).enrolled,
        sessions,
        groupsOf: providers.groupsOf,
      }),
    /** For the API's guard: a request that was refused before it reached any action. */
    recordRefusedRequest: (request: RefusedRequest): Promise<void> =>
      services.audit.append({ event: 'request-refused', ...request }),
    /** Nobody is let in any more; resolves when the last database session has ended, or after `graceMs`. */
    async drain(graceMs: number): Promise<void> {
      logins.drain();
      const end = performance.now() + graceMs;
      while (logins.sessionIds(() => true).length > 0 && performance.now() < end) await sleep(100);
    },
    /** @param reason for the record, where it is not simply asked to end by its owner */
    close(reason?: string): Promise<void> {
      record.endsBecause(reason);
      return closers.close();
    },
  };
}

/** The stored passwords, of which is known at all times which are there. */
function createStored({ options: { inForce }, sealed, services, readiness, reload }: BrokerParts) {
  const current = () => inForce.configuration;
  const storedPasswords = createStoredPasswords(current, sealed.passwords, services.audit, () => {
    readiness.passwordChanged();
    void readStored();
  });
  // Unknown is not absent: what cannot be read now says nothing.
  const readStored = (): Promise<void> => storedPasswords.known().then(readiness.storedAre, () => undefined);
  void readStored();
  reload.whenLoaded((connections) => {
    readiness.forget(connections);
    void readStored();
  });
  return { storedPasswords, readStored };
}

function createLookAt(
  { options: { inForce }, closers, services, people, access, readiness }: BrokerParts,
  readStored: () => Promise<void>,
) {
  const look = createLook({
    ...services,
    readiness,
    readStored,
    connectionNamed: access.logins.connectionNamed,
    usable: () => usableConnections(inForce.configuration, people.session.all()),
  });
  closers.add(look.close);
  return look;
}

/** Those that one of the accounts has a way into. */
function usableConnections({ connections, tokens }: Configuration, all: readonly LiveSession[]) {
  return connections.filter((one) =>
    all.some(({ groups }) => permissions(one, groups, tokens.lifetime).length > 0),
  );
}

/** The connections of the file. What is written there counts at once, with whatever else the file says by then. */
function createConnections(
  { options, people, reload }: BrokerParts,
  storedPasswords: StoredPasswords,
): ConnectionAdministration {
  return createConnectionAdministration({
    configurationFile: people.configurationFile,
    configuration: () => options.inForce.configuration,
    portOf: (connection) => options.inForce.portOf(connection),
    hasProviders: people.providers.hasAny,
    apply: () => reload.load('written'),
    storePassword: storedPasswords.store,
  });
}

function createTest(
  { services, people, access: { credentials, screenLock }, connectionTests, readiness }: BrokerParts,
  administration: ConnectionAdministration,
) {
  return createConnectionTest({
    ...services,
    progress: connectionTests,
    told: readiness.told,
    administration,
    credentials,
    accounts: people.accounts,
    isSignedIn: () => people.session.all().length > 0,
    isLocked: () => screenLock.since() !== undefined,
  });
}

function createAuditReading(folder: string, record: BrokerRecord) {
  return {
    auditFolder: folder,
    exportAudit: (filter: AuditFilter, path: string): Promise<number> =>
      exportRecords(folder, picksOf(filter), path),
    /** Public half of the key that signs the audit; undefined where it is not signed. */
    auditKey: record.publicKey,
  };
}

function createAdministered(
  { options: { home }, services, record, people, reload, organisation }: BrokerParts,
  own: Pick<AdministeredParts, 'storedPasswords' | 'localAdministration' | 'connections'>,
) {
  const { providers, session, secondFactor, accounts } = people;
  const stepUp = createStepUp({
    ...services,
    sessionWithId: session.withId,
    secondFactor,
    hasProviders: providers.hasAny,
    ownsHome: (proof) => takeHomeProof(home.run, proof),
  });
  const { prune: pruneAudit } = record;
  const apply = () => reload.load('written');
  const writePolicies = policyWriter(people.configurationFile);
  return administered(
    { providers, session, accounts, secondFactor, pruneAudit, writePolicies, apply, organisation, ...own },
    stepUp,
  );
}
