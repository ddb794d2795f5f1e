import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, type Screen } from './each-screen.ts';
import type { Handlers } from './fake-bridge.ts';
import * as identity from './identity-states.ts';
import * as prompts from './prompt-states.ts';
import { hostileNames, signedIn } from './states.ts';
import { eventually, expectVisibleFocus, focusedName, tabTo } from './walk.ts';

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#7a4b21"/></svg>`;
const withIcon: Handlers = {
  readProgramIcon: () => ({
    image: `data:image/svg+xml;base64,${Buffer.from(picture).toString('base64')}`,
  }),
};
const settled = (page: Page) => page.locator('main > [inert]').waitFor({ state: 'detached' });

const screens: Screen[] = [
  {
    name: 'window-program',
    page: 'prompts',
    state: prompts.twoPrograms,
    answers: withIcon,
    shows: [
      'May dbeaver use Sales warehouse?',
      '/usr/share/dbeaver-ce/dbeaver',
      'DBeaver 25.3 - Main',
      'sales_reader',
      'When denied, block this program for an hour',
      'Allow',
      'Deny',
      'Not now',
      '1 of 2',
    ],
  },
  {
    name: 'window-second-factor',
    page: 'prompts',
    state: identity.phoneAsked,
    shows: ['Second factor for Sales warehouse', '47', 'Code of your authenticator', 'Approve', 'Deny'],
  },
  {
    name: 'window-sign-in',
    page: 'prompts',
    state: prompts.toolWaits,
    shows: ['Sign in to reach Sales warehouse', 'Copy code', 'Open sign-in page', 'Cancel sign-in'],
  },
  {
    name: 'window-hostile',
    page: 'prompts',
    state: prompts.hostileProgram,
    shows: [hostileNames.html, hostileNames.arabic],
  },
];

describeWith([parts.pageEngine], 'the window that asks', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);
  const show = async (state: AppState, answers?: Handlers) => {
    const shown = await renderer.show(state, { viewport: { width: 480, height: 640 } }, answers, 'prompts');
    return { ...shown, actions: () => shown.bridge.calls.map(({ action }) => action) };
  };
  const heading = (page: Page) => page.getByRole('heading', { level: 1 });
  const isGone = (page: Page) => page.evaluate(() => document.documentElement.matches('[data-closed]'));

  test('begins on its text: what was being typed when it came up answers nothing', async () => {
    for (const state of [prompts.newProgram, identity.prompted]) {
      const { page, actions } = await show(state);
      expect(await focusedName(page)).toBe(await heading(page).textContent());
      await settled(page);
      expect(await focusedName(page)).toBe(await heading(page).textContent());
      for (const key of ['1', '2', 'Enter', 'Space', 'y', 'Enter']) await page.keyboard.press(key);
      expect(actions().filter((name) => !/^(?:getState|readProgramIcon)$/.test(name))).toEqual([]);
      expect(await isGone(page)).toBe(false);
      await page.context().close();
    }
  });

  test('nothing in it can be pressed in the moment in which it appears, nor when the next prompt does', async () => {
    const { page, bridge, actions } = await show(prompts.twoPrograms);
    await settled(page);
    // In the page, in the very moment in which the next prompt is there: no machine is too slow for that.
    const pressable = await page.evaluate(
      (state) =>
        new Promise((resolve) => {
          const observer = new MutationObserver(() => {
            const found = document.querySelector('h1');
            if (found?.textContent.includes('unknown program') !== true) return;
            observer.disconnect();
            resolve(
              [...document.querySelectorAll('button')].filter((each) => !each.closest('[inert]')).length,
            );
          });
          observer.observe(document.body, { childList: true, subtree: true });
          (window as unknown as { latchkeyPush(state: unknown): void }).latchkeyPush(state);
        }),
      prompts.unknownProgram,
    );
    expect(pressable).toBe(0);
    await page.getByRole('button', { name: 'Deny' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'denyPrompt', request: { id: 'c2' } });
    expect(actions()).not.toContain('allowClient');
  });

  test('is answered by keyboard alone, and asks one after the other', async () => {
    const { page, bridge } = await show(prompts.twoPrograms);
    await page.getByText('1 of 2').waitFor();
    await settled(page);
    await tabTo(page, /^once/);
    await expectVisibleFocus(page);
    await page.keyboard.press('ArrowDown');
    bridge.answer({
      async allowClient() {
        await bridge.push(prompts.unknownProgram);
        return undefined;
      },
    });
    await tabTo(page, /^Allow$/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => heading(page).textContent()).toContain('unknown program');
    expect(bridge.calls.filter(({ action }) => action === 'allowClient')).toEqual([
      { action: 'allowClient', request: { id: 'c1', choice: 'hour' } },
    ]);
    expect(await page.getByText('of 2').count()).toBe(0);
    await eventually(() => focusedName(page)).toContain('unknown program');
    await settled(page);
    await tabTo(page, /^Deny$/);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'denyPrompt', request: { id: 'c2' } });
  });

  test('Escape puts off one after the other and answers nothing; with the last the window goes', async () => {
    const { page, bridge, actions } = await show(prompts.twoPrograms);
    await settled(page);
    await page.keyboard.press('Escape');
    await eventually(() => heading(page).textContent()).toContain('unknown program');
    await page.getByText('2 of 2').waitFor();
    // Coming back to it changes nothing of what is asked.
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await settled(page);
    expect(await heading(page).textContent()).toContain('unknown program');
    await page.keyboard.press('Escape');
    await eventually(() => isGone(page)).toBe(true);
    expect(actions()).not.toContain('denyPrompt');
    expect(actions()).not.toContain('allowClient');
    await bridge.push(signedIn);
  });

  test('a code that is pasted is sent at once', async () => {
    const { page, bridge } = await show(identity.prompted);
    await settled(page);
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData('text/plain', '123 456');
      document
        .querySelector('input')
        ?.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
        );
    });
    await eventually(() => bridge.calls.at(-1)).toMatchObject({
      action: 'answerPrompt',
      request: { code: '123456' },
    });
  });

  test('the icon of the program is what main has for it; without one a mark takes its place', async () => {
    const { page, bridge, complaints } = await show(prompts.newProgram, withIcon);
    const image = heading(page).locator('img');
    await image.waitFor();
    expect(await image.evaluate((each) => (each as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
    expect(bridge.calls.filter(({ action }) => action === 'readProgramIcon')).toContainEqual({
      action: 'readProgramIcon',
      request: { id: 'c1' },
    });
    // Nobody knows its file, so nobody is asked.
    await bridge.push(prompts.unknownProgram);
    await eventually(() => heading(page).textContent()).toContain('unknown program');
    expect(await heading(page).locator('img').count()).toBe(0);
    expect(await heading(page).locator('svg').count()).toBe(1);
    expect(bridge.calls.filter(({ request }) => JSON.stringify(request).includes('c2'))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('speaks the language of the main window from its first word on, and after a change', async () => {
    const { page, bridge, complaints } = await renderer.show(
      { ...prompts.newProgram, language: 'de' },
      { viewport: { width: 480, height: 640 } },
      {},
      'prompts',
    );
    // The page is given with its first heading.
    expect(await heading(page).textContent()).toBe('Darf dbeaver Sales warehouse nutzen?');
    expect(await page.title()).toBe('Ein Login wartet – Latchkey');
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    await settled(page);
    await page.getByRole('radio', { name: 'für eine Stunde' }).check();
    await bridge.push({ ...prompts.newProgram, language: 'en' });
    await eventually(() => heading(page).textContent()).toBe('May dbeaver use Sales warehouse?');
    // What was chosen stays chosen.
    expect(await page.getByRole('radio', { name: 'for an hour' }).isChecked()).toBe(true);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('where the file of its language cannot be read, it asks in English', async () => {
    const { page, bridge } = await show(identity.prompted);
    await page.route('**/assets/texts-*.js', (route) => route.abort());
    bridge.answer({ getState: () => ({ ...identity.prompted, language: 'de' }) });
    await page.reload();
    await heading(page).getByText('Second factor for').waitFor();
    await page.context().close();
  });

  describe(eachScreen, () => checkScreens(screens, ['window-program', 'window-second-factor']));
});
