import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import type { RecentLogin } from '../../main/contract/recent-login.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, place } from './each-screen.ts';
import type { FakeBridge } from './fake-bridge.ts';
import * as identity from './identity-states.ts';
import * as prompts from './prompt-states.ts';
import * as states from './states.ts';
import { eventually, goTo } from './walk.ts';

const refused: RecentLogin = {
  id: 2,
  at: states.at(-3),
  connection: 'sales',
  database: 'sales',
  program: 'DBeaver 25.3 - Main',
  process: states.dbeaver,
  outcome: 'refused',
  problem: {
    code: 'token-expired',
    message: 'This token expired at 2026-03-10T09:00:00.000Z.',
    remedy: 'Copy a new token for "sales" from the Latchkey window, or run: latchkey token sales',
  },
};
const opened: RecentLogin = {
  id: 1,
  at: states.at(-20),
  connection: 'orders',
  database: 'orders',
  program: 'psql',
  process: states.psql,
  username: 'adele.vance@contoso.example',
  role: 'orders_reader',
  outcome: 'opened',
};

const open = async (page: Page, bridge: FakeBridge): Promise<void> => {
  bridge.answer({ readLogins: () => ({ logins: [refused, opened] }) });
  await place('Activity')(page);
};

describeWith([parts.pageEngine], `activity, ${eachScreen}`, () =>
  checkScreens(
    [
      {
        name: 'activity-recent',
        state: states.busy,
        shows: [
          'was refused at Sales warehouse',
          'This token expired at',
          'Copy a new token for "sales"',
          'logged in to Orders, production',
          '3 min ago',
        ],
        open,
      },
      {
        name: 'activity-grouped',
        state: states.busy,
        shows: ['Group by', 'Unknown program'],
        async open(page, bridge) {
          await open(page, bridge);
          await page.getByLabel('Group by').selectOption('Program');
        },
      },
    ],
    [],
  ),
);

describeWith([parts.pageEngine], 'what was tried, and answers to prompts', () => {
  vi.setConfig({ testTimeout: 120_000 });
  const renderer = useAll(startRenderer);
  const recent = (page: Page) =>
    page.getByRole('list', { name: 'Recent logins, the newest first' }).locator('li');

  test('recent logins follow what happens, and are narrowed with the sessions', async () => {
    const { page, bridge } = await renderer.show({ ...states.busy, loginsSeen: 1 });
    bridge.answer({ readLogins: () => ({ logins: [opened] }) });
    await goTo(page, 'Activity');
    await eventually(() => recent(page).count()).toBe(1);
    bridge.answer({ readLogins: () => ({ logins: [refused, opened] }) });
    await bridge.push({ ...states.busy, loginsSeen: 2 });
    await eventually(() => recent(page).count()).toBe(2);
    await page.getByLabel('Only refusals').check();
    await eventually(() => recent(page).count()).toBe(1);
    await page.getByLabel('Only refusals').uncheck();
    await page.getByLabel('Search').fill('ORDERS_READER');
    await eventually(() => recent(page).allInnerTexts()).toEqual([expect.stringContaining('psql')]);
    await page.getByLabel('Search').fill('no such words');
    await page.getByText('No live session fits the search.').waitFor();
    await page.getByText('No login fits the search').waitFor();
    // "End all" ends all of them, whatever is shown.
    await page.getByRole('button', { name: 'End all' }).click();
    await page.getByRole('dialog').getByText('3 database sessions end at once.').waitFor();
  });

  test('six digits that are pasted are sent at once; anything else waits for its button', async () => {
    const { page, bridge } = await renderer.show(identity.prompted);
    bridge.answer({ answerPrompt: () => ({}) });
    const field = page.getByLabel('Code of your authenticator');
    await field.waitFor();
    const paste = (text: string) =>
      field.evaluate((element, given) => {
        const data = new DataTransfer();
        data.setData('text', given);
        element.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
        );
      }, text);
    await paste('7K3M-9Q2X');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('answerPrompt');
    await paste(' 123 456\n');
    await eventually(() => bridge.calls.at(-1)).toMatchObject({
      action: 'answerPrompt',
      request: { code: '123456' },
    });
    expect(await field.inputValue()).toBe('');
  });

  test('a program is blocked for an hour where the system knows it', async () => {
    const { page, bridge } = await renderer.show(prompts.newProgram);
    await page.getByLabel('When denied, block this program for an hour').check();
    await page.getByRole('button', { name: 'Deny' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'denyPrompt',
      request: { id: 'c1', block: true },
    });
    await bridge.push(prompts.unknownProgram);
    await page.getByRole('dialog', { name: 'May an unknown program' }).waitFor();
    expect(await page.getByLabel('When denied, block this program').count()).toBe(0);
  });
});
