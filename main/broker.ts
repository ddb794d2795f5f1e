import { join } from 'node:path';
import { systemClocks } from './access/clocks.ts';
import type { Explanation } from './contract/explanation.ts';
import { createGatekeeper } from './access/gatekeeper.ts';
import { permissions } from './access/policy.ts';
import { openHandles } from './access/handles.ts';
import { createTokens, toTokenState } from './access/tokens.ts';
import { openAudit } from './audit/audit.ts';
import type { AuditEvent } from './audit/events.ts';
import { auditFault } from './audit/fault.ts';
import { toSeconds, type AzureDirectorySettings, type Configuration } from './config/schema.ts';
import { LatchkeyError, type Problem } from './contract/errors.ts';
import type { Check, ProviderForm } from './contract/ipc.ts';
import type { AppState } from './contract/state.ts';
import { listenerSettings } from './core/listener-settings.ts';
import { explainAccess } from './core/explanation.ts';
import { createEndings } from './core/endings.ts';
import { createHandleDesk } from './core/handle-desk.ts';
import { createLocalDesk } from './core/local-desk.ts';
import { createMailedCodes } from './core/mailed-codes.ts';
import { createProviderDesk } from './core/providers.ts';
import { createSecondFactor } from './core/second-factor.ts';
import { sessionEvents } from './core/session-events.ts';
import { handleRecord, localAuthority, sessionRecord, storedTexts } from './core/sealed-values.ts';
import { clientPlace, connectionState } from './core/snapshot.ts';
import { createStoredPasswords } from './core/stored-passwords.ts';
import { createTokenIssue } from './core/token-issue.ts';
import { createWaiting } from './core/waiting.ts';
import { createCredentials } from './credentials/credentials.ts';
import { startGatewayHost } from './gateway/host.ts';
import type { GatewayHost, ListenerFailure } from './gateway/ports.ts';
import type { FetchLike } from './contract/http.ts';
import { localChecks } from './doctor/local-checks.ts';
import { createLocalAccounts } from './identity/local-accounts.ts';
import { createSession } from './identity/session.ts';
import type { SignInRequest } from './identity/wait-for-person.ts';
import type { LiveSession } from './identity/session-ports.ts';
import { createPromptBoard } from './prompts/board.ts';
import type { Home } from './store/home.ts';
import type { Seal } from './store/seal.ts';
import { createSecretStore } from './store/secret-store.ts';

export interface BrokerOptions {
  version: string;
  configuration: Configuration;
  home: Home;
  seal: Seal;
  /** Where the configuration came from: changes of the providers are written there. */
  configFile: string;
  /** HTTP with the system's trust and proxy, or with the local tenant's own certificate authority. */
  fetchWith(caFile: string | undefined): FetchLike;
  /** Opens a page in the system's browser. */
  openBrowser(url: string): Promise<void>;
  /** No screen shows prompts: what a person has to do is told in the SQL client's own error. */
  headless: boolean;
  /** The gateway's worker script, where it is not beside the source (bundles). */
  workerUrl?: URL | undefined;
  /** For the log of the process: one line, no secrets. */
  log(line: string): void;
}

export type RefusedRequest = Omit<Extract<AuditEvent, { event: 'request-refused' }>, 'event'>;

export type Broker = Awaited<ReturnType<typeof startBroker>>;

/**
 * Builds the core and starts it: audit, gateways, session. Both ways to run use it; whoever starts it closes it.
 * A listener that cannot open is a problem in the state, not a failed start.
 * @throws LatchkeyError `audit-unwritable` or `config-unreadable` (a certificate file); what was open is closed.
 */
export async function startBroker(options: BrokerOptions) {
  const { configuration, home } = options;
  const listeners = new Set<(state: AppState) => void>();
  const uid = process.getuid?.();
  const failures = new Map<string, Problem>();
  let started = false;
  let announced = false;
  let revision = 0;

  const secrets = createSecretStore({ folder: home.sealed, seal: options.seal });
  const lasting = options.seal.kind !== 'memory';
  const handles = await openHandles(handleRecord(secrets, lasting));
  const authority = await localAuthority({ secrets, home: home.path, lasting }, options.log);
  const settings = await Promise.all(
    configuration.connections.map((connection) => listenerSettings(connection, home.run, authority)),
  );
  const passwords = storedTexts(secrets, 'password');
  const audit = await openAudit({ folder: home.audit });
  let knownDamage: Problem | undefined;
  const noteDamage = (): void => {
    const damage = audit.damage();
    if (damage === undefined || damage === knownDamage) return;
    knownDamage = damage;
    options.log(`${damage.message} ${damage.remedy ?? ''}`);
  };
  noteDamage();
  const unsubscribeAudit = audit.subscribe(() => {
    noteDamage();
    changed();
  });

  const board = createPromptBoard({ changed });
  const secondFactor = createSecondFactor({
    settings: configuration.mfa,
    board,
    folder: join(home.path, 'mfa'),
    secrets,
    seal: options.seal,
    fetch: options.fetchWith(undefined),
    audit,
    account: () => signedIn().account,
    pushToken: async () => {
      const { pushToken } = configuration.mfa;
      return pushToken && passwords.get(pushToken.stored);
    },
    changed,
  });
  const localAccounts = createLocalAccounts({
    secrets,
    totp: secondFactor.totp,
    provider: configuration.providers.find(({ type }) => type === 'local')?.name ?? 'local',
  });
  const localDesk = createLocalDesk(localAccounts, secondFactor.totp, audit);
  const fetchFor = ({ caFile }: AzureDirectorySettings): FetchLike => options.fetchWith(caFile);
  const providers = await createProviderDesk({
    configFile: options.configFile,
    configuration,
    ports: {
      fetchFor,
      secrets,
      openBrowser: options.openBrowser,
      localAccounts,
      applicationSecrets: storedTexts(secrets, 'secret'),
      log: options.log,
    },
    audit,
    changed,
  });

  const mailedCodes = createMailedCodes({ settings: configuration.mail, passwords, audit });

  const storedPasswords = createStoredPasswords(configuration, passwords, audit);
  const places = new Map(
    configuration.connections.map((connection, index) => [
      connection.name,
      clientPlace(connection, settings[index], home.run),
    ]),
  );

  const credentials = createCredentials({
    storedPassword: passwords.get,
    fetchWith: options.fetchWith,
    entraToken: async (scopes, { provider }) => providers.named(provider).provider.accessToken?.(scopes),
    cloudOf: (name) => {
      const provider = providers.named(name).settings;
      return provider.type === 'local' ? 'global' : provider.cloud;
    },
    log: options.log,
  });
  const { scram } = handles;
  const tokens = createTokens(scram, systemClocks);
  const session = createSession({
    providers: providers.providers(),
    deadlineMs: toSeconds(configuration.session.deadline) * 1000,
    refreshMs: toSeconds(configuration.session.refreshGroups) * 1000,
    record: sessionRecord(secrets),
    events: sessionEvents({
      audit,
      configuration,
      revokeWhere: (which, reason) => endings.revokeWhere(which, reason),
      secondFactor,
      forgetAnswers: (id) => waiting.forget(id),
      changed,
    }),
    log: options.log,
  });
  const waiting = createWaiting({
    settings: configuration.hold,
    board,
    headless: options.headless,
    session,
    secondFactor: secondFactor.desk,
    audit,
  });
  const desk = createGatekeeper({
    connections: configuration.connections,
    tokens,
    handles,
    audit,
    liveSession: session.live,
    credential: credentials.acquire,
    waitFor: waiting.waitFor,
    holdMs: waiting.holdMs,
    groupsMaxAgeMs: toSeconds(configuration.session.groupsMaxAge) * 1000,
    defaultTokenLifetime: configuration.tokens.lifetime,
    uid,
    peerUidKnown: process.platform === 'linux',
    changed,
    log: options.log,
  });

  let gateway: GatewayHost | undefined;
  const endings = createEndings({
    tokens,
    desk,
    cut: (ids, reason) => gateway?.cut(ids, reason),
    audit,
    onLock: configuration.session.onLock,
    forgetUntilLock: waiting.locked,
    signOut: session.signOut,
    changed,
  });
  try {
    await audit.append({
      event: 'broker-started',
      version: options.version,
      connections: configuration.connections.map(({ name }) => name),
      pid: process.pid,
      ...(uid === undefined ? {} : { uid }),
      seal: options.seal.kind,
    });
    gateway = await startGatewayHost({
      gatekeeper: desk,
      scram,
      ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
      onRestart: (failed) => {
        options.log('The gateways have been started again after a crash; their database sessions are gone.');
        void noteFailures(failed).catch(() => undefined);
      },
      log: options.log,
    });
    await noteFailures(await gateway.open(settings));
  } catch (error) {
    await gateway?.close();
    await credentials.close();
    await session.close();
    await audit.close();
    throw error;
  }
  started = true;
  const restored = session.restore();
  changed();

  /** Listeners that could not be opened; each is tried once, and named to whoever looks at the state. */
  async function noteFailures(failed: ListenerFailure[]): Promise<void> {
    for (const { connection, problem } of failed) {
      failures.set(connection, problem);
      options.log(`connection "${connection}": ${problem.message}`);
      await audit.append({ event: 'connection-listener-failed', connection, ...auditFault(problem) });
    }
    changed();
  }

  /** Many changes in one turn of the event loop are told as one. */
  function changed(): void {
    if (announced) return;
    announced = true;
    setImmediate(() => {
      announced = false;
      revision += 1;
      waiting.stateChanged();
      const snapshot = state();
      for (const listener of listeners) listener(snapshot);
    });
  }

  function state(): AppState {
    const live = session.live();
    return {
      version: options.version,
      localTenant: localTenantOf(configuration) !== undefined,
      providers: providers.state(),
      signIn: session.state(),
      connections: configuration.connections.map((connection) =>
        connectionState(
          connection,
          placeOf(connection.name),
          configuration,
          { started, failure: failures.get(connection.name) },
          live,
        ),
      ),
      // Those behind handles are nobody's to copy or to revoke: the handle is.
      tokens: tokens
        .list()
        .filter(({ handleId }) => handleId === undefined)
        .map(toTokenState),
      databaseSessions: desk.sessions(),
      handles: handles.list(),
      prompts: board.list(),
      ...secondFactorState(live),
      seal:
        options.seal.reason === undefined
          ? { kind: options.seal.kind }
          : { kind: options.seal.kind, reason: options.seal.reason },
      audit: audit.state(),
    };
  }

  function secondFactorState(live: LiveSession | undefined): Pick<AppState, 'secondFactor'> {
    const shown = secondFactor.state();
    if (live === undefined || shown === undefined) return {};
    const needed = configuration.connections.some((connection) =>
      permissions(connection, live.groups, configuration.tokens.lifetime).some(
        ({ rule }) => rule.mfa !== 'never',
      ),
    );
    return { secondFactor: { ...shown, needed } };
  }

  function signedIn(): LiveSession {
    const live = session.live();
    if (live !== undefined) return live;
    throw new LatchkeyError('sign-in-required', 'Nobody is signed in to Latchkey.', {
      remedy: 'Sign in first.',
    });
  }

  function placeOf(name: string) {
    const place = places.get(name);
    if (place === undefined) throw new RangeError(`no connection ${name}`);
    return place;
  }

  const issueToken = createTokenIssue({
    desk,
    tokens,
    audit,
    liveSession: session.live,
    placeOf,
    uid,
    changed,
  });

  const handleDesk = createHandleDesk({
    desk,
    handles,
    audit,
    placeOf,
    uid,
    revokeWhere: endings.revokeWhere,
    changed,
  });

  return {
    state,
    /** Grows with every change of the state, so that a reader can wait for the next one. */
    revision: (): number => revision,
    subscribe(listener: (state: AppState) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    auditFolder: home.audit,
    /** Origin of the local tenant, whose pages may be opened beside Microsoft's; undefined in earnest. */
    localTenantOrigin: localTenantOf(configuration),
    /** @param request `mail` sends the code to the sign-in name, where the provider allows it. */
    async signIn({
      mail,
      ...request
    }: Omit<SignInRequest, 'announce'> & { mail?: boolean | undefined } = {}): Promise<void> {
      if (mail !== true) return session.signIn(request);
      const { settings: provider } = providers.named((await session.providerFor(request)).name);
      if (provider.type === 'local') return session.signIn(request);
      const announce = mailedCodes.announcer(provider, request.username);
      return session.signIn({ ...request, way: 'device-code', announce });
    },
    signInLocally: session.signInLocally,
    cancelSignIn: session.cancelSignIn,
    signOut: session.signOut,
    /** Reads the groups again now, as after a wake-up. */
    refresh: session.refresh,
    issueToken,
    revokeToken: endings.revokeToken,
    revokeAllTokens: endings.revokeAllTokens,
    cutSession: endings.cutSession,
    cutAllSessions: endings.cutAllSessions,
    locked: endings.locked,
    makeHandle: handleDesk.make,
    revokeHandle: handleDesk.revoke,
    allowClient: waiting.allow,
    denyPrompt: waiting.deny,
    storePassword: storedPasswords.store,
    storedPasswords: storedPasswords.known,
    secondFactor,
    resetSecondFactor: (): Promise<void> => secondFactor.reset(signedIn().since),
    localAccounts: localDesk,
    saveProvider: (provider: ProviderForm): Promise<void> => providers.save(session, provider),
    removeProvider: (name: string): Promise<void> => providers.remove(session, name),
    setProviderEnabled: (name: string, enabled: boolean): Promise<void> =>
      providers.setEnabled(session, name, enabled),
    setProviderSecret: providers.setSecret,
    validateProvider: (name: string): Promise<Check[]> => providers.validate(name, session.lastFault(name)),
    /** Everything that can be wrong, checked now. */
    async doctor(): Promise<Check[]> {
      const local = localChecks(state(), await storedPasswords.known());
      const enabled = providers.providers().filter((provider) => provider.enabled);
      const remote = await Promise.all(
        enabled.map(({ name }) => providers.validate(name, session.lastFault(name))),
      );
      return [...local, ...remote.flat()];
    },
    /** @param subject `<sign-in name>@<connection>` */
    explain: (subject: string): Promise<Explanation> =>
      explainAccess(subject, {
        desk,
        providers,
        secondFactor,
        liveSession: session.live,
        groupsOf: providers.groupsOf,
      }),
    /** For the API's guard: a request that was refused before it reached any action. */
    recordRefusedRequest: (request: RefusedRequest): Promise<void> =>
      audit.append({ event: 'request-refused', ...request }),
    async close(): Promise<void> {
      await secondFactor.close();
      await session.close();
      await restored;
      await gateway?.close();
      await credentials.close();
      unsubscribeAudit();
      await audit.append({ event: 'broker-stopped' }).catch(() => undefined);
      await audit.close();
    },
  };
}

function localTenantOf({ providers }: Configuration): string | undefined {
  for (const provider of providers) {
    if (provider.type === 'azure-directory' && provider.cloud === 'local')
      return new URL(provider.authority).origin;
  }
  return undefined;
}
