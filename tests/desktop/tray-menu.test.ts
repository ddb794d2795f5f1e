import { describe, expect, test } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import { type TrayItem, trayMenu, trayStatus } from '../../main/desktop/tray-menu.ts';
import { privileged, troubledAccounts, twoAccounts, usual } from '../renderer/account-states.ts';
import * as identity from '../renderer/identity-states.ts';
import * as prompts from '../renderer/prompt-states.ts';
import * as states from '../renderer/states.ts';

const line = (item: TrayItem): string => {
  if (item === 'separator') return '---';
  const inner = item.submenu === undefined ? '' : ` > ${item.submenu.map(line).join(' | ')}`;
  return `${item.command === undefined && inner === '' ? '(text) ' : ''}${item.label}${inner}`;
};
const menu = (state: AppState) => trayMenu(state, states.moment);
const lines = (state: AppState): string[] => menu(state).map(line);
const time = (iso: string): string => new Date(iso).toLocaleTimeString([], { timeStyle: 'short' });

describe('tray menu', () => {
  test('signed out', () => {
    expect(lines(states.signedOut)).toEqual([
      '(text) Not signed in',
      '---',
      'Sign in',
      '---',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
    expect(trayStatus(states.signedOut).icon).toBe('signed-out');
  });

  test('a choice where there are several providers', () => {
    const items = menu(states.twoProviders);
    expect(items).toContainEqual({
      label: 'Sign in with Contoso',
      command: { kind: 'sign-in', provider: 'Contoso' },
    });
    expect(items).toContainEqual({
      label: 'Sign in with Fabrikam (partner)',
      command: { kind: 'sign-in', provider: 'Fabrikam (partner)' },
    });
  });

  test('waiting for the code', () => {
    expect(lines(states.code)).toEqual([
      '(text) Waiting for code CQ7MXRL4T',
      '---',
      'Copy code',
      'Open the sign-in page',
      'Cancel sign-in',
      '---',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
    expect(trayStatus(states.code).icon).toBe('waiting');
    expect(trayStatus(states.restoring)).toEqual({ icon: 'waiting', text: 'Signing in again' });
  });

  test('waiting for the browser', () => {
    expect(lines(identity.browser)).toEqual([
      '(text) Waiting for the sign-in in your browser',
      '---',
      'Cancel sign-in',
      '---',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
    expect(trayStatus(identity.browser).icon).toBe('waiting');
  });

  test('the other way in is offered where a policy has blocked the first', () => {
    expect(menu(identity.blocked)).toContainEqual({
      label: 'Sign in with the browser instead',
      command: { kind: 'sign-in', provider: 'Contoso', way: 'browser' },
    });
    expect(lines(identity.blocked)).toContain('Sign in');
  });

  test('no entry for accounts with a password, nor for providers that are turned off', () => {
    const entries = (providers: AppState['providers']) =>
      lines({ ...states.signedOut, providers }).filter((text) => text.startsWith('Sign in'));
    expect(entries([states.contoso, identity.local])).toEqual(['Sign in']);
    expect(entries([states.contoso, { ...identity.fabrikam, enabled: false }])).toEqual(['Sign in']);
    expect(entries([{ ...identity.fabrikam, enabled: false }, identity.local])).toEqual([]);
    expect(entries([states.contoso, identity.fabrikam])).toEqual([
      'Sign in with Contoso',
      'Sign in with fabrikam',
    ]);
  });

  test('a prompt comes first, and leads to the window', () => {
    expect(trayStatus(identity.twoPrompts)).toEqual({
      icon: 'waiting',
      text: 'Second factor for Sales warehouse',
    });
    expect(menu(identity.twoPrompts).slice(3, 6)).toEqual([
      { label: 'Second factor for Sales warehouse…', command: { kind: 'answer' } },
      { label: 'Second factor for Orders, production…', command: { kind: 'answer' } },
      'separator',
    ]);
    expect(lines(identity.hostilePrompt)).toContain('Second factor for nimda gpj.exe…');
  });

  test('a tool that waits for a sign-in: the code is in the status, and copied from the menu', () => {
    expect(trayStatus(prompts.toolWaitsContacting)).toEqual({
      icon: 'waiting',
      text: 'Sign in to reach Sales warehouse',
    });
    expect(lines(prompts.toolWaits)).toEqual([
      '(text) Sign in to reach Sales warehouse: code CQ7MXRL4T',
      '---',
      'Sign in to reach Sales warehouse…',
      '---',
      'Copy code',
      'Open the sign-in page',
      'Cancel sign-in',
      '---',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
  });

  test('a program that asks for the first time is named as the system names it, and answered in the window', () => {
    expect(trayStatus(prompts.twoPrograms)).toEqual({
      icon: 'waiting',
      text: 'dbeaver asks to use Sales warehouse',
    });
    expect(menu(prompts.twoPrograms).slice(3, 6)).toEqual([
      { label: 'dbeaver asks to use Sales warehouse…', command: { kind: 'answer' } },
      { label: 'An unknown program asks to use Orders, production…', command: { kind: 'answer' } },
      'separator',
    ]);
    const [hostile] = lines(prompts.hostileProgram);
    expect(hostile).not.toMatch(/[\u202a-\u202e\u2066\u2067]/);
  });

  test('signed in: a token for each connection that is open, by role where there are several', () => {
    if (states.signedIn.signIn.kind !== 'signed-in') throw new Error('not signed in');
    const until = time(states.signedIn.signIn.until);
    expect(lines(states.signedIn)).toEqual([
      `(text) Signed in as adele.vance@contoso.example until ${until}`,
      '(text) adele.vance@contoso.example · expires in 8 h',
      '---',
      'Copy token for Sales warehouse',
      'Copy token for Orders, production > orders_reader | orders_owner',
      '---',
      'Lock',
      'Sign out',
      '---',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
    expect(menu(states.signedIn)).toContainEqual({
      label: 'Copy token for Sales warehouse',
      command: { kind: 'copy-token', connection: 'sales', role: 'sales_reader' },
    });
    expect(trayStatus(states.signedIn).icon).toBe('signed-in');
  });

  test('of several accounts each line says whose it is', () => {
    const [adele, admin] = [usual, privileged].map(({ account }) => account.username);
    expect(lines(twoAccounts)).toEqual([
      `(text) Signed in as ${adele} until ${time(usual.until)}; ${admin} until ${time(privileged.until)}`,
      `(text) ${adele} · expires in 8 h`,
      `(text) ${admin} · expires in 50 min`,
      '---',
      `Copy token for Sales warehouse > sales_reader (${adele}) | sales_owner (${admin})`,
      `Copy token for Orders, production > orders_reader (${adele}) | orders_owner (${adele})`,
      expect.stringMatching(/^Copy token for .+/),
      '---',
      'Lock',
      `Sign out > ${adele} | ${admin} | All accounts`,
      '---',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
    expect(JSON.stringify(menu(twoAccounts))).toContain(
      JSON.stringify({
        kind: 'copy-token',
        connection: 'sales',
        role: 'sales_owner',
        as: privileged.account.objectId,
      }),
    );
    const troubled: AppState = { ...troubledAccounts, connections: [] };
    expect(trayStatus(troubled)).toMatchObject({
      icon: 'problem',
      text: expect.stringContaining(`. ${adele}: Your groups could not be read again`) as string,
    });
  });

  test('a prompt is of one of several accounts', () => {
    const [asked] = identity.prompted.prompts;
    const [program] = prompts.newProgram.prompts;
    const [waits] = prompts.toolWaits.prompts;
    if (asked === undefined || program === undefined || waits === undefined) throw new Error('no prompt');
    const { username } = privileged.account;
    const of = [asked, program, waits].map((prompt) => ({ ...prompt, username }));
    expect(lines({ ...twoAccounts, prompts: of }).slice(4, 7)).toEqual([
      `Second factor for Sales warehouse as ${username}…`,
      `dbeaver asks to use Sales warehouse as ${username}…`,
      `Sign in as ${username} to reach Sales warehouse…`,
    ]);
  });

  test('a problem shows in the icon and in the words, and a local tenant is named', () => {
    const { icon, text } = trayStatus(states.troubled);
    expect(icon).toBe('problem');
    expect(text).toContain('The audit cannot be written because the disk is full');
    expect(lines(states.troubled)).toContain('(text) Local test tenant, not Microsoft');
    expect(trayStatus(states.expiredCode)).toEqual({
      icon: 'problem',
      text: 'The code was not entered in time.',
    });
  });

  test('what is live has a menu of its own, and its end', () => {
    expect(lines(states.busy)).toContain(
      `3 live sessions > ${states.busy.databaseSessions
        .map(({ process, connection, since }) => {
          const title = states.busy.connections.find(({ name }) => name === connection)?.title ?? '';
          return `(text) ${process?.program ?? 'An unknown program'} on ${title}, since ${time(since)}`;
        })
        .join(' | ')} | --- | End all…`,
    );
  });

  test('the databases that were used last come first, and the others have a menu of their own', () => {
    const [sample] = states.signedIn.connections;
    if (sample === undefined) throw new Error('no connection');
    const connections = Array.from({ length: 9 }, (_, n) => ({
      ...sample,
      name: `c${n}`,
      title: `Base ${n}`,
    }));
    const [session] = states.busy.databaseSessions;
    const [token] = states.busy.tokens;
    if (session === undefined || token === undefined) throw new Error('nothing is used');
    const copies = lines({
      ...states.signedIn,
      connections,
      tokens: [{ ...token, connection: 'c7', issuedAt: states.at(-2) }],
      databaseSessions: [{ ...session, connection: 'c8', since: states.at(-1) }],
    }).filter((text) => text.startsWith('Copy token'));
    expect(copies).toEqual([
      'Copy token for Base 8',
      'Copy token for Base 7',
      'Copy token for Base 0',
      'Copy token for Base 1',
      'Copy token for Base 2',
      'Copy token for another > Base 3 | Base 4 | Base 5 | Base 6',
    ]);
  });

  test('however much there is, nobody gets more entries than they can look through', () => {
    const [sample] = states.signedIn.connections;
    const [session] = states.busy.databaseSessions;
    const [prompt] = identity.twoPrompts.prompts;
    if (sample === undefined || session === undefined || prompt === undefined) throw new Error('no sample');
    const many = <Of>(count: number, make: (n: number) => Of): Of[] =>
      Array.from({ length: count }, (_, n) => make(n));
    const state: AppState = {
      ...twoAccounts,
      connections: many(300, (n) => ({
        ...sample,
        name: `c${n}`,
        title: `Base ${n}`,
        grants: many(40, (role) => ({
          ...(sample.grants[0] as (typeof sample.grants)[number]),
          role: `r${role}`,
        })),
      })),
      accounts: many(8, () => usual),
      databaseSessions: many(200, (n) => ({ ...session, id: `s${n}` })),
      prompts: many(40, (n) => ({ ...prompt, id: `p${n}` })),
    };
    const longest = (items: TrayItem[]): number =>
      Math.max(
        items.length,
        ...items.map((item) => (item === 'separator' ? 0 : longest(item.submenu ?? []))),
      );
    expect(menu(state).length).toBeLessThanOrEqual(25);
    expect(longest(menu(state))).toBeLessThanOrEqual(25);
    expect(lines(state).join('\n')).toMatch(/36 more to answer…[^]*200 live sessions > [^]*192 more…/);
    const signedOut = {
      ...states.twoProviders,
      providers: many(30, (n) => ({ ...states.contoso, name: `P${n}` })),
    };
    expect(lines(signedOut)).toContain('Sign in with another…');
    expect(menu(signedOut).length).toBeLessThanOrEqual(25);
  });

  test('favourites come first, then what was used last', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({
      ...(states.signedIn.connections[0] ?? ({} as never)),
      name,
      title: name,
    }));
    const state = { ...states.signedIn, connections: many, tokens: [], handles: [] };
    const shown = (changes: Partial<AppState>) =>
      lines({ ...state, ...changes }).flatMap((text) => /^Copy token for (.)$/.exec(text)?.[1] ?? []);
    expect(shown({})).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(shown({ favourites: ['g', 'c', 'gone'], recents: ['f', 'g'] })).toEqual(['g', 'c', 'f', 'a', 'b']);
  });

  test('a locked computer shows in the icon, and can be opened again', () => {
    expect(trayStatus(identity.locked)).toEqual({
      icon: 'locked',
      text: `Locked since ${time(identity.locked.lockedSince ?? '')}: no login is let in`,
    });
    expect(menu(identity.locked)).toContainEqual({
      label: 'Let logins in again',
      command: { kind: 'unlock' },
    });
    expect(lines(identity.locked)).not.toContain('Lock');
  });

  test('names cannot make access keys, lines or another reading order', () => {
    const [connection] = states.signedIn.connections;
    if (connection === undefined) throw new Error('no connection');
    const named = (title: string): AppState => ({
      ...states.signedIn,
      connections: [{ ...connection, title }],
    });
    expect(lines(named('R&D & more'))).toContain('Copy token for R&&D && more');
    expect(lines(named('a\nQuit\u2028b'))).toContain('Copy token for a Quit b');
    expect(lines(named(states.hostileNames.bidi))).toContain('Copy token for nimda gpj.exe');
    expect(lines(named('فريق'))).toContain('Copy token for \u2068فريق\u2069');
    expect(lines(named(states.hostileNames.long))).toContain(`Copy token for ${'a'.repeat(59)}…`);
  });
});
