import type { AppState, ConnectionState } from '../contract/state.ts';
import { describeHandle } from './handles.ts';
import { clock, plain } from './output.ts';
import { describePrompt } from './prompts.ts';
import { describeSession } from './sessions.ts';

/** The whole state for a terminal. */
export function describeState(state: AppState): string {
  return [
    ...(state.localTenant ? ['Local test tenant: this is not Microsoft.', ''] : []),
    ...describeSignIn(state.signIn),
    '',
    describeConnections(state),
    ...section(
      'Tokens',
      state.tokens,
      ({ id, connection, role, expiresAt, uses }) =>
        `${id}  ${connection} as ${role}, until ${clock(expiresAt)}, used ${uses === 1 ? 'once' : `${uses} times`}`,
    ),
    ...section('Database sessions', state.databaseSessions, describeSession),
    ...section('Handles', state.handles, describeHandle),
    ...section('Waiting for an answer', state.prompts, describePrompt),
    '',
    state.audit.kind === 'writing'
      ? `Audit: ${state.audit.path}`
      : `AUDIT NOT WRITTEN: ${state.audit.problem.message} Logins are refused until it can be.`,
    `Secrets: ${state.seal.kind}${state.seal.reason === undefined ? '' : ` (${state.seal.reason})`}`,
  ].join('\n');
}

function describeSignIn(signIn: AppState['signIn']): string[] {
  switch (signIn.kind) {
    case 'signed-out':
      return signIn.problem === undefined
        ? ['Nobody is signed in. Sign in with: latchkey login']
        : [
            'Nobody is signed in.',
            `  ${signIn.problem.message}`,
            `  ${signIn.problem.remedy ?? ''}`.trimEnd(),
          ];
    case 'working':
      return [`Signing in with ${signIn.provider} …`];
    case 'browser':
      return [`Waiting for the browser, until ${clock(signIn.expiresAt)}`];
    case 'code':
      return [
        `Waiting for the code ${signIn.userCode} at ${signIn.verificationUri}, until ${clock(signIn.expiresAt)}`,
      ];
    case 'signed-in':
      return [
        `Signed in as ${plain(signIn.account.displayName)} <${plain(signIn.account.username)}> until ${clock(signIn.until)}`,
        `Groups (${signIn.groups.length}, read ${clock(signIn.groupsReadAt)}): ${signIn.groups
          .slice(0, 10)
          .map(({ id, name }) => plain(name) || id)
          .join(', ')}${signIn.groups.length > 10 ? ', …' : ''}`,
        ...(signIn.problem === undefined ? [] : [`Last attempt failed: ${signIn.problem.message}`]),
      ];
  }
}

/** One line for each connection: where it is, and as whom the person may use it. */
export function describeConnections({
  connections,
  signIn,
}: Pick<AppState, 'connections' | 'signIn'>): string {
  if (connections.length === 0) return 'No connections are configured.';
  const width = Math.max(...connections.map(({ name }) => name.length));
  return [
    'Connections',
    ...connections.map((connection) => describeConnection(connection, width, signIn.kind === 'signed-in')),
  ].join('\n');
}

function describeConnection(
  { name, host, port, listener, grants }: ConnectionState,
  width: number,
  signedIn: boolean,
): string {
  const roles = grants.map(({ role }) => role).join(', ');
  const access = signedIn ? (roles === '' ? 'no access' : `as ${roles}`) : 'sign in to see your access';
  const place = listener.kind === 'failed' ? `not listening: ${listener.problem.message}` : `${host}:${port}`;
  return `  ${name.padEnd(width)}  ${place}  ${access}`;
}

function section<Item>(title: string, items: Item[], line: (item: Item) => string): string[] {
  return items.length === 0 ? [] : ['', title, ...items.map((item) => `  ${line(item)}`)];
}
