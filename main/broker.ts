import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createGatekeeper } from './access/gatekeeper.ts';
import { permissions, toGrant, type Permission } from './access/policy.ts';
import { systemClocks } from './access/clocks.ts';
import { createTokens, toTokenState, type Token } from './access/tokens.ts';
import { openAudit, type Audit } from './audit/audit.ts';
import {
  toSeconds,
  type Configuration,
  type ConnectionSettings,
  type ProviderSettings,
} from './config/schema.ts';
import { LatchkeyError, toProblem, type Problem } from './contract/errors.ts';
import type { AppState, ConnectionState } from './contract/state.ts';
import { createDirectory } from './directory/graph.ts';
import { startGatewayHost } from './gateway/host.ts';
import type { GatewayHost, ListenerSettings } from './gateway/ports.ts';
import { createAzureDirectory } from './identity/azure-directory.ts';
import { graphOrigin } from './identity/clouds.ts';
import type { FetchLike } from './identity/http.ts';
import { createSession, type LiveSession, type Provider, type SessionRecord } from './identity/session.ts';
import { psqlCommand } from './access/psql-command.ts';
import type { Home } from './store/home.ts';
import type { Seal } from './store/seal.ts';
import { socketPath } from './store/socket-path.ts';
import { createSecretStore, type SecretStore } from './store/secret-store.ts';

export interface BrokerOptions {
  version: string;
  configuration: Configuration;
  home: Home;
  seal: Seal;
  /** HTTP for this provider: the system's trust and proxy, or the local tenant's own authority. */
  fetchFor(provider: ProviderSettings): FetchLike;
  /** The gateway's worker script, where it is not beside the source (bundles). */
  workerUrl?: URL;
  /** For the log of the process: one line, no secrets. */
  log(line: string): void;
}

export interface IssuedToken {
  id: string;
  /** The secret itself; the only place where it appears. */
  token: string;
  connection: string;
  role: string;
  username: string;
  host: string;
  port: number;
  socketDirectory?: string;
  database: string;
  expiresAt: string;
  command: string;
}

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

  const listenerSettings = await Promise.all(
    configuration.connections.map((connection) => toListener(connection, home)),
  );
  const secrets = createSecretStore({ folder: home.sealed, seal: options.seal });
  const audit = await openAudit({ folder: home.audit });
  const unsubscribeAudit = audit.subscribe(changed);

  const scram = { salt: randomBytes(16), iterations: 4096 };
  const tokens = createTokens(scram, systemClocks);
  const session = createSession({
    providers: configuration.providers.map((provider) => createProvider(provider, options, secrets)),
    deadlineMs: toSeconds(configuration.session.deadline) * 1000,
    refreshMs: toSeconds(configuration.session.refreshGroups) * 1000,
    record: sessionRecord(secrets),
    events: sessionEvents(),
  });
  const desk = createGatekeeper({
    connections: configuration.connections,
    tokens,
    audit,
    liveSession: session.live,
    storedPassword: async (name) => decode(await secrets.get(passwordName(name))),
    groupsMaxAgeMs: toSeconds(configuration.session.groupsMaxAge) * 1000,
    defaultTokenLifetime: configuration.tokens.lifetime,
    uid,
    peerUidKnown: process.platform === 'linux',
    changed,
  });

  let gateway: GatewayHost | undefined;
  try {
    await audit.append({
      event: 'broker-started',
      version: options.version,
      connections: configuration.connections.map(({ name }) => name),
    });
    gateway = await startGatewayHost({
      gatekeeper: desk,
      scram,
      ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
    });
    for (const { connection, problem } of await gateway.open(listenerSettings)) {
      failures.set(connection, problem);
      options.log(`connection "${connection}": ${problem.message}`);
      await audit.append({ event: 'connection-listener-failed', connection, code: problem.code });
    }
  } catch (error) {
    await gateway?.close();
    await session.close();
    await audit.close();
    throw error;
  }
  started = true;
  const restored = session
    .restore()
    .catch((error: unknown) => options.log(`restoring the last sign-in: ${toProblem(error).message}`));
  changed();

  /** Many changes in one turn of the event loop are told as one. */
  function changed(): void {
    if (announced) return;
    announced = true;
    setImmediate(() => {
      announced = false;
      revision += 1;
      const snapshot = state();
      for (const listener of listeners) listener(snapshot);
    });
  }

  function state(): AppState {
    const live = session.live();
    return {
      version: options.version,
      localTenant: configuration.providers.some(({ cloud }) => cloud === 'local'),
      providers: configuration.providers.map(({ name, authority, applicationId }) => ({
        name,
        tenant: tenantOf(authority),
        applicationId,
      })),
      signIn: session.state(),
      connections: configuration.connections.map((connection) => connectionState(connection, live)),
      tokens: tokens.list().map(toTokenState),
      databaseSessions: desk.sessions(),
      seal:
        options.seal.reason === undefined
          ? { kind: options.seal.kind }
          : { kind: options.seal.kind, reason: options.seal.reason },
      audit: audit.state(),
    };
  }

  function connectionState(connection: ConnectionSettings, live: LiveSession | undefined): ConnectionState {
    const failure = failures.get(connection.name);
    const ways =
      live === undefined ? [] : permissions(connection, live.groups, configuration.tokens.lifetime);
    const place = { ...placeOf(connection), database: connection.name };
    return {
      name: connection.name,
      title: connection.title ?? connection.name,
      protocol: connection.protocol,
      ...place,
      listener:
        failure === undefined
          ? { kind: started ? 'listening' : 'starting' }
          : { kind: 'failed', problem: failure },
      grants: ways.map(toGrant),
      ...(live !== undefined && ways.length > 0
        ? { command: psqlCommand({ ...place, username: live.account.username }) }
        : {}),
    };
  }

  function placeOf(connection: ConnectionSettings) {
    const socket = listenerSettings.find((listener) => listener.connection === connection.name)?.socketPath;
    return {
      host: connection.address,
      port: connection.port,
      ...(socket === undefined ? {} : { socketDirectory: home.run }),
    };
  }

  /** Ends tokens and logins together: none of either may outlive what they stood on. */
  async function revokeWhere(which: (token: Token) => boolean, reason: string): Promise<number> {
    const revoked = tokens.revoke(which);
    gateway?.cut(desk.sessionIds(which), reason);
    changed();
    for (const token of revoked) {
      await audit.append({
        event: 'token-revoked',
        tokenId: token.id,
        connection: token.connection,
        role: token.role,
        reason,
      });
    }
    return revoked.length;
  }

  function sessionEvents() {
    return {
      started: (provider: string) => audit.append({ event: 'sign-in-started', provider }),
      signedIn: (live: LiveSession, how: 'device-code' | 'restored') =>
        audit.append({
          event: 'sign-in-succeeded',
          provider: live.provider,
          account: live.account,
          groups: live.groups.length,
          how,
        }),
      failed: (provider: string, problem: Problem) =>
        audit.append({ event: 'sign-in-failed', provider, ...faultOf(problem) }),
      async ended(
        live: LiveSession,
        why: 'signed-out' | 'expired' | 'replaced' | 'refused',
        problem?: Problem,
      ): Promise<void> {
        const sentences = {
          'signed-out': 'The person has signed out of Latchkey.',
          expired: 'The sign-in to Latchkey has reached its deadline.',
          replaced: 'Another person has signed in to Latchkey.',
          refused: 'The directory has ended the sign-in.',
        };
        const reached = revokeWhere((token) => token.sessionId === live.id, sentences[why]);
        // The ending itself must not fail because it cannot be written down.
        await reached.catch(() => undefined);
        const record =
          why === 'signed-out'
            ? audit.append({ event: 'signed-out', account: live.account })
            : audit.append({
                event: 'session-expired',
                account: live.account,
                why,
                ...(problem === undefined ? {} : faultOf(problem)),
              });
        await record.catch(() => undefined);
      },
      async groupsChanged(
        live: LiveSession,
        added: { id: string }[],
        removed: { id: string }[],
      ): Promise<void> {
        const kept = new Map(
          configuration.connections.map((connection) => [
            connection.name,
            permissions(connection, live.groups, configuration.tokens.lifetime),
          ]),
        );
        const lost = (token: Token): boolean =>
          !kept.get(token.connection)?.some(({ rule }) => rule.role === token.role);
        await revokeWhere(
          (token) => token.sessionId === live.id && lost(token),
          'Your directory groups no longer allow this.',
        ).catch(() => undefined);
        await audit
          .append({
            event: 'groups-refreshed',
            account: live.account,
            added: added.map(({ id }) => id),
            removed: removed.map(({ id }) => id),
          })
          .catch(() => undefined);
      },
      refreshFailed: (live: LiveSession, problem: Problem) =>
        audit
          .append({ event: 'groups-refresh-failed', account: live.account, ...faultOf(problem) })
          .catch(() => undefined),
      changed,
    };
  }

  function chosen(ways: Permission[], role: string | undefined, connection: string): Permission {
    const found = role === undefined ? ways[0] : ways.find(({ rule }) => rule.role === role);
    if (found !== undefined) return found;
    throw new LatchkeyError('role-not-allowed', `You may not use the role "${role}" of "${connection}".`, {
      remedy: `Your roles there: ${ways.map(({ rule }) => rule.role).join(', ')}.`,
    });
  }

  async function issueToken(request: {
    connection: string;
    role?: string | undefined;
    lifetimeSeconds?: number | undefined;
  }): Promise<IssuedToken> {
    const connection = desk.connectionNamed(request.connection);
    const { session: live, ways } = desk.permitted(connection);
    const permission = chosen(ways, request.role, connection.name);
    const untilDeadline = Math.floor((live.until - Date.now()) / 1000);
    const lifetime = Math.max(
      1,
      Math.min(
        request.lifetimeSeconds ?? permission.tokenLifetimeSeconds,
        permission.tokenLifetimeSeconds,
        untilDeadline,
      ),
    );
    const { token, text } = await tokens.issue(
      {
        sessionId: live.id,
        connection: connection.name,
        role: permission.rule.role,
        groupId: permission.group.id,
        username: live.account.username,
        uid,
      },
      lifetime,
    );
    const expiresAt = new Date(token.expiresAt).toISOString();
    try {
      await audit.append({
        event: 'token-issued',
        account: live.account,
        tokenId: token.id,
        connection: token.connection,
        role: token.role,
        group: token.groupId,
        expiresAt,
      });
    } catch (error) {
      tokens.revoke(({ id }) => id === token.id);
      throw error;
    }
    changed();
    const place = { ...placeOf(connection), database: connection.name, username: live.account.username };
    return {
      id: token.id,
      token: text,
      connection: connection.name,
      role: token.role,
      ...place,
      expiresAt,
      command: psqlCommand(place),
    };
  }

  return {
    state,
    /** Grows with every change of the state, so that a reader can wait for the next one. */
    revision: (): number => revision,
    subscribe(listener: (state: AppState) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    auditFolder: home.audit,
    signIn: ({ provider }: { provider?: string | undefined } = {}): Promise<void> => session.signIn(provider),
    cancelSignIn: session.cancelSignIn,
    signOut: session.signOut,
    /** Reads the groups again now, as after a wake-up. */
    refresh: session.refresh,
    issueToken,
    /** @throws LatchkeyError `token-unknown`, also for a token that has expired meanwhile. */
    async revokeToken(id: string): Promise<void> {
      if ((await revokeWhere((token) => token.id === id, 'The token has been revoked.')) > 0) return;
      throw new LatchkeyError('token-unknown', 'There is no live token with this id.', {
        remedy: 'See the live ones with: latchkey status',
      });
    },
    /** @returns how many there were. */
    revokeAllTokens: (): Promise<number> => revokeWhere(() => true, 'All tokens have been revoked.'),
    /** @throws LatchkeyError `session-unknown`. */
    async cutSession(id: string): Promise<void> {
      const found = desk.sessionIds((_token, shown) => shown.id === id);
      if (found.length === 0) {
        throw new LatchkeyError('session-unknown', 'There is no live database session with this id.', {
          remedy: 'See the live ones with: latchkey status',
        });
      }
      gateway?.cut(found, 'The session has been ended from Latchkey.');
    },
    /** Keeps the password that rules name with `password: {stored: …}`; an undefined value forgets it. */
    async storePassword(name: string, value: string | undefined): Promise<void> {
      await audit.append({ event: 'secret-changed', name, change: value === undefined ? 'deleted' : 'set' });
      if (value === undefined) await secrets.delete(passwordName(name));
      else await secrets.set(passwordName(name), new TextEncoder().encode(value));
    },
    /** Names of the passwords that the configuration asks for, and whether each has been stored. */
    async storedPasswords(): Promise<{ name: string; stored: boolean }[]> {
      const names = new Set(
        configuration.connections.flatMap(({ rules }) =>
          rules.flatMap(({ password }) => (password === undefined ? [] : [password.stored])),
        ),
      );
      const kept = new Set(await secrets.list());
      return [...names].map((name) => ({ name, stored: kept.has(passwordName(name)) }));
    },
    /** For the API's guard: a request that was refused before it reached any action. */
    async recordRefusedRequest(reason: string): Promise<void> {
      await audit.append({ event: 'request-refused', reason });
    },
    async close(): Promise<void> {
      await session.close();
      await restored;
      await gateway?.close();
      unsubscribeAudit();
      await audit.append({ event: 'broker-stopped' }).catch(() => undefined);
      await audit.close();
    },
  };
}

function createProvider(provider: ProviderSettings, options: BrokerOptions, secrets: SecretStore): Provider {
  const fetch = options.fetchFor(provider);
  const cacheName = `msal-${provider.name}`;
  const directory = createAzureDirectory(
    {
      ...provider,
      graph: provider.resource ?? graphOrigin(provider.cloud),
      tenant: tenantOf(provider.authority),
    },
    {
      fetch,
      cache: {
        read: () => secrets.get(cacheName),
        write: (bytes) => secrets.set(cacheName, bytes),
        clear: () => secrets.delete(cacheName),
      },
      log: options.log,
    },
  );
  const graph = createDirectory({
    origin: provider.resource ?? graphOrigin(provider.cloud),
    fetch,
    accessToken: directory.graphToken,
  });
  return {
    name: provider.name,
    tenant: tenantOf(provider.authority),
    applicationId: provider.applicationId,
    signInWithDeviceCode: directory.signInWithDeviceCode,
    restore: directory.restore,
    renew: directory.renew,
    groups: async (signal) => (await graph.groups(signal)).groups,
    signOut: directory.signOut,
  };
}

function sessionRecord(secrets: SecretStore) {
  return {
    async read(): Promise<SessionRecord | undefined> {
      const text = decode(await secrets.get('session'));
      return text === undefined ? undefined : (JSON.parse(text) as SessionRecord);
    },
    write: (record: SessionRecord) =>
      secrets.set('session', new TextEncoder().encode(JSON.stringify(record))),
    clear: () => secrets.delete('session'),
  };
}

async function toListener(connection: ConnectionSettings, home: Home): Promise<ListenerSettings> {
  const { upstream } = connection;
  const socket = socketPath(home.run, `.s.PGSQL.${connection.port}`);
  return {
    connection: connection.name,
    protocol: connection.protocol,
    host: connection.address,
    port: connection.port,
    ...(socket === undefined ? {} : { socketPath: socket }),
    clientAuth: connection.clientAuth,
    databases: [...new Set([connection.name, upstream.database])],
    maxSessions: connection.maxSessions,
    upstream: {
      host: upstream.host,
      port: upstream.port,
      ...(upstream.socket === undefined ? {} : { socketPath: upstream.socket }),
      tls: {
        mode: upstream.socket === undefined ? upstream.tls.mode : 'off',
        ...(upstream.tls.caFile === undefined
          ? {}
          : { ca: await readCertificate(upstream.tls.caFile, connection.name) }),
        ...(upstream.tls.serverName === undefined ? {} : { serverName: upstream.tls.serverName }),
      },
      allowedMethods: upstream.allowedMethods,
      connectTimeoutMs: toSeconds(upstream.connectTimeout) * 1000,
    },
  };
}

async function readCertificate(file: string, connection: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LatchkeyError(
      'config-unreadable',
      `The certificate file ${file} of connection "${connection}" cannot be read.`,
      {
        remedy: 'Correct upstream.tls.caFile in the configuration, or make the file readable.',
        cause,
      },
    );
  }
}

function faultOf(problem: Problem) {
  return { code: problem.code, ...(problem.entra === undefined ? {} : { entra: problem.entra }) };
}

/** The tenant's id or domain is the first step of the authority's path. */
function tenantOf(authority: string): string {
  return new URL(authority).pathname.split('/')[1] ?? '';
}

const passwordName = (name: string): string => `password-${name}`;

function decode(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
