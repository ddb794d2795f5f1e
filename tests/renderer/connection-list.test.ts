import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { RecentLogin } from '../../main/contract/recent-login.ts';
import type { AppState, ConnectionState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { twoAccounts } from './account-states.ts';
import { startRenderer } from './browser.ts';
import * as connections from './connection-states.ts';
import type { FakeBridge } from './fake-bridge.ts';
import { withFactors } from './identity-states.ts';
import * as states from './states.ts';
import { callCounter } from './work.ts';
import {
  arriveAt,
  announced,
  eventually,
  expectVisibleFocus,
  focusedName,
  goTo,
  openConnection,
  tabTo,
} from './walk.ts';

const group = (page: Page, name: string) => page.getByRole('rowgroup', { name }).getByRole('row');
const asked = (bridge: FakeBridge, action: string) =>
  bridge.calls.filter((call) => call.action === action).map(({ request }) => request);

const narrow = { viewport: { width: 880, height: 720 } };
const [first] = states.signedIn.connections;
if (first === undefined) throw new Error('no connection');
const pattern: ConnectionState = first;

/** Sixty connections and a person in three hundred groups. */
const crowd: AppState = {
  ...states.signedIn,
  connections: Array.from({ length: 60 }, (_, index) => ({
    ...pattern,
    name: `c${index}`,
    title: `Warehouse ${index}`,
    port: 7000 + index,
  })),
  accounts: states.signedIn.accounts.map((account) => ({
    ...account,
    groups: Array.from({ length: 300 }, (_, index) => ({ id: `g${index}`, name: `Group ${index}` })),
  })),
};

describeWith([parts.pageEngine], 'the list of connections', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('is one stop for Tab; arrow keys choose, reach each control of a row, and Enter and Escape go there and back', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      copyToken: () => ({ id: 't9', role: 'x', expiresAt: states.at(5), clearsAt: states.at(1) }),
    });
    const title = page.locator('h2');
    expect(await title.innerText()).toBe('Sales warehouse');
    await tabTo(page, /^PgSales warehouse/);
    await expectVisibleFocus(page);
    await page.keyboard.press('ArrowDown');
    expect(await focusedName(page)).toContain('Orders, production');
    expect(await title.innerText()).toBe('Orders, production');
    expect(
      await page.getByRole('row', { selected: true }).filter({ hasText: 'Orders, production' }).count(),
    ).toBe(1);
    await page.keyboard.press('End');
    expect(await title.innerText()).toBe('Payroll');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    expect(await focusedName(page)).toBe('Copy a token for Orders, production');
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe(
      'Token for Orders, production copied. Paste it as the password.',
    );
    expect(bridge.calls.at(-1)).toEqual({
      action: 'copyToken',
      request: { connection: 'orders', role: 'orders_reader' },
    });
    await page.keyboard.press('ArrowRight');
    expect(await focusedName(page)).toBe('More for Orders, production');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Orders, production');
    expect(await title.evaluate((element) => element === document.activeElement)).toBe(true);
    await tabTo(page, /^Copy token for Orders, production, role orders_owner$/);
    await page.keyboard.press('Escape');
    await eventually(() => focusedName(page)).toContain('MySQL/MariaDB 127.0.0.1:6433');
  });

  test('what else a row offers is behind its dots, by keyboard, and the focus comes back', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      copyCommand: () => undefined,
      testConnection: () => connections.tested,
      connectTools: () => [],
      readConnections: () => connections.written,
      listSecrets: () => connections.passwords,
    });
    await tabTo(page, /^PgSales warehouse/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Connect a tool');
    await page.keyboard.press('Escape');
    await eventually(() => focusedName(page)).toBe('More for Sales warehouse');
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Connect a tool');
    // Closed and opened within one turn, which the browser tells as one event.
    await page.getByRole('button', { name: 'More for Sales warehouse' }).evaluate((button) => {
      document.querySelector<HTMLElement>('[popover]:popover-open')?.hidePopover();
      (button as HTMLElement).click();
    });
    await eventually(() => focusedName(page)).toBe('Connect a tool');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'copyCommand',
      request: { connection: 'sales' },
    });

    const choose = async (title: string, entry: string) => {
      await page.getByRole('button', { name: `More for ${title}` }).click();
      await page.getByRole('menuitem', { name: entry }).click();
    };
    await choose('Orders, production', 'Test');
    await page.getByRole('list', { name: 'Findings for Orders, production' }).waitFor();
    expect(await page.locator('h2').innerText()).toBe('Orders, production');
    await choose('Sales warehouse', 'Connect a tool');
    await page.getByRole('dialog', { name: 'Connect a tool to Sales warehouse' }).waitFor();
    await page.keyboard.press('Escape');
    await choose('Sales warehouse', 'Edit');
    await page.getByRole('form', { name: 'Settings of sales' }).waitFor();
  });

  test('the search has Ctrl+F, finds by each word of a row, and leads on into the list', async () => {
    const { page } = await renderer.show(states.signedIn);
    await page.keyboard.press('Control+f');
    expect(await focusedName(page)).toBe('Search connections');
    const rows = page.getByRole('row');
    await page.keyboard.type('mysql ORDERS_reader');
    await page.getByText('1 found').waitFor();
    expect(await rows.count()).toBe(1);
    await page.keyboard.press('ArrowDown');
    expect(await focusedName(page)).toContain('Orders, production');
    await page.keyboard.press('Control+f');
    await page.keyboard.type('6434');
    await eventually(() => rows.allInnerTexts()).toEqual([expect.stringContaining('Payroll')]);
    await page.getByRole('searchbox', { name: 'Search connections' }).fill('nothing like that');
    await page.getByText('Nothing found').waitFor();
    // What was chosen stays in sight.
    expect(await page.locator('h2').innerText()).toBe('Orders, production');
    await page.keyboard.press('Escape');
    await eventually(() => rows.count()).toBe(3);
  });

  test('Ctrl and a digit open the connection at that place', async () => {
    const { page } = await renderer.show(states.signedIn);
    await page.keyboard.press('Control+2');
    await eventually(() => focusedName(page)).toBe('Orders, production');
    await page.keyboard.press('Control+3');
    await eventually(() => focusedName(page)).toBe('Payroll');
    await page.keyboard.press('Control+9');
    expect(await focusedName(page)).toBe('Payroll');
  });

  test('Ctrl+F and digits lead to the list from every screen, or to the search that the screen has', async () => {
    const { page } = await renderer.show(withFactors);
    for (const [place, label] of [
      ['Activity', 'Search'],
      ['Audit', 'Search'],
    ] as const) {
      await goTo(page, place);
      await page.getByRole('heading', { name: place, level: 1 }).waitFor();
      await page.keyboard.press('Control+f');
      await eventually(() => focusedName(page)).toBe(label);
      expect(await page.getByRole('heading', { name: place, level: 1 }).count()).toBe(1);
    }
    for (const title of ['Tools', 'Connections', 'Security', 'Providers', 'Doctor', 'Settings', 'About']) {
      await goTo(page, title);
      await page.getByRole('heading', { name: title, level: 1 }).waitFor();
      await page.keyboard.press('Control+f');
      await eventually(() => focusedName(page)).toBe('Search connections');
      await goTo(page, title);
      await page.getByRole('heading', { name: title, level: 1 }).waitFor();
      await page.keyboard.press('Control+2');
      await eventually(() => focusedName(page)).toBe('Orders, production');
    }
    // Who comes back by the navigation is where each screen begins.
    await goTo(page, 'Activity');
    await page.keyboard.press('Control+9');
    await arriveAt(page, 'Activity');
    await goTo(page, 'Access');
    await eventually(() => focusedName(page)).toBe('Your connections');
  });

  test('Ctrl+F leads back to the list where the detail covers it', async () => {
    const { page } = await renderer.show(states.signedIn, narrow);
    await openConnection(page, 'Orders, production');
    await eventually(() => focusedName(page)).toBe('Orders, production');
    await page.keyboard.press('Control+f');
    await eventually(() => focusedName(page)).toBe('Search connections');
  });

  test('the detail tells who was refused at its connection, in the words that the client got', async () => {
    const refused = (id: number): RecentLogin => ({
      id,
      at: states.at(-3),
      connection: 'sales',
      database: 'sales',
      program: 'DBeaver',
      outcome: 'refused',
      problem: { code: 'token-expired', message: `Token ${id} has expired.`, remedy: 'Copy a new one.' },
    });
    const opened: RecentLogin = {
      id: 1,
      at: states.at(-3),
      connection: 'sales',
      database: 'sales',
      program: 'psql',
      outcome: 'opened',
    };
    const { page, bridge } = await renderer.show({ ...states.signedIn, loginsSeen: 1 });
    const list = page.getByRole('list', { name: 'Refused logins, the newest first' });
    await eventually(() => asked(bridge, 'readLogins')).toEqual([{ connection: 'sales' }]);
    expect(await list.count()).toBe(0);
    bridge.answer({ readLogins: () => ({ logins: [refused(2), opened] }) });
    await bridge.push({ ...states.signedIn, loginsSeen: 2 });
    await eventually(() => list.locator('li').allInnerTexts()).toEqual([
      expect.stringMatching(/Token 2 has expired\.\s+Copy a new one\./),
    ]);
    bridge.answer({ readLogins: () => ({ logins: [9, 8, 7, 6, 5, 4].map(refused) }) });
    await bridge.push({ ...states.signedIn, loginsSeen: 9 });
    await eventually(() => list.locator('li').count()).toBe(5);
    await page.getByText('Activity has 1 more.').waitFor();
  });

  test('with several accounts there is a group of each, and a token is of the account of its row', async () => {
    const { page, bridge } = await renderer.show(twoAccounts);
    bridge.answer({
      copyToken: () => ({ id: 't9', role: 'x', expiresAt: states.at(5), clearsAt: states.at(1) }),
    });
    expect(await group(page, 'adele.vance@contoso.example').count()).toBe(2);
    const own = group(page, 'adm-adele@contoso.example');
    expect(await own.allInnerTexts()).toEqual([
      expect.stringContaining('sales_owner'),
      expect.stringContaining('payroll_owner'),
    ]);
    await own.first().getByRole('button', { name: 'Copy a token for Sales warehouse' }).click();
    const [, privileged] = twoAccounts.accounts;
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'copyToken',
      request: { connection: 'sales', role: 'sales_owner', as: privileged?.account.objectId },
    });
    // The detail of a row begins with the roles of its account.
    await own.first().getByRole('button').first().click();
    await eventually(() =>
      page.getByRole('list', { name: 'Roles' }).getByRole('button').first().getAttribute('aria-label'),
    ).toBe('Copy token for Sales warehouse, role sales_owner, as adm-adele@contoso.example');
  });

  test('favourites come first, kept by main; what was used last comes after them in a long list', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await page.getByRole('button', { name: 'More for Orders, production' }).click();
    await page.getByRole('menuitem', { name: 'Add to favourites' }).click();
    await eventually(() => asked(bridge, 'setPreferences')).toEqual([{ favourites: ['orders'] }]);
    await eventually(() => announced(page)).toBe('Added to favourites');
    await bridge.push({ ...states.signedIn, favourites: ['orders'], recents: ['sales'] });
    await eventually(() => group(page, 'Favourites').count()).toBe(1);
    expect(await group(page, 'Others').allInnerTexts()).toEqual([expect.stringContaining('Sales')]);
    // In a short list nothing moves for having been used.
    expect(await group(page, 'Used last').count()).toBe(0);
    await openConnection(page, 'Orders, production');
    const star = page.getByRole('button', { name: 'Favourite: Orders, production' });
    expect(await star.getAttribute('aria-pressed')).toBe('true');
    await star.click();
    await eventually(() => asked(bridge, 'setPreferences').at(-1)).toEqual({ favourites: [] });

    await bridge.push({ ...crowd, favourites: ['c7', 'gone'], recents: ['c9', 'c7', 'c3', 'c4', 'c5'] });
    await eventually(() => group(page, 'Favourites').allInnerTexts()).toEqual([
      expect.stringContaining('Warehouse 7'),
    ]);
    expect(await group(page, 'Used last').allInnerTexts()).toEqual([
      expect.stringContaining('Warehouse 9'),
      expect.stringContaining('Warehouse 3'),
      expect.stringContaining('Warehouse 4'),
    ]);
    expect(await page.getByRole('row').count()).toBe(60);
  });

  test('Ctrl+K finds connections, tools and actions, from any screen and by keyboard alone', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      connectTools: () => [{ id: 'dbeaver', title: 'DBeaver', installed: true }],
      connectSettings: () => {
        throw new LatchkeyError('request-invalid', 'Not now.');
      },
      copyToken() {
        throw new LatchkeyError('upstream-unreachable', 'The database does not answer.');
      },
    });
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    const palette = page.getByRole('dialog', { name: 'Go to' });
    const active = palette.getByRole('option', { selected: true });
    await page.keyboard.press('Control+k');
    await eventually(() => focusedName(page)).toBe('Connections, tools and actions');
    await page.keyboard.type('6433');
    await eventually(() => active.innerText()).toContain('Orders, production');
    await page.keyboard.press('Enter');
    await palette.waitFor({ state: 'detached' });
    await eventually(() => focusedName(page)).toBe('Orders, production');

    await page.keyboard.press('Control+k');
    await page.keyboard.type('token orders_');
    await page.keyboard.press('ArrowDown');
    await eventually(() => active.innerText()).toContain('Copy token: Orders, production, orders_owner');
    await page.keyboard.press('Enter');
    await palette.getByRole('alert').filter({ hasText: 'The database does not answer.' }).waitFor();
    bridge.answer({
      copyToken: () => ({ id: 't9', role: 'x', expiresAt: states.at(5), clearsAt: states.at(1) }),
    });
    await page.keyboard.press('Enter');
    await palette.waitFor({ state: 'detached' });
    expect(asked(bridge, 'copyToken').at(-1)).toEqual({ connection: 'orders', role: 'orders_owner' });
    await eventually(() => announced(page)).toContain('Token for Orders, production copied.');

    await page.keyboard.press('Control+k');
    await page.keyboard.type('dbea');
    await eventually(() => active.innerText()).toContain('Connect DBeaver to Orders, production');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Connect a tool to Orders, production' }).waitFor();
    await eventually(async () => asked(bridge, 'connectSettings').at(-1)).toEqual({
      connection: 'orders',
      tool: 'dbeaver',
    });
    // Where a dialog has the keys, the palette stays away.
    await page.keyboard.press('Control+k');
    expect(await palette.count()).toBe(0);
    await page.keyboard.press('Escape');

    await page.keyboard.press('Control+k');
    await page.keyboard.type('open doc');
    await page.keyboard.press('Enter');
    await arriveAt(page, 'Doctor');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('nothing like that');
    await palette.getByText('Nothing found').waitFor();
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'detached' });
  });

  test('the detail has the sessions of its connection alone, and ends these', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    const detail = page.getByRole('region', { name: 'Sales warehouse' });
    await detail.getByText('process 5120').waitFor();
    expect(await detail.getByText('orders_owner').count()).toBe(0);
    await detail.getByRole('button', { name: 'End all' }).click();
    await page.getByRole('dialog').getByText('2 database sessions end at once.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'End all' }).click();
    await eventually(() => asked(bridge, 'cutSessions')).toEqual([{ id: 's1' }, { id: 's2' }]);
    await openConnection(page, 'Payroll');
    expect(await page.getByRole('button', { name: 'End all' }).count()).toBe(0);
  });

  test('why: the verdict and what counts first, ids and the rest behind details', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      explain: ({ subject }) => ({
        username: subject.slice(0, subject.lastIndexOf('@')),
        connection: 'payroll',
        allowed: false,
        roles: [],
        reasons: [
          { step: 'chain', effect: 'info', text: 'Contoso: mine, by its domain' },
          { step: 'session', effect: 'allows', text: 'signed in until 16:24' },
          { step: 'rule', effect: 'info', text: 'rule 1: not in the group b2d8e0f3' },
          { step: 'verdict', effect: 'denies', text: 'None of the groups opens this connection.' },
        ],
      }),
    });
    await openConnection(page, 'Payroll');
    const why = page.getByRole('button', { name: 'Why? Payroll' });
    await why.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('None of the groups opens this connection.').waitFor();
    expect(asked(bridge, 'explain')).toEqual([{ subject: 'adele.vance@contoso.example@payroll' }]);
    expect(await dialog.getByText('b2d8e0f3').isVisible()).toBe(false);
    await dialog.getByText('Details').click();
    expect(await dialog.getByText('b2d8e0f3').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('Why? Payroll');
  });

  test('below 900 px there is one pane, with a way back; from there on both', async () => {
    const { page } = await renderer.show(states.signedIn, narrow);
    const detail = page.locator('h2');
    expect(await detail.isVisible()).toBe(false);
    await openConnection(page, 'Orders, production');
    await eventually(() => focusedName(page)).toBe('Orders, production');
    expect(await page.getByRole('grid').isVisible()).toBe(false);
    await page.getByRole('button', { name: 'All connections' }).click();
    await eventually(() => focusedName(page)).toContain('Orders, production');
    expect(await detail.isVisible()).toBe(false);
    await page.setViewportSize({ width: 900, height: 720 });
    expect(await detail.isVisible()).toBe(true);
    expect(await page.getByRole('grid').isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: 'All connections' }).isVisible()).toBe(false);
  });

  test('one button on the screen is filled, and rows are 44 to 52 px high', async () => {
    for (const state of [states.busy, twoAccounts]) {
      const { page } = await renderer.show(state);
      await openConnection(page, 'Sales warehouse');
      const filled = await page.locator('button:visible').evaluateAll((buttons) => {
        const probe = document.createElement('i');
        probe.style.color = 'var(--accent)';
        document.body.append(probe);
        const { color } = getComputedStyle(probe);
        probe.remove();
        return buttons
          .filter((button) => getComputedStyle(button).backgroundColor === color)
          .map(({ textContent }) => textContent);
      });
      expect(filled).toEqual([expect.stringContaining('Copy token')]);
      for (const row of await page.getByRole('row').all()) {
        const height = (await row.boundingBox())?.height ?? 0;
        expect(height).toBeGreaterThanOrEqual(44);
        expect(height).toBeLessThanOrEqual(52);
      }
      await page.context().close();
    }
  });

  test('with 60 connections and 300 groups a letter, an arrow key and a snapshot cost little', async () => {
    const { page, bridge } = await renderer.show(crowd);
    await eventually(() => page.getByRole('row').count()).toBe(60);
    const calls = await callCounter(page);
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await calls();
    await page.getByRole('navigation').getByRole('button', { name: 'Access' }).click();
    await eventually(() => page.getByRole('row').count()).toBe(60);
    const toOpen = await calls();

    await bridge.push(crowd);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    await calls();
    for (let turn = 0; turn < 10; turn += 1) await bridge.push(crowd);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    // The rows are not drawn again for what changes nothing in them.
    expect(await calls()).toBeLessThan(10 * toOpen * 0.5);

    await tabTo(page, /^PgWarehouse 0/);
    await calls();
    await page.keyboard.press('ArrowDown');
    await eventually(() => page.locator('h2').innerText()).toBe('Warehouse 1');
    expect(await calls()).toBeLessThan(toOpen);
    await page.getByRole('searchbox', { name: 'Search connections' }).fill('warehouse 42');
    await page.getByText('1 found').waitFor();
    await calls();
    await page.getByRole('searchbox', { name: 'Search connections' }).pressSequentially('0');
    await page.getByText('Nothing found').waitFor();
    expect(await calls()).toBeLessThan(toOpen);
  });
});
