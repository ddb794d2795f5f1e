import { secretEndRemedy, secretEndText } from '../contract/secret-end.ts';
import type { ApiState } from '../contract/api-state.ts';
import { assertNever } from '../contract/errors.ts';
import type { ConnectionState, Lack, ProviderState, SinkState } from '../contract/state.ts';
import { describeHandle } from './handles.ts';
import { clock, plain, result } from './output.ts';
import { describePrompt } from './prompts.ts';
import { describeSession } from './sessions.ts';
import type { Tools } from './tools.ts';
import type { ShownAccount } from './whose.ts';

/** `status` and `connections`: the state as a whole, and the databases. */
export function registerStatus({ program, output, withClient }: Tools): void {
  program
    .command('status')
    .description('who is signed in, connections, tokens, live database sessions')
    .option('--seen', 'show a restart of the gateways for the last time')
    .action(
      withClient(async (client, { seen }: { seen?: true }) => {
        const { state } = await client.state();
        if (seen === true) await client.call('dismissGatewayRestart', {});
        result(output, 'status', state, describeState(state));
      }),
    );

  program
    .command('connections')
    .description('the databases and your access to each')
    .option('--retry', 'first try ports again that were taken')
    .option('--look', 'first look whether the servers can be reached, without any credential')
    .action(
      withClient(async (client, { retry, look }: { retry?: true; look?: true }) => {
        if (retry === true) await client.call('retryListeners', {});
        if (look === true) await client.call('lookAtConnections', {});
        const { state } = await client.state();
        result(output, 'connections', state, describeConnections(state));
      }),
    );
}

/** The whole state for a terminal. */
function describeState(state: ApiState): string {
  return [
    ...(state.localTenant ? ['Local test tenant: this is not Microsoft.', ''] : []),
    ...describeSignIn(state),
    ...state.providers.flatMap(describeSecretEnd),
    '',
    describeConnections(state),
    ...section(
      'Tokens',
      state.tokens,
      ({ id, connection, username, role, expiresAt, uses }) =>
        `${id}  ${connection} as ${role} for ${plain(username)}, until ${clock(expiresAt)}, used ${uses === 1 ? 'once' : `${uses} times`}`,
    ),
    ...(state.lockedSince === undefined
      ? []
      : ['', `LOCKED since ${clock(state.lockedSince)}: no login is let in. Run: latchkey unlock`]),
    ...describeGatewayRestart(state),
    ...describeConfiguration(state),
    ...section('Database sessions', state.databaseSessions, describeSession),
    ...section('Saved passwords', state.handles, describeHandle),
    ...section('Waiting for an answer', state.prompts, describePrompt),
    '',
    state.audit.kind === 'writing'
      ? `Audit: ${state.audit.path}`
      : `AUDIT NOT WRITTEN: ${state.audit.problem.message} Logins are refused until it can be.`,
    ...(state.sinks ?? []).map(describeSink),
    `Secrets: ${state.seal.kind}${state.seal.reason === undefined ? '' : ` (${state.seal.reason})`}`,
  ].join('\n');
}

function describeGatewayRestart({ gatewayRestart: restart }: ApiState): string[] {
  if (restart === undefined) return [];
  const { at, sessions } = restart;
  const ended =
    sessions === 0
      ? ''
      : sessions === 1
        ? ' 1 database session ended.'
        : ` ${sessions} database sessions ended.`;
  return [
    '',
    `The gateways were restarted after an error at ${clock(at)}.${ended} The log says why. Seen: latchkey status --seen`,
  ];
}

function describeSink({ name, type, behind = 0, failing }: SinkState): string {
  const where = `Audit to ${name} (${type})`;
  const waiting = behind === 1 ? '1 record waits' : `${behind} records wait`;
  if (failing === undefined) return `${where}: ${behind === 0 ? 'has all records' : waiting}`;
  const { since, problem, refusesFrom } = failing;
  const then = refusesFrom === undefined ? '' : ` LOGINS ARE REFUSED from ${clock(refusesFrom)} on.`;
  return `${where}: TAKES NOTHING since ${clock(since)}, ${waiting}. ${plain(problem.message)}${then}`;
}

function describeConfiguration(state: ApiState): string[] {
  const { configurationChange, needsRestart = [], organisationSettings } = state;
  const { changes = [], problem } = configurationChange ?? {};
  return [
    ...describeOrganisation(state.joinedOrganisation),
    ...(configurationChange === undefined
      ? []
      : problem === undefined
        ? [
            '',
            `The configuration file has changed: ${plain(changes.join('; '))}`,
            '  Apply it with: latchkey config reload',
          ]
        : ['', `THE CONFIGURATION FILE CANNOT COUNT AS IT IS: ${plain(problem.message)}`]),
    ...(organisationSettings === undefined
      ? []
      : ['', `Settings of your organisation count: ${plain(organisationSettings.origin)}`]),
    ...(organisationSettings?.ignored ?? []).map((line) => `  ${plain(line)}`),
    ...(needsRestart.length === 0 ? [] : ['', `Counts from the next start: ${needsRestart.join(', ')}`]),
  ];
}

function describeOrganisation(joined: ApiState['joinedOrganisation']): string[] {
  if (joined === undefined) return [];
  const { name, serial, issuedAt, problem, counts } = joined;
  return [
    '',
    plain(`Organisation: ${name}, serial number ${serial}, issued ${clock(issuedAt)}`),
    ...(counts ? [] : ['  It does not count: this computer has settings of its own.']),
    ...(problem === undefined ? [] : [`  ${plain(problem.message)}`, `  ${problem.remedy ?? ''}`]),
  ];
}

function describeSecretEnd({ name, secretEnd }: ProviderState): string[] {
  if (secretEnd === undefined) return [];
  const { text, isDue } = secretEndText(secretEnd, Date.now());
  return isDue ? [`Provider ${plain(name)}: ${text} ${secretEndRemedy(secretEnd, name)}`] : [];
}

function describeSignIn(state: ApiState): string[] {
  const { signIn, accounts, signInProblem } = state;
  const waiting = describeWaiting(signIn);
  const awaited = describeAwaited(state);
  if (accounts.length === 0 && signIn.kind === 'signed-out')
    return signIn.problem === undefined
      ? ['Nobody is signed in. Sign in with: latchkey login', ...awaited]
      : [
          'Nobody is signed in.',
          `  ${plain(signIn.problem.message)}`,
          `  ${signIn.problem.remedy ?? ''}`.trimEnd(),
          ...awaited,
        ];
  return [
    ...waiting,
    ...awaited,
    ...accounts.flatMap((one) => describeAccount(one, state)),
    ...(signInProblem === undefined ? [] : [`Not signed in: ${plain(signInProblem.message)}`]),
  ];
}

function describeAwaited({ awaitedAccounts = [] }: ApiState): string[] {
  return awaitedAccounts.map(
    ({ username, provider }) =>
      `Comes back by itself when its directory can be reached: ${plain(username)} (${plain(provider)})`,
  );
}

function describeWaiting(signIn: ApiState['signIn']): string[] {
  switch (signIn.kind) {
    case 'working':
      return [`Signing in with ${signIn.provider} …`];
    case 'browser':
      return [`Waiting for the browser, until ${clock(signIn.expiresAt)}`];
    case 'code':
      return [
        `Waiting for the code ${signIn.userCode} at ${signIn.verificationUri}, until ${clock(signIn.expiresAt)}`,
      ];
    default:
      return [];
  }
}

function describeAccount(
  { account, groups, groupsReadAt, until, problem }: ShownAccount,
  { accounts, chosenAccount }: ApiState,
): string[] {
  const mark = chosenAccount?.objectId === account.objectId ? ', chosen' : '';
  const which = accounts.length === 1 ? '' : ` (${plain(account.provider)}${mark})`;
  return [
    `Signed in as ${plain(account.displayName)} <${plain(account.username)}>${which} until ${clock(until)}`,
    `Groups (${groups.length}, read ${clock(groupsReadAt)}): ${groups
      .slice(0, 10)
      .map(({ id, name }) => plain(name) || id)
      .join(', ')}${groups.length > 10 ? ', …' : ''}`,
    ...(problem === undefined ? [] : [`Last attempt failed: ${problem.message}`]),
  ];
}

/** One line for each connection: where it is, and as whom the person may use it. */
function describeConnections({
  connections,
  faultyConnections = [],
  accounts,
}: Pick<ApiState, 'connections' | 'faultyConnections' | 'accounts'>): string {
  if (connections.length + faultyConnections.length === 0) return 'No connections are configured.';
  const width = Math.max(...[...connections, ...faultyConnections].map(({ name }) => name.length));
  return [
    'Connections',
    ...connections.map((connection) => describeConnection(connection, width, accounts)),
    ...faultyConnections.map((connection) => describeFaulty(connection, width)),
  ].join('\n');
}

function describeFaulty(
  { name, problem: { message, remedy = '' } }: NonNullable<ApiState['faultyConnections']>[number],
  width: number,
): string {
  return `  ${plain(name).padEnd(width)}  LEFT OUT\n    ${plain(message)}\n    ${plain(remedy)}`;
}

function describeConnection(
  { name, host, port, listener, grants, ...known }: ConnectionState,
  width: number,
  accounts: readonly ShownAccount[],
): string {
  const access = accounts.length === 0 ? 'sign in to see your access' : describeGrants(grants, accounts);
  const place = listener.kind === 'failed' ? `not listening: ${listener.problem.message}` : `${host}:${port}`;
  const warning =
    listener.kind === 'listening' && listener.problem !== undefined ? `  (${listener.problem.message})` : '';
  const line = `  ${name.padEnd(width)}  ${place}  ${access}${warning}`;
  return grants.length === 0
    ? line
    : [`${line}${readyText(known)}`, ...known.lacks.map(describeLack)].join('\n');
}

function readyText({
  ready,
  lacks,
  lookedAt,
}: Pick<ConnectionState, 'ready' | 'lacks' | 'lookedAt'>): string {
  if (ready) return '  ready';
  if (lacks.length > 0) return '  not ready:';
  return lookedAt === undefined ? '  not looked at yet (--look)' : '';
}

/** What is lacking and what to do about it, under the line of its connection. */
function describeLack(lack: Lack): string {
  const [what, todo] = lackTexts(lack);
  return `    ${plain(what)}${todo === undefined ? '' : ` ${plain(todo)}`}`;
}

function lackTexts(lack: Lack): [string, string | undefined] {
  switch (lack.kind) {
    case 'password':
      return [
        `The password of "${lack.role}" is not stored.`,
        `Store it with: latchkey secret set ${lack.storedAs}`,
      ];
    case 'client-key':
      return [
        'The key of the client certificate is not stored.',
        `Store it with: latchkey secret set ${lack.storedAs} < key.pem`,
      ];
    case 'second-factor':
      return ['A rule asks for a second factor, and you have none.', 'Set one up with: latchkey mfa enrol'];
    case 'login':
    case 'credential':
    case 'server':
      return [lack.problem.message, lack.problem.remedy];
    default:
      return assertNever(lack);
  }
}

/** With several accounts it says whose each role is. */
function describeGrants(grants: ConnectionState['grants'], accounts: readonly ShownAccount[]): string {
  const ways = accounts.flatMap(({ account: { objectId, username } }) => {
    const roles = grants.filter((grant) => grant.objectId === objectId).map(({ role }) => role);
    if (roles.length === 0) return [];
    return `as ${roles.join(', ')}${accounts.length === 1 ? '' : ` (${plain(username)})`}`;
  });
  return ways.join('; ') || 'no access';
}

function section<Item>(title: string, items: Item[], line: (item: Item) => string): string[] {
  return items.length === 0 ? [] : ['', title, ...items.map((item) => `  ${line(item)}`)];
}
