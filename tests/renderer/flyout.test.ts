import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { shortlistOf } from '../../renderer/screens/flyout-list.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import * as accounts from './account-states.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, press, type Screen } from './each-screen.ts';
import type { Handlers } from './fake-bridge.ts';
import * as prompts from './prompt-states.ts';
import * as states from './states.ts';
import { announced, eventually, expectVisibleFocus, focusedName, goTo, kept, tabTo } from './walk.ts';

const page = 'flyout';
const used: AppState = { ...states.busy, favourites: ['orders'], recents: ['sales', 'orders'] };
const locked: AppState = { ...states.signedIn, lockedSince: states.at(-2) };
const copies: Handlers = {
  copyToken: ({ role = '' }) => ({ id: 't9', role, expiresAt: states.at(15), clearsAt: states.at(1) }),
};

const screens: Screen[] = [
  {
    name: 'flyout-used',
    page,
    state: used,
    shows: [
      'adele.vance@contoso.example until 16:24',
      'Favourites',
      'Orders, production',
      'orders_owner',
      'Used last',
      'Sales warehouse',
      'Copy token',
      'dbeaver on Sales warehouse, since 09:07',
      'End all',
      'Lock',
      'Open Latchkey',
    ],
  },
  {
    name: 'flyout-accounts',
    page,
    state: accounts.troubledAccounts,
    shows: ['adm-adele@contoso.example until', 'payroll_owner', 'Your groups could not be read again'],
  },
  {
    name: 'flyout-waiting',
    page,
    state: { ...states.signedIn, prompts: prompts.twoPrograms.prompts },
    shows: ['2 questions wait for your answer', 'Answer'],
  },
  { name: 'flyout-signed-out', page, state: states.signedOut, shows: ['Not signed in', 'Sign in'] },
  { name: 'flyout-code', page, state: states.code, shows: ['A sign-in is under way', 'Go on in Latchkey'] },
  {
    name: 'flyout-no-access',
    page,
    state: states.noAccess,
    shows: ['None of your groups opens a connection.'],
  },
  {
    name: 'flyout-locked',
    page,
    state: locked,
    shows: ['No login is let in since the screen was locked (09:10)', 'Let logins in again'],
  },
  {
    name: 'flyout-copied',
    page,
    state: states.signedIn,
    answers: copies,
    async open(shown) {
      await press(shown, /^Copy token.*sales_reader/);
      // The word on the button passes, and with it its name is that of the button again.
      await shown.getByText('Paste it as the password').first().waitFor();
      await shown.getByText('Copied', { exact: true }).first().waitFor({ state: 'hidden' });
    },
    shows: ['Paste it as the password before 09:27.'],
  },
  { name: 'flyout-hostile', page, state: states.hostile, shows: [states.hostileNames.html] },
];

describe('the connections beside the tray icon', () => {
  const [sales] = states.signedIn.connections;
  if (sales === undefined) throw new Error('no connection');
  const connections = Array.from({ length: 12 }, (_, index) => ({ ...sales, name: `c${index}` }));
  const names = (changes: Partial<AppState>) => {
    const { favourites, recents, others } = shortlistOf({ connections, ...changes });
    return [favourites, recents, others].map((list) => list.map(({ name }) => name).join(' '));
  };

  test('are favourites in their order, those that were used last, and as many others as fill it', () => {
    expect(names({})).toEqual(['', '', 'c0 c1 c2 c3 c4']);
    expect(names({ favourites: ['c7', 'c2'] })).toEqual(['c7 c2', '', 'c0 c1 c3']);
    expect(names({ favourites: ['c7'], recents: ['c3', 'c7', 'c9', 'c1', 'c0'] })).toEqual([
      'c7',
      'c3 c9 c1',
      'c0',
    ]);
    const all = connections.map(({ name }) => name);
    expect(names({ favourites: all, recents: all })).toEqual(['c0 c1 c2 c3 c4 c5 c6 c7', 'c8 c9 c10', '']);
  });

  test('are none that are gone or not open to the person', () => {
    const closed = connections.map((each) => (each.name === 'c1' ? { ...each, grants: [] } : each));
    expect(
      names({ connections: closed.slice(0, 3), favourites: ['c1', 'gone', 'c2'], recents: ['c1'] }),
    ).toEqual(['c2', '', 'c0']);
  });
});

describeWith([parts.pageEngine], 'the window beside the tray icon', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);
  const show = async (state: AppState, answers?: Handlers) => {
    const shown = await renderer.show(state, { viewport: { width: 380, height: 560 } }, answers, 'flyout');
    const asked = () => shown.bridge.calls.filter(({ action }) => action !== 'getState');
    return { ...shown, asked };
  };
  const isGone = (shown: Page) => shown.evaluate(() => document.documentElement.matches('[data-closed]'));

  test('copies a token for a role by keyboard alone, says so, and never holds it', async () => {
    const { page: shown, asked } = await show(used, copies);
    expect(await focusedName(shown)).toBe('Latchkey');
    await tabTo(shown, /^Copy token.*orders_owner/);
    await expectVisibleFocus(shown);
    await shown.keyboard.press('Enter');
    await eventually(() => announced(shown)).toBe(
      'Token for Orders, production copied. Paste it as the password.',
    );
    expect(asked()).toEqual([
      { action: 'copyToken', request: { connection: 'orders', role: 'orders_owner' } },
    ]);
    await shown.getByText('Paste it as the password before 09:27.').waitFor();
    expect(await kept(shown)).not.toContain('lk_');
  });

  test('says whose token it is where several are signed in', async () => {
    const { page: shown, asked } = await show(accounts.twoAccounts, copies);
    await press(shown, /^Copy token.*payroll_owner/);
    await eventually(asked).toEqual([
      {
        action: 'copyToken',
        request: { connection: 'payroll', role: 'payroll_owner', as: accounts.privileged.account.objectId },
      },
    ]);
  });

  test('a token that cannot be had is told with what to do', async () => {
    const { page: shown } = await show(states.signedIn, {
      copyToken() {
        throw new LatchkeyError('command-failed', 'The token could not be put on the clipboard.', {
          remedy: 'It has been revoked. Try again.',
        });
      },
    });
    await press(shown, /^Copy token.*sales_reader/);
    await shown.getByRole('alert').getByText('It has been revoked. Try again.').waitFor();
  });

  test('ends all live sessions after one question, with their number; Escape takes back the question alone', async () => {
    const { page: shown, bridge, asked } = await show(used);
    await tabTo(shown, /^End all$/);
    await shown.keyboard.press('Enter');
    await shown.getByRole('dialog').getByText('3 database sessions end at once.').waitFor();
    await shown.keyboard.press('Escape');
    await shown.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await isGone(shown)).toBe(false);
    expect(asked()).toEqual([]);
    bridge.answer({
      async cutSessions() {
        await bridge.push({ ...used, databaseSessions: [] });
        return { cut: 3 };
      },
    });
    await press(shown, 'End all');
    await shown.getByRole('dialog').getByRole('button', { name: 'End all' }).click();
    await shown.getByText('Nobody is connected.').waitFor();
    expect(asked()).toEqual([{ action: 'cutSessions', request: { all: true } }]);
    await eventually(() => announced(shown)).toBe('All sessions ended');
    expect(await focusedName(shown)).toBe('Live sessions ');
  });

  test('locks at once where no session ends with it, and else asks once; lets logins in again', async () => {
    const { page: shown, bridge, asked } = await show(used);
    await press(shown, 'Lock');
    await eventually(asked).toEqual([{ action: 'lock', request: {} }]);
    await bridge.push({ ...used, policies: { onLock: { value: 'cut', origin: 'person' }, holds: [] } });
    await press(shown, 'Lock');
    await shown.getByRole('dialog').getByText('3 database sessions end at once.').waitFor();
    expect(asked()).toHaveLength(1);
    await shown.getByRole('dialog').getByRole('button', { name: 'Lock' }).click();
    await shown.getByRole('dialog').waitFor({ state: 'detached' });
    expect(asked()).toHaveLength(2);
    await bridge.push(locked);
    await press(shown, 'Let logins in again');
    await eventually(() => asked().at(-1)).toEqual({ action: 'unlockAtScreen', request: {} });
  });

  test('leads to the question that waits, and to the main window', async () => {
    const {
      page: shown,
      bridge,
      asked,
    } = await show({ ...states.signedIn, prompts: prompts.twoPrograms.prompts });
    await press(shown, 'Answer');
    await press(shown, 'Open Latchkey');
    await bridge.push(states.signedOut);
    await press(shown, 'Sign in');
    await eventually(asked).toEqual([
      { action: 'openWindow', request: { page: 'prompts' } },
      { action: 'openWindow', request: { page: 'main' } },
      { action: 'openWindow', request: { page: 'main' } },
    ]);
  });

  test('closes on Escape, and begins anew when it comes up again', async () => {
    const { page: shown } = await show(states.signedIn, copies);
    await press(shown, /^Copy token.*sales_reader/);
    await shown.getByText('Paste it as the password').first().waitFor();
    await shown.keyboard.press('Escape');
    expect(await isGone(shown)).toBe(true);
    await shown.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await eventually(() => focusedName(shown)).toBe('Latchkey');
    expect(await shown.getByText('Paste it as the password').count()).toBe(0);
  });

  test('the settings have the click at the icon open it, or the main window', async () => {
    const { page: main, bridge } = await renderer.show(states.signedIn);
    await goTo(main, 'Settings');
    const choice = main.getByLabel('A click at the tray icon opens');
    expect(await choice.inputValue()).toBe('flyout');
    await choice.selectOption('Latchkey');
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'setPreferences',
      request: { trayClick: 'main' },
    });
    await eventually(() => choice.inputValue()).toBe('main');
  });

  test('nobody sees English first where it speaks German', async () => {
    const { page: shown } = await show({ ...states.signedIn, language: 'de' });
    expect(await shown.locator('html').getAttribute('lang')).toBe('de');
    expect(await shown.getByRole('button', { name: 'Latchkey öffnen' }).count()).toBe(1);
  });

  describe(eachScreen, () => checkScreens(screens, ['flyout-used', 'flyout-waiting']));
});
