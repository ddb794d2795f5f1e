import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as prompts from './prompt-states.ts';
import * as states from './states.ts';
import { announced, eventually, expectVisibleFocus, focusedName, goTo, tabTo } from './walk.ts';

const dialog = (page: Page, title: string) => page.getByRole('dialog', { name: title });
const said = (page: Page) => page.getByRole('dialog').locator('output').last().innerText();

describeWith([parts.pageEngine], 'programs to allow and tools that wait', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('a program is allowed by keyboard; the least harmful choice has the focus, and Enter there sends nothing', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await page.getByRole('button', { name: 'Copy command for Sales warehouse' }).focus();
    await bridge.push(prompts.newProgram);
    const prompt = dialog(page, 'May dbeaver use Sales warehouse?');
    await prompt.waitFor();
    expect(await focusedName(page)).toBe('once');
    await expectVisibleFocus(page);
    // What was being typed elsewhere when it came up answers nothing.
    for (const key of ['Enter', 'Space', 'y']) await page.keyboard.press(key);
    expect(bridge.calls.map(({ action }) => action)).not.toContain('allowClient');
    expect(await prompt.getByLabel('once').isChecked()).toBe(true);

    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await prompt.getByLabel('until the screen is locked').isChecked()).toBe(true);
    await tabTo(page, /^Allow$/);
    await expectVisibleFocus(page);
    await eventually(() => prompt.getByRole('button', { name: 'Allow' }).getAttribute('aria-disabled')).toBe(
      'false',
    );
    bridge.answer({
      async allowClient() {
        await bridge.push(states.signedIn);
        return undefined;
      },
    });
    await page.keyboard.press('Enter');
    await prompt.waitFor({ state: 'detached' });
    expect(bridge.calls.at(-1)).toEqual({
      action: 'allowClient',
      request: { id: 'c1', choice: 'until-lock' },
    });
    expect(await focusedName(page)).toBe('Copy command for Sales warehouse');
    await eventually(() => announced(page)).toBe('Allowed. The login goes on.');
  });

  test('only what main offers can be chosen, and an unknown program is said to be one', async () => {
    const { page, bridge } = await renderer.show(prompts.newProgramWithToken);
    expect(await page.getByRole('radio').count()).toBe(3);
    expect(await page.getByText('always').count()).toBe(0);
    await bridge.push(prompts.unknownProgram);
    const prompt = dialog(page, 'May an unknown program use Orders, production?');
    await prompt.waitFor();
    expect(await page.getByRole('radio').count()).toBe(0);
    // No button has the focus: what is typed elsewhere must neither allow nor deny.
    expect(await focusedName(page)).toBe('May an unknown program use Orders, production?');
    expect(await prompt.innerText()).toContain('the system does not say which one');
    await prompt.getByRole('button', { name: 'Allow once' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'allowClient',
      request: { id: 'c2', choice: 'once' },
    });
  });

  test('the second half of a double click does not allow the next program', async () => {
    const { page, bridge } = await renderer.show(prompts.twoPrograms);
    await dialog(page, 'May dbeaver').waitFor();
    // In the page, in the very moment in which the next prompt is there: no machine is too slow for that.
    const busy = await page.evaluate(
      (state) =>
        new Promise((resolve) => {
          const observer = new MutationObserver(() => {
            const buttons = Array.from(document.querySelectorAll('button'));
            const button = buttons.find(({ textContent }) => textContent === 'Allow once');
            if (button === undefined) return;
            observer.disconnect();
            button.click();
            resolve(button.getAttribute('aria-disabled'));
          });
          observer.observe(document.body, { childList: true, subtree: true });
          (window as unknown as { latchkeyPush(state: unknown): void }).latchkeyPush(state);
        }),
      prompts.unknownProgram,
    );
    expect(busy).toBe('true');
    await page.getByRole('button', { name: 'Deny' }).click();
    await eventually(() => bridge.calls.at(-1)?.action).toBe('denyPrompt');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('allowClient');
  });

  test('a refusal of main is told in the prompt, which stays', async () => {
    const { page, bridge } = await renderer.show(prompts.newProgram);
    bridge.answer({
      allowClient() {
        throw new LatchkeyError('audit-unwritable', 'The audit cannot be written.');
      },
    });
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('alert').filter({ hasText: 'The audit cannot be written.' }).waitFor();
    expect(await dialog(page, 'May dbeaver').isVisible()).toBe(true);
  });

  test('deny is for the program that is shown; a second factor may follow', async () => {
    const { page, bridge } = await renderer.show(prompts.programThenFactor);
    const first = dialog(page, 'May dbeaver use Sales warehouse?');
    await first.waitFor();
    expect(await page.getByRole('dialog').count()).toBe(1);
    expect(await first.getByText('One more waits after this one').count()).toBe(1);
    await tabTo(page, /^Deny$/);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'denyPrompt', request: { id: 'c1' } });
    const { prompts: waiting, ...rest } = prompts.programThenFactor;
    await bridge.push({ ...rest, prompts: waiting.slice(1) });
    await dialog(page, 'Second factor for Sales warehouse').waitFor();
    expect(await focusedName(page)).toBe('Code of your authenticator');
  });

  test('a tool that waits: the code is spelled out, copied, its page opened; the login goes on by itself', async () => {
    const { page, bridge } = await renderer.show(states.signedOut);
    await bridge.push(prompts.toolWaitsContacting);
    const prompt = dialog(page, 'Sign in to reach Sales warehouse');
    await prompt.waitFor();
    expect(await prompt.innerText()).toContain('3 logins');
    await bridge.push(prompts.toolWaits);
    await eventually(() => said(page)).toBe('The code is C, Q, 7, M, X, R, L, 4, T');
    expect(await prompt.getByTestId('device-code').innerText()).toMatch(/CQ7\s*MXR\s*L4T/);
    await tabTo(page, /Open sign-in page/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await tabTo(page, /Copy code/);
    await page.keyboard.press('Enter');
    await eventually(() => said(page)).toBe('Code copied');
    expect(bridge.calls.slice(-2).map(({ action }) => action)).toEqual(['openVerificationPage', 'copyCode']);

    await bridge.push(prompts.toolWaitsReading);
    await prompt.getByText('Signed in. Reading your groups…').waitFor();
    // The prompt outlasts the screens behind it: the focus must not be lost with the last of them.
    await bridge.push({ ...states.signedIn, prompts: prompts.toolWaits.prompts });
    await prompt.getByText('You are signed in. The login goes on.').waitFor();
    await bridge.push(states.signedIn);
    await prompt.waitFor({ state: 'detached' });
    await eventually(() => focusedName(page)).toBe('Your connections');
  });

  test('cancelling is one answer: main refuses the logins and ends the sign-in that they had started', async () => {
    const { page, bridge } = await renderer.show(prompts.toolWaits);
    const prompt = dialog(page, 'Sign in to reach Sales warehouse');
    bridge.answer({
      async denyPrompt() {
        await bridge.push(states.signedOut);
        return undefined;
      },
    });
    await prompt.getByRole('button', { name: 'Cancel sign-in' }).click();
    await prompt.waitFor({ state: 'detached' });
    expect(bridge.calls.at(-1)).toEqual({ action: 'denyPrompt', request: { id: 'w1' } });
    await eventually(() => announced(page)).toBe('Cancelled. The login is refused.');
    await eventually(() => focusedName(page)).toBe('Sign in to reach your databases');
  });

  test('a sign-in that did not start by itself starts from the prompt', async () => {
    const { page, bridge } = await renderer.show(prompts.toolWaitsSignedOut);
    const prompt = dialog(page, 'Sign in to reach Sales warehouse');
    await prompt.getByRole('button', { name: 'Sign in', exact: true }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'signIn', request: {} });
    await prompt.getByRole('button', { name: 'Cancel sign-in' }).click();
    await eventually(() => bridge.calls.at(-1)?.action).toBe('denyPrompt');
  });

  test('what was put off stays in sight under its own name, and comes back with the window', async () => {
    for (const [state, title, text] of [
      [prompts.toolWaits, 'Sign in to reach Sales warehouse', 'A login is waiting for you to sign in'],
      [prompts.newProgram, 'May dbeaver use Sales warehouse?', 'A program is waiting to be allowed'],
    ] as const) {
      const { page, bridge } = await renderer.show(state);
      await dialog(page, title).waitFor();
      await page.keyboard.press('Escape');
      await dialog(page, title).waitFor({ state: 'detached' });
      await goTo(page, 'Doctor');
      await page.getByText(text).waitFor();
      await page.evaluate(() => dispatchEvent(new Event('focus')));
      await dialog(page, title).waitFor();
      expect(bridge.calls.map(({ action }) => action)).not.toContain('denyPrompt');
      await page.context().close();
    }
  });

  test('names in a prompt stay text in an isolate of their own', async () => {
    const { page, complaints } = await renderer.show(prompts.hostileProgram);
    const prompt = page.getByRole('dialog');
    expect(await prompt.locator('img, script').count()).toBe(0);
    expect(await prompt.innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    const names = await prompt.locator('dd bdi').allInnerTexts();
    expect(names).toEqual(expect.arrayContaining([states.hostileNames.html, states.hostileNames.long]));
    expect(await page.title()).toBe('Latchkey');
    expect(complaints).toEqual([]);
  });
});
