import { expect, test, vi } from 'vitest';
import { linkScreens } from '../../main/contract/link.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, type Screen } from './each-screen.ts';
import * as prompts from './prompt-states.ts';
import { busy, signedIn } from './states.ts';
import { eventually, focusedName, openAccounts } from './walk.ts';

const screens: Screen[] = [
  {
    name: 'link-unknown',
    state: { ...signedIn, link: { kind: 'unknown' } },
    shows: ['This link leads nowhere', 'Latchkey has no screen for it.', 'Close'],
  },
  {
    name: 'sign-out-question',
    state: busy,
    shows: ['Sign out?', '3 database sessions end at once.', 'Queries that run stop.'],
    async open(page) {
      await openAccounts(page);
      await page.getByRole('button', { name: 'Sign out' }).click();
    },
  },
];

describeWith([parts.pageEngine], 'links that were opened, and what ends sessions', () => {
  vi.setConfig({ testTimeout: 120_000 });
  const renderer = useAll(startRenderer);

  test('each screen that a link can name is shown, and the link is over', async () => {
    const { page, bridge } = await renderer.show(signedIn);
    const places: Record<string, string> = { access: 'Access', organisation: 'Settings' };
    for (const screen of linkScreens) {
      await bridge.push({ ...signedIn, link: { kind: 'screen', screen } });
      const name = places[screen] ?? screen.charAt(0).toUpperCase() + screen.slice(1);
      const current = page.locator('nav button[aria-current=page]');
      await eventually(() => current.innerText()).toBe(name);
      await bridge.push(signedIn);
    }
    const others = bridge.calls.filter(({ action }) => !/^(?:get|read|list|lookAt|dismissLink)/.test(action));
    expect(others.map(({ action }) => action)).toEqual([]);
    expect(bridge.calls.filter(({ action }) => action === 'dismissLink')).toHaveLength(linkScreens.length);
  });

  test('a connection is chosen in the list; one that there is not is told by its name', async () => {
    const { page, bridge } = await renderer.show(signedIn);
    await bridge.push({ ...signedIn, link: { kind: 'screen', screen: 'about' } });
    await bridge.push({ ...signedIn, link: { kind: 'connection', name: 'orders' } });
    await eventually(() => focusedName(page)).toContain('Orders, production');
    await bridge.push({ ...signedIn, link: { kind: 'connection', name: 'nowhere' } });
    const dialog = page.getByRole('dialog', { name: 'This link leads nowhere' });
    await dialog.getByText('There is no connection with the name nowhere here.').waitFor();
    await page.keyboard.press('Escape');
    await eventually(() => bridge.calls.filter(({ action }) => action === 'dismissLink').length).toBe(3);
    expect(bridge.calls.map(({ action }) => action)).not.toContain('copyToken');
  });

  test('a link that is opened while a login waits answers nothing', async () => {
    const { page, bridge } = await renderer.show(prompts.newProgram);
    await bridge.push({ ...prompts.newProgram, link: { kind: 'connection', name: 'sales' } });
    await eventually(() => bridge.calls.map(({ action }) => action)).toContain('dismissLink');
    await page.getByRole('dialog', { name: 'May dbeaver use Sales warehouse?' }).waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('allowClient');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('denyPrompt');
  });

  test('a sign-out that ends database sessions asks once, from the menu and from the palette', async () => {
    const { page, bridge } = await renderer.show(busy);
    await openAccounts(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    const dialog = page.getByRole('dialog', { name: 'Sign out?' });
    await dialog.getByText('3 database sessions end at once.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('signOut');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('Sign out');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Sign out' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'signOut', request: {} });
  });

  checkScreens(screens, []);
});
