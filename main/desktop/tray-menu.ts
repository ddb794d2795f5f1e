import type { SignInWay } from '../contract/clouds.ts';
import { assertNever } from '../contract/errors.ts';
import type { AppState, Prompt } from '../contract/state.ts';
import { connectionTitle, menuLabel, plainName, plainSentence, programName, timeOfDay } from './labels.ts';
import { type DesktopTexts, textsOf } from './texts/texts.ts';

export type TrayIcon = 'signed-out' | 'waiting' | 'signed-in' | 'locked' | 'problem';

export type TrayCommand =
  | { kind: 'open' }
  | { kind: 'answer' }
  | { kind: 'sign-in'; provider?: string; way?: SignInWay }
  | { kind: 'copy-code' }
  | { kind: 'open-page' }
  | { kind: 'cancel-sign-in' }
  | { kind: 'copy-token'; connection: string; role: string; as?: string }
  /** Of this account, or of all. */
  | { kind: 'sign-out'; as?: string }
  | { kind: 'end-sessions' }
  | { kind: 'lock' }
  | { kind: 'unlock' }
  | { kind: 'quit' };

/** A menu as data: an entry without a command only tells something. */
export type TrayItem = 'separator' | { label: string; command?: TrayCommand; submenu?: TrayItem[] };

/** What the icon says at a glance, and the sentence for the tooltip and the menu's first line. */
export function trayStatus(state: AppState): { icon: TrayIcon; text: string } {
  const { signIn, prompts, lockedSince } = state;
  const t = textsOf(state);
  const [prompt] = prompts;
  if (lockedSince !== undefined && signIn.kind === 'signed-in')
    return { icon: 'locked', text: t.lockedSince(timeOfDay(lockedSince)) };
  if (prompt !== undefined) {
    const wanted = promptLine(state, prompt);
    const code = prompt.kind === 'sign-in' && signIn.kind === 'code' ? t.code(signIn.userCode) : '';
    return { icon: 'waiting', text: `${wanted}${code}` };
  }
  switch (signIn.kind) {
    case 'signed-out':
      return signIn.problem === undefined
        ? { icon: 'signed-out', text: t.notSignedIn }
        : { icon: 'problem', text: plainSentence(t.problem(signIn.problem)) };
    case 'working':
      return { icon: 'waiting', text: signIn.step === 'restoring' ? t.signingInAgain : t.signingIn };
    case 'code':
      return { icon: 'waiting', text: t.waitingForCode(signIn.userCode) };
    case 'browser':
      return { icon: 'waiting', text: t.waitingForBrowser };
    case 'signed-in': {
      const accounts = state.accounts.map(({ account, until }) =>
        t.until(plainName(account.username), timeOfDay(until)),
      );
      const text = t.signedInAs(accounts.join('; '));
      const trouble = firstTrouble(state);
      return trouble === undefined
        ? { icon: 'signed-in', text }
        : { icon: 'problem', text: `${text}. ${trouble}` };
    }
    default:
      return assertNever(signIn);
  }
}

/** More than these are in the window: a menu is for the few that are used. */
const most = { accounts: 3, prompts: 4, providers: 4, tokens: 5, otherTokens: 20, roles: 8, sessions: 8 };

/**
 * The menu for this state: the most used of what the window says and does, and never more entries than a person looks through.
 * @param now in ms since 1970
 */
export function trayMenu(state: AppState, now: number): TrayItem[] {
  const t = textsOf(state);
  const status: TrayItem[] = [
    { label: menuLabel(trayStatus(state).text) },
    ...state.accounts.slice(0, most.accounts).map(({ account, until }) => ({
      label: menuLabel(`${plainName(account.username)} · ${expiresIn(t, until, now)}`),
    })),
  ];
  if (state.localTenant) status.push({ label: t.localTenant });
  return [
    ...status,
    'separator',
    ...promptItems(state),
    ...signInItems(state),
    ...tokenItems(state),
    ...sessionItems(state),
    ...endItems(state),
    { label: t.open, command: { kind: 'open' } },
    { label: t.quit, command: { kind: 'quit' } },
  ];
}

/** In steps that are coarse enough for a menu that must not change while somebody reads it. */
function expiresIn(t: DesktopTexts, until: string, now: number): string {
  const minutes = Math.ceil((Date.parse(until) - now) / 60_000);
  if (minutes <= 0) return t.expired;
  if (minutes <= 60) return t.expiresInMinutes(Math.ceil(minutes / 5) * 5);
  return t.expiresInHours(Math.ceil(minutes / 60));
}

function firstTrouble(state: AppState): string | undefined {
  const t = textsOf(state);
  if (state.audit.kind === 'failed') return t.problem(state.audit.problem);
  for (const { listener } of state.connections)
    if (listener.kind !== 'starting' && listener.problem !== undefined) return t.problem(listener.problem);
  for (const { name } of state.faultyConnections ?? []) return t.leftOut(plainName(name));
  const several = state.accounts.length > 1;
  for (const { account, problem } of state.accounts)
    if (problem !== undefined)
      return several ? `${plainName(account.username)}: ${t.problem(problem)}` : t.problem(problem);
  const { signInProblem } = state;
  return signInProblem && plainSentence(t.problem(signInProblem));
}

/** They are answered in their window, where a prompt says all that it is about. */
function promptItems(state: AppState): TrayItem[] {
  const items = state.prompts.slice(0, most.prompts).map((prompt): TrayItem => ({
    label: `${menuLabel(promptLine(state, prompt))}…`,
    command: { kind: 'answer' },
  }));
  const more = state.prompts.length - items.length;
  if (more > 0) items.push({ label: textsOf(state).moreToAnswer(more), command: { kind: 'answer' } });
  return items.length === 0 ? [] : [...items, 'separator'];
}

function promptLine(state: AppState, prompt: Prompt): string {
  const t = textsOf(state);
  const title = connectionTitle(state, prompt.connection);
  const whose = state.accounts.length < 2 ? '' : t.as(plainName(prompt.username));
  switch (prompt.kind) {
    case 'second-factor':
      return t.secondFactorFor(title, whose);
    case 'sign-in':
      return t.signInToReach(title, whose);
    case 'client':
      return t.asksToUse(programName(prompt.process, t), title, whose);
    default:
      return assertNever(prompt);
  }
}

function signInItems(state: AppState): TrayItem[] {
  const { signIn, providers } = state;
  const t = textsOf(state);
  switch (signIn.kind) {
    case 'signed-out': {
      // Break-glass accounts need a password, which the window asks for.
      const usable = providers.filter(({ enabled, type }) => enabled && type === 'azure-directory');
      const other = signIn.otherWay;
      const items: TrayItem[] =
        other === undefined ? [] : [{ label: t.instead[other.way], command: { kind: 'sign-in', ...other } }];
      if (usable.length === 1) items.push({ label: t.signIn, command: { kind: 'sign-in' } });
      else {
        for (const { name } of usable.slice(0, most.providers)) {
          items.push({
            label: t.signInWith(menuLabel(plainName(name))),
            command: { kind: 'sign-in', provider: name },
          });
        }
        if (usable.length > most.providers)
          items.push({ label: t.signInWithAnother, command: { kind: 'open' } });
      }
      return items.length === 0 ? [] : [...items, 'separator'];
    }
    case 'working':
    case 'browser':
      return [{ label: t.cancelSignIn, command: { kind: 'cancel-sign-in' } }, 'separator'];
    case 'code':
      return [
        { label: t.copyCode, command: { kind: 'copy-code' } },
        { label: t.openPage, command: { kind: 'open-page' } },
        { label: t.cancelSignIn, command: { kind: 'cancel-sign-in' } },
        'separator',
      ];
    case 'signed-in':
      return [];
    default:
      return assertNever(signIn);
  }
}

/** What is live, in a menu of its own, with its end. */
function sessionItems(state: AppState): TrayItem[] {
  const { databaseSessions: live } = state;
  const t = textsOf(state);
  if (live.length === 0) return [];
  const each = live.slice(-most.sessions).map((session): TrayItem => ({
    label: menuLabel(
      t.session(
        programName(session.process, t),
        connectionTitle(state, session.connection),
        timeOfDay(session.since),
      ),
    ),
  }));
  const more = live.length - each.length;
  return [
    {
      label: t.liveSessions(live.length),
      submenu: [
        ...each,
        ...(more > 0 ? [{ label: t.moreSessions(more), command: { kind: 'open' as const } }] : []),
        'separator',
        { label: t.endAllSessions, command: { kind: 'end-sessions' } },
      ],
    },
    'separator',
  ];
}

function endItems(state: AppState): TrayItem[] {
  const { signIn, accounts, lockedSince } = state;
  const t = textsOf(state);
  if (signIn.kind !== 'signed-in') return [];
  const lock: TrayItem =
    lockedSince === undefined
      ? { label: t.lock, command: { kind: 'lock' } }
      : { label: t.letLoginsIn, command: { kind: 'unlock' } };
  return [lock, ...signOutItems(accounts, t), 'separator'];
}

/** Each account can be signed out by itself. */
function signOutItems(accounts: AppState['accounts'], t: DesktopTexts): TrayItem[] {
  if (accounts.length < 2) return [{ label: t.signOut, command: { kind: 'sign-out' } }];
  const each = accounts.map(({ account: { username, objectId } }): TrayItem => ({
    label: menuLabel(plainName(username)),
    command: { kind: 'sign-out', as: objectId },
  }));
  return [{ label: t.signOut, submenu: [...each, { label: t.allAccounts, command: { kind: 'sign-out' } }] }];
}

/** Favourites, then those that were used last: they are what the next token is for, most likely. */
function mostWanted(state: AppState): AppState['connections'] {
  const { connections, tokens, handles, databaseSessions, favourites = [], recents = [] } = state;
  const named = [...favourites, ...recents];
  const rank = new Map(named.toReversed().map((name, index) => [name, index + 1]));
  const uses = [
    ...tokens.map(({ connection, issuedAt }) => ({ connection, at: issuedAt })),
    ...handles.map(({ connection, lastUsedAt = '' }) => ({ connection, at: lastUsedAt })),
    ...databaseSessions.map(({ connection, since }) => ({ connection, at: since })),
  ];
  const last = new Map<string, string>();
  for (const { connection, at } of uses) if (at > (last.get(connection) ?? '')) last.set(connection, at);
  return connections.toSorted(
    (a, b) =>
      (rank.get(b.name) ?? 0) - (rank.get(a.name) ?? 0) ||
      (last.get(b.name) ?? '').localeCompare(last.get(a.name) ?? ''),
  );
}

function tokenItems(state: AppState): TrayItem[] {
  const { accounts } = state;
  const t = textsOf(state);
  /** Of several accounts each role says whose it is. */
  const whose = (objectId: string): string => {
    const found = accounts.find(({ account }) => account.objectId === objectId);
    return accounts.length < 2 || found === undefined ? '' : ` (${plainName(found.account.username)})`;
  };
  const tokenItem = ({ name, grants }: AppState['connections'][number], label: string): TrayItem => {
    const commands = grants.map(({ role, objectId }) => ({
      label: menuLabel(plainName(role) + whose(objectId)),
      command: {
        kind: 'copy-token',
        connection: name,
        role,
        ...(accounts.length < 2 ? {} : { as: objectId }),
      } as const,
    }));
    const [first] = commands;
    if (commands.length === 1 && first !== undefined) return { ...first, label };
    const shown: TrayItem[] = commands.slice(0, most.roles);
    if (commands.length > shown.length) shown.push({ label: t.more, command: { kind: 'open' } });
    return { label, submenu: shown };
  };
  const usable = mostWanted(state).filter(({ grants }) => grants.length > 0);
  const shown = usable.slice(0, most.tokens);
  const others = usable.slice(most.tokens, most.tokens + most.otherTokens);
  const items = shown.map((one) => tokenItem(one, t.copyTokenFor(menuLabel(plainName(one.title)))));
  if (others.length > 0) {
    const submenu = others
      .toSorted((a, b) => a.title.localeCompare(b.title))
      .map((one) => tokenItem(one, menuLabel(plainName(one.title))));
    if (usable.length > shown.length + others.length)
      submenu.push({ label: t.allDatabases, command: { kind: 'open' } });
    items.push({ label: t.copyTokenForAnother, submenu });
  }
  return items.length === 0 ? [] : [...items, 'separator'];
}
