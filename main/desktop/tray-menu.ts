import type { SignInWay } from '../contract/clouds.ts';
import { assertNever } from '../contract/errors.ts';
import type { AppState, Prompt } from '../contract/state.ts';
import { connectionTitle, menuLabel, plainName, plainSentence, programName, timeOfDay } from './labels.ts';

export type TrayIcon = 'signed-out' | 'waiting' | 'signed-in' | 'problem';

export type TrayCommand =
  | { kind: 'open' }
  | { kind: 'sign-in'; provider?: string; way?: SignInWay }
  | { kind: 'copy-code' }
  | { kind: 'open-page' }
  | { kind: 'cancel-sign-in' }
  | { kind: 'copy-token'; connection: string; role: string; as?: string }
  /** Of this account, or of all. */
  | { kind: 'sign-out'; as?: string }
  | { kind: 'quit' };

/** A menu as data: an entry without a command only tells something. */
export type TrayItem = 'separator' | { label: string; command?: TrayCommand; submenu?: TrayItem[] };

/** What the icon says at a glance, and the sentence for the tooltip and the menu's first line. */
export function trayStatus(state: AppState): { icon: TrayIcon; text: string } {
  const { signIn, prompts } = state;
  const [prompt] = prompts;
  if (prompt !== undefined) {
    const wanted = promptLine(state, prompt);
    const code = prompt.kind === 'sign-in' && signIn.kind === 'code' ? `: code ${signIn.userCode}` : '';
    return { icon: 'waiting', text: `${wanted}${code}` };
  }
  switch (signIn.kind) {
    case 'signed-out':
      return signIn.problem === undefined
        ? { icon: 'signed-out', text: 'Not signed in' }
        : { icon: 'problem', text: plainSentence(signIn.problem.message) };
    case 'working':
      return { icon: 'waiting', text: signIn.step === 'restoring' ? 'Signing in again' : 'Signing in' };
    case 'code':
      return { icon: 'waiting', text: `Waiting for code ${signIn.userCode}` };
    case 'browser':
      return { icon: 'waiting', text: 'Waiting for the sign-in in your browser' };
    case 'signed-in': {
      const accounts = state.accounts.map(
        ({ account, until }) => `${plainName(account.username)} until ${timeOfDay(until)}`,
      );
      const text = `Signed in as ${accounts.join('; ')}`;
      const trouble = firstTrouble(state);
      return trouble === undefined
        ? { icon: 'signed-in', text }
        : { icon: 'problem', text: `${text}. ${trouble}` };
    }
    default:
      return assertNever(signIn);
  }
}

/** The menu for this state. It says and does the same as the window, so that either is enough. */
export function trayMenu(state: AppState): TrayItem[] {
  const status: TrayItem[] = [{ label: menuLabel(trayStatus(state).text) }];
  if (state.localTenant) status.push({ label: 'Local test tenant, not Microsoft' });
  return [
    ...status,
    'separator',
    ...promptItems(state),
    ...signInItems(state),
    ...tokenItems(state),
    { label: 'Open Latchkey', command: { kind: 'open' } },
    { label: 'Quit Latchkey', command: { kind: 'quit' } },
  ];
}

const wayLabels: Record<SignInWay, string> = {
  'device-code': 'Sign in with a code instead',
  browser: 'Sign in with the browser instead',
};

function firstTrouble(state: AppState): string | undefined {
  if (state.audit.kind === 'failed') return state.audit.problem.message;
  for (const { listener } of state.connections)
    if (listener.kind !== 'starting' && listener.problem !== undefined) return listener.problem.message;
  const several = state.accounts.length > 1;
  for (const { account, problem } of state.accounts)
    if (problem !== undefined)
      return several ? `${plainName(account.username)}: ${problem.message}` : problem.message;
  const { signInProblem } = state;
  return signInProblem && plainSentence(signInProblem.message);
}

/** They are answered in the window, where a prompt says all that it is about. */
function promptItems(state: AppState): TrayItem[] {
  const items = state.prompts.map((prompt): TrayItem => ({
    label: `${menuLabel(promptLine(state, prompt))}…`,
    command: { kind: 'open' },
  }));
  return items.length === 0 ? [] : [...items, 'separator'];
}

function promptLine(state: AppState, prompt: Prompt): string {
  const title = connectionTitle(state, prompt.connection);
  const whose = state.accounts.length < 2 ? '' : ` as ${plainName(prompt.username)}`;
  switch (prompt.kind) {
    case 'second-factor':
      return `Second factor for ${title}${whose}`;
    case 'sign-in':
      return `Sign in${whose} to reach ${title}`;
    case 'client':
      return `${programName(prompt.process)} asks to use ${title}${whose}`;
    default:
      return assertNever(prompt);
  }
}

function signInItems({ signIn, providers, accounts }: AppState): TrayItem[] {
  switch (signIn.kind) {
    case 'signed-out': {
      // Break-glass accounts need a password, which the window asks for.
      const usable = providers.filter(({ enabled, type }) => enabled && type === 'azure-directory');
      const other = signIn.otherWay;
      const items: TrayItem[] =
        other === undefined ? [] : [{ label: wayLabels[other.way], command: { kind: 'sign-in', ...other } }];
      if (usable.length === 1) items.push({ label: 'Sign in', command: { kind: 'sign-in' } });
      else {
        for (const { name } of usable) {
          items.push({
            label: `Sign in with ${menuLabel(plainName(name))}`,
            command: { kind: 'sign-in', provider: name },
          });
        }
      }
      return items.length === 0 ? [] : [...items, 'separator'];
    }
    case 'working':
    case 'browser':
      return [{ label: 'Cancel sign-in', command: { kind: 'cancel-sign-in' } }, 'separator'];
    case 'code':
      return [
        { label: 'Copy code', command: { kind: 'copy-code' } },
        { label: 'Open the sign-in page', command: { kind: 'open-page' } },
        { label: 'Cancel sign-in', command: { kind: 'cancel-sign-in' } },
        'separator',
      ];
    case 'signed-in':
      return [...signOutItems(accounts), 'separator'];
    default:
      return assertNever(signIn);
  }
}

/** Each account can be signed out by itself. */
function signOutItems(accounts: AppState['accounts']): TrayItem[] {
  if (accounts.length < 2) return [{ label: 'Sign out', command: { kind: 'sign-out' } }];
  const each = accounts.map(({ account: { username, objectId } }): TrayItem => ({
    label: menuLabel(plainName(username)),
    command: { kind: 'sign-out', as: objectId },
  }));
  return [
    { label: 'Sign out', submenu: [...each, { label: 'All accounts', command: { kind: 'sign-out' } }] },
  ];
}

function tokenItems({ connections, accounts }: AppState): TrayItem[] {
  /** Of several accounts each role says whose it is. */
  const whose = (objectId: string): string => {
    const found = accounts.find(({ account }) => account.objectId === objectId);
    return accounts.length < 2 || found === undefined ? '' : ` (${plainName(found.account.username)})`;
  };
  const items = connections.flatMap(({ name, title, grants }): TrayItem[] => {
    const label = `Copy token for ${menuLabel(plainName(title))}`;
    const commands = grants.map(({ role, objectId }) => ({
      label: menuLabel(plainName(role) + whose(objectId)),
      command: {
        kind: 'copy-token',
        connection: name,
        role,
        ...(accounts.length < 2 ? {} : { as: objectId }),
      } as const,
    }));
    const [first, ...others] = commands;
    if (first === undefined) return [];
    return others.length === 0 ? [{ label, command: first.command }] : [{ label, submenu: commands }];
  });
  return items.length === 0 ? [] : [...items, 'separator'];
}
