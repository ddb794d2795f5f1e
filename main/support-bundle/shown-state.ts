import { defined } from '../base/defined.ts';
import type { Check } from '../contract/shapes.ts';
import type { AppState, ConnectionState, ShownProblem, SignedInAccount } from '../contract/state.ts';
import type { ShownState } from '../contract/support-bundle.ts';
import type { Kind, Placeholders } from './placeholders.ts';

type TextFilter = (text: string) => string;
type ToldProblem = NonNullable<ShownState['signInProblem']>;
type Told = (problem: ShownProblem | undefined) => { problem?: ToldProblem };

/** Gives a placeholder to whatever the state names, so that texts are told by them too. */
export function nameAll(state: AppState, placeholders: Placeholders): void {
  const name = (kind: Kind, ...values: (string | undefined)[]): void => {
    for (const value of values) if (value !== undefined) placeholders.of(kind, value);
  };
  for (const { name: provider, tenant, applicationId, domains } of state.providers) {
    name('provider', provider);
    name('id', tenant, applicationId);
    name('domain', ...domains);
  }
  const { awaitedAccounts = [], chosenAccount, joinedOrganisation, organisationSettings } = state;
  const accounts = [...state.accounts.map(({ account }) => account), ...awaitedAccounts];
  for (const account of chosenAccount === undefined ? accounts : [...accounts, chosenAccount]) {
    name('user', account.username, account.displayName);
    name('id', account.objectId, account.tenantId);
  }
  for (const { groups } of state.accounts) for (const { id, name: title } of groups) name('group', id, title);
  for (const { name: connection, title, database, grants } of state.connections) {
    name('connection', connection, title);
    name('database', database);
    for (const { role, group } of grants) {
      name('role', role);
      name('group', group.id, group.name);
    }
  }
  const { tokens, handles, databaseSessions, prompts } = state;
  for (const { username, role } of [...tokens, ...handles, ...databaseSessions, ...prompts]) {
    name('user', username);
    name('role', role);
  }
  for (const { database } of [...databaseSessions, ...prompts]) name('database', database);
  for (const { tool } of handles) name('tool', tool);
  for (const prompt of prompts) if ('tool' in prompt) name('tool', prompt.tool);
  for (const { id } of [...tokens, ...handles, ...databaseSessions, ...prompts]) name('id', id);
  for (const { name: sink } of state.sinks ?? []) name('sink', sink);
  name('organisation', joinedOrganisation?.name, joinedOrganisation?.url, joinedOrganisation?.fingerprint);
  name('organisation', organisationSettings?.origin);
  name('file', state.audit.path);
}

export function shownState(state: AppState, { of }: Placeholders, filter: TextFilter): ShownState {
  const told: Told = (problem) => defined({ problem: problem && toldProblem(problem, filter) });
  const { seal, audit, organisationSettings, joinedOrganisation, configurationChange, sinks = [] } = state;
  return {
    localTenant: state.localTenant,
    signIn: state.signIn.kind,
    accounts: state.accounts.map((one) => shownAccount(one, of, told)),
    ...defined({ signInProblem: told(state.signInProblem).problem }),
    providers: state.providers.map(({ name, type, enabled, ways, hasSecret, secretEnd }) => ({
      name: of('provider', name),
      type,
      enabled,
      ways,
      hasSecret,
      ...defined({ secretEnd: secretEnd?.at }),
    })),
    connections: state.connections.map((one) => shownConnection(one, of, told)),
    databaseSessions: state.databaseSessions.length,
    tokens: state.tokens.length,
    handles: state.handles.length,
    prompts: state.prompts.length,
    sinks: sinks.map(({ name, type, required, behind, failing }) => ({
      name: of('sink', name),
      type,
      required,
      ...defined({ behind }),
      ...told(failing?.problem),
    })),
    seal: {
      kind: seal.kind,
      waiting: seal.waiting === true,
      ...defined({ reason: seal.reason && filter(seal.reason) }),
    },
    audit: { kind: audit.kind, ...told(audit.kind === 'failed' ? audit.problem : undefined) },
    needsRestart: (state.needsRestart ?? []).map(filter),
    ...defined({
      lockedSince: state.lockedSince,
      changedConfiguration: configurationChange && told(configurationChange.problem),
      organisation: organisationSettings && {
        locked: organisationSettings.locked.length,
        forbid: organisationSettings.forbid,
        ignored: organisationSettings.ignored.length,
      },
      joinedOrganisation: joinedOrganisation && {
        counts: joinedOrganisation.counts,
        serial: joinedOrganisation.serial,
        ...told(joinedOrganisation.problem),
      },
    }),
  };
}

function toldProblem({ code, message, remedy, entra }: ShownProblem, filter: TextFilter): ToldProblem {
  return {
    code,
    message: filter(message),
    ...defined({ remedy: remedy && filter(remedy), aadsts: entra?.aadsts }),
  };
}

export function shownCheck({ name, result, message, remedy, aadsts }: Check, filter: TextFilter): Check {
  return {
    name: filter(name),
    result,
    message: filter(message),
    ...defined({ remedy: remedy && filter(remedy), aadsts }),
  };
}

function shownAccount(
  one: SignedInAccount,
  of: Placeholders['of'],
  told: Told,
): ShownState['accounts'][number] {
  const { account, groups, groupsReadAt, since, until, secondFactor, problem } = one;
  return {
    account: of('user', account.username),
    provider: of('provider', account.provider),
    groups: groups.length,
    groupsReadAt,
    since,
    until,
    ...defined({
      secondFactor: secondFactor && {
        totp: secondFactor.totp.enrolled,
        push: secondFactor.push.enrolled,
        needed: secondFactor.needed,
      },
    }),
    ...told(problem),
  };
}

function shownConnection(
  { name, protocol, port, listener, grants, ready, lacks, lookedAt }: ConnectionState,
  of: Placeholders['of'],
  told: Told,
): ShownState['connections'][number] {
  return {
    name: of('connection', name),
    protocol,
    port,
    listener: listener.kind,
    ...told(listener.kind === 'starting' ? undefined : listener.problem),
    grants: grants.length,
    ready,
    lacks: lacks.map((lack) => ({
      kind: lack.kind,
      ...told('problem' in lack ? lack.problem : undefined),
    })),
    ...defined({ lookedAt }),
  };
}
