import type { Handles } from '../access/handles.ts';
import type { Logins } from '../access/logins.ts';
import { permissions, toGrant } from '../access/policy.ts';
import { toTokenState, type Tokens } from '../access/tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { ignoredText } from '../config/ignored.ts';
import { lockedKeys } from '../config/restrictions.ts';
import type { Configuration, ConnectionSettings } from '../config/schema.ts';
import type {
  Account,
  AppState,
  ConnectionState,
  ProviderState,
  SignedIn,
  SignedInAccount,
} from '../contract/state.ts';
import { clientCommand } from '../connect/client-command.ts';
import { clientAuthOf, placeUnder } from '../access/client-place.ts';
import type { ConfigurationWatch } from './configuration-watch.ts';
import type { TestProgress } from './connection-test.ts';
import type { InForce } from './in-force.ts';
import type { OrganisationPart } from './organisation.ts';
import { policiesOf } from './policies.ts';
import type { ProviderRegistry } from './providers.ts';
import type { Readiness } from './readiness.ts';
import type { OwnSecondFactor } from '../second-factor/second-factor.ts';
import type { ListenerFailure } from '../gateway/ports.ts';
import { defined } from '../base/defined.ts';
import { isSamePerson } from '../contract/which-account.ts';
import type { Sinks } from '../fleet/sinks.ts';
import type { Session } from '../session/session.ts';
import type { PromptBoard } from '../prompts/board.ts';
import type { Seal } from '../store/seal.ts';
import type { UpdatesPart } from './updates.ts';

export interface SnapshotParts {
  version: string;
  inForce: InForce;
  seal: Seal;
  /** Of the gateways' certificates. */
  authorityFile: string;
  /** What does not listen, or not everywhere. */
  listenerFailure(connection: string): ListenerFailure | undefined;
  gatewayRestart(): Pick<AppState, 'gatewayRestart'>;
  audit: Pick<Audit, 'state'>;
  sinks: Pick<Sinks, 'state'>;
  session: Pick<Session, 'all' | 'accounts' | 'awaited' | 'state' | 'problem'>;
  /** The account that the person has chosen for what names none. */
  chosenAccount(): Account | undefined;
  providers: Pick<ProviderRegistry, 'state'>;
  secondFactor: Pick<OwnSecondFactor, 'state'>;
  board: Pick<PromptBoard, 'list'>;
  configurationWatch: Pick<ConfigurationWatch, 'state'>;
  organisation: Pick<OrganisationPart, 'state'>;
  updates: Pick<UpdatesPart, 'state'>;
  tokens: Pick<Tokens, 'list'>;
  handles: Pick<Handles, 'list'>;
  logins: Pick<Logins, 'sessions' | 'recent'>;
  connectionTests: TestProgress;
  readiness: Pick<Readiness, 'of'>;
  /** When the screen was locked, in ms since 1970. */
  lockedSince(): number | undefined;
}

/** The state as it is now: the one thing that window, tray and command line show. */
export function takeSnapshot(parts: SnapshotParts): AppState {
  const { session } = parts;
  const { configuration } = parts.inForce;
  const lockedSince = parts.lockedSince();
  const sinks = parts.sinks.state();
  return {
    version: parts.version,
    localTenant: localTenantOf(configuration) !== undefined,
    providers: parts.providers.state().map((one) => ({ ...one, ...providersOrganisation(one.name, parts) })),
    signIn: session.state(),
    accounts: session.accounts().map((account) => accountState(account, parts)),
    ...defined({
      signInProblem: session.problem(),
      awaitedAccounts: someOrNone(session.awaited()),
      chosenAccount: parts.chosenAccount(),
    }),
    connections: configuration.connections.map((connection) => connectionState(connection, parts)),
    ...faultyConnections(parts.inForce),
    ...parts.gatewayRestart(),
    // Those behind handles are nobody's to copy or to revoke: the handle is.
    tokens: parts.tokens
      .list()
      .filter(({ handleId }) => handleId === undefined)
      .map(toTokenState),
    databaseSessions: parts.logins.sessions(),
    loginsSeen: parts.logins.recent.seen(),
    handles: parts.handles.list(),
    prompts: parts.board.list(),
    ...testsUnderWay(parts.connectionTests),
    configurationHash: parts.inForce.hash,
    ...parts.configurationWatch.state(),
    ...organisationSettings(parts.inForce),
    ...parts.organisation.state(),
    policies: policiesOf(parts.inForce),
    updates: parts.updates.state(),
    ...(lockedSince === undefined ? {} : { lockedSince: new Date(lockedSince).toISOString() }),
    seal: sealState(parts.seal),
    audit: parts.audit.state(),
    ...(sinks.length === 0 ? {} : { sinks }),
  };
}

function faultyConnections({ faulty }: InForce): Pick<AppState, 'faultyConnections'> {
  if (faulty.length === 0) return {};
  return { faultyConnections: faulty.map(({ name, problem }) => ({ name, problem })) };
}

function organisationSettings({ layers }: InForce): Pick<AppState, 'organisationSettings'> {
  const { organisation, ignored } = layers;
  if (organisation === undefined) return {};
  return {
    organisationSettings: {
      origin: organisation.label,
      locked: organisation.locked.map(({ path }) => path.join('.')),
      forbid: [...organisation.forbid],
      ignored: ignored.map(ignoredText),
    },
  };
}

function providersOrganisation(
  name: string,
  { inForce: { layers } }: SnapshotParts,
): Pick<ProviderState, 'organisation'> {
  const { organisation } = layers;
  if (organisation?.names('providers').includes(name) !== true) return {};
  return { organisation: { locked: lockedKeys(organisation, 'providers', name) } };
}

function someOrNone<Of>(all: Of[]): Of[] | undefined {
  return all.length === 0 ? undefined : all;
}

/** Origin of the local tenant; undefined in earnest. */
export function localTenantOf({ providers }: Configuration): string | undefined {
  for (const provider of providers) {
    if (provider.type === 'azure-directory' && provider.cloud === 'local')
      return new URL(provider.authority).origin;
  }
  return undefined;
}

function connectionState(
  connection: ConnectionSettings,
  { inForce, session, chosenAccount, listenerFailure, authorityFile, readiness, secondFactor }: SnapshotParts,
): ConnectionState {
  const { configuration } = inForce;
  const { name, title = name, protocol } = connection;
  const able = session.all().flatMap((live) => {
    const ways = permissions(connection, live.groups, configuration.tokens.lifetime);
    return ways.length === 0 ? [] : [{ account: live.account, ways }];
  });
  const chosen = chosenAccount();
  const one =
    able.length === 1
      ? able[0]
      : able.find(({ account }) => chosen !== undefined && isSamePerson(account, chosen));
  const place = placeUnder(connection, one?.ways[0]?.rule, inForce.placeOf(name));
  const commandOf = ({ account: { username }, ways }: (typeof able)[number]): string =>
    clientCommand(protocol, {
      ...placeUnder(connection, ways[0]?.rule, inForce.placeOf(name)),
      username,
      authorityFile,
    });
  const listener = listenerState(listenerFailure(name));
  return {
    name,
    title,
    protocol,
    ...place,
    ...(connection.requireTls ? { requireTls: true } : {}),
    ...clientAuthOf(connection),
    listener,
    grants: able.flatMap((each) =>
      each.ways.map((way, index) => ({
        ...toGrant(way, each.account.objectId),
        ...(index === 0 ? { command: commandOf(each) } : {}),
      })),
    ),
    ...readiness.of(
      connection,
      able.flatMap(({ ways }) => ways),
      able.every(
        ({ account, ways }) =>
          ways.every(({ rule }) => rule.mfa === 'never') || isEnrolled(secondFactor.state(account)),
      ),
      listener,
    ),
    ...(one === undefined ? {} : { command: commandOf(one) }),
  };
}

/** Also where it is not known: nobody is sent to set up what may be there. */
function isEnrolled(state: ReturnType<OwnSecondFactor['state']>): boolean {
  return state === undefined || state.totp.enrolled || state.push.enrolled;
}

function testsUnderWay(tests: TestProgress): Pick<AppState, 'connectionTests'> {
  if (tests.size === 0) return {};
  return { connectionTests: [...tests].map(([id, { step }]) => ({ id, step })) };
}

function listenerState(failure: ListenerFailure | undefined): ConnectionState['listener'] {
  if (failure === undefined) return { kind: 'listening' };
  return { kind: failure.partly === true ? 'listening' : 'failed', problem: failure.problem };
}

function accountState(
  { kind: _kind, ...signedIn }: SignedIn,
  { inForce: { configuration }, secondFactor }: SnapshotParts,
): SignedInAccount {
  const { account, groups } = signedIn;
  const shown = secondFactor.state(account);
  const needed = configuration.connections.some((connection) =>
    permissions(connection, groups, configuration.tokens.lifetime).some(({ rule }) => rule.mfa !== 'never'),
  );
  return {
    ...signedIn,
    ...(shown === undefined ? {} : { secondFactor: { ...shown, needed } }),
  };
}

/** How secrets are kept; while the key cannot be had, the reason says so and what to do. */
function sealState({ kind, reason, late }: Seal): AppState['seal'] {
  const problem = late?.problem();
  if (problem === undefined) return reason === undefined ? { kind } : { kind, reason };
  const canAsk = late?.ask !== undefined;
  return {
    kind,
    reason: `${problem.message} ${problem.remedy ?? ''}`.trim(),
    waiting: true,
    ...(canAsk ? { canAsk } : {}),
  };
}
