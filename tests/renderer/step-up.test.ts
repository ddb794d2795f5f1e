import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';
import { announced, eventually, expectVisibleFocus, focusedName, goTo, kept, tabTo } from './walk.ts';

const title = 'Confirm that it is you';
const dialog = (page: Page) => page.getByRole('dialog', { name: title });
const switchOf = (page: Page) => page.getByLabel('fabrikam is turned on');

function refuse(code: 'mfa-wrong' | 'mfa-required' | 'config-invalid', message: string): never {
  throw new LatchkeyError(code, message);
}

describeWith([parts.pageEngine], 'the proof that it is you, before what changes who may decide', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('a code by keyboard: nothing is sent before it, a wrong one may be repeated, and none is kept', async () => {
    const { page, bridge } = await renderer.show(identity.withFactors);
    const sent = () => bridge.calls.filter(({ action }) => action === 'setProviderEnabled');
    bridge.answer({ setProviderEnabled: () => refuse('mfa-wrong', 'The code is wrong.') });
    await goTo(page, 'Providers');
    await switchOf(page).focus();
    await page.keyboard.press('Space');
    await dialog(page).waitFor();
    await eventually(() => focusedName(page)).toBe('Code of your authenticator');
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await dialog(page).getByText('Enter a code first.').waitFor();
    expect(sent()).toEqual([]);

    await page.keyboard.type('111111');
    await page.keyboard.press('Enter');
    await dialog(page).getByRole('alert').filter({ hasText: 'The code is wrong.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Code of your authenticator');
    bridge.answer({ setProviderEnabled: () => undefined });
    await page.keyboard.type('492039');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    await eventually(() => announced(page)).toBe('fabrikam is turned off');
    expect(await focusedName(page)).toBe('fabrikam is turned on');
    expect(sent().map(({ request }) => request)).toEqual([
      { name: 'fabrikam', enabled: false, code: '111111' },
      { name: 'fabrikam', enabled: false, code: '492039' },
    ]);
    for (const code of ['111111', '492039']) expect(await kept(page)).not.toContain(code);
  });

  test('Escape sends nothing, and leaves what was typed before', async () => {
    const { page, bridge } = await renderer.show(identity.withFactors);
    await goTo(page, 'Providers');
    await page.getByRole('button', { name: 'Edit fabrikam' }).click();
    await page.getByLabel('Domains').fill('fabrikam.example');
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog(page).waitFor();
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    expect(await page.getByLabel('Domains').inputValue()).toBe('fabrikam.example');
    expect(await focusedName(page)).toBe('Save');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('saveProvider');
  });

  test('what is wrong with the change itself is told where it was made, not at the code', async () => {
    const { page, bridge } = await renderer.show(identity.withFactors);
    bridge.answer({ removeProvider: () => refuse('config-invalid', 'The file cannot be written.') });
    await goTo(page, 'Providers');
    await page.getByRole('button', { name: 'Remove fabrikam' }).click();
    const question = page.getByRole('dialog', { name: 'Remove this provider?' });
    await question.getByRole('button', { name: 'Remove provider' }).click();
    await dialog(page).waitFor();
    await page.keyboard.type('492039');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    await question.getByRole('alert').filter({ hasText: 'The file cannot be written.' }).waitFor();
  });

  test('the phone shows its number; an answer that comes after a cancel leaves the next question alone', async () => {
    const { page, bridge } = await renderer.show(identity.onlyPhone);
    const answers: (() => void)[] = [];
    bridge.answer({
      setProviderEnabled: () => new Promise<undefined>((resolve) => answers.push(() => resolve(undefined))),
    });
    await goTo(page, 'Providers');
    await switchOf(page).click();
    await dialog(page).waitFor();
    await tabTo(page, /^Ask my phone$/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await dialog(page).getByRole('button', { name: 'Waiting for the phone…' }).waitFor();
    await bridge.push(identity.onlyPhoneAsked);
    expect(await page.getByTestId('phone-number').innerText()).toBe('62');
    await eventually(() => dialog(page).locator('output').last().innerText()).toBe('Choose 62 on your phone');
    expect(bridge.calls.at(-1)?.request).toEqual({ name: 'fabrikam', enabled: false, phone: true });
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await dialog(page).waitFor({ state: 'detached' });

    await switchOf(page).click();
    await dialog(page).waitFor();
    answers[0]?.();
    await bridge.push(identity.onlyPhone);
    // The first answer has gone its way once a round trip through the bridge is over.
    await page.evaluate(() =>
      (window as unknown as { latchkey: { getState(request: object): unknown } }).latchkey.getState({}),
    );
    expect(await dialog(page).isVisible()).toBe(true);
    await dialog(page).getByRole('button', { name: 'Ask my phone' }).click();
    await eventually(() => answers.length).toBe(2);
    answers[1]?.();
    await dialog(page).waitFor({ state: 'detached' });
    await eventually(() => announced(page)).toBe('fabrikam is turned off');
  });

  test('without a second factor a fresh sign-in is offered, and only where main demands it', async () => {
    const { page, bridge } = await renderer.show(identity.withoutFactor);
    bridge.answer({ enrolTotp: () => refuse('mfa-required', 'This change takes a sign-in.') });
    await goTo(page, 'Security');
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    await dialog(page).waitFor();
    expect(bridge.calls.at(-1)).toEqual({ action: 'enrolTotp', request: {} });
    await tabTo(page, /^Sign in again$/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    expect(bridge.calls.findLast(({ action }) => action === 'signIn')).toEqual({
      action: 'signIn',
      request: { provider: 'Contoso', anew: true },
    });
    await page.getByRole('heading', { name: 'Your connections' }).waitFor();
    await bridge.push(states.code);
    await page.getByRole('heading', { name: 'Enter this code in your browser' }).waitFor();
  });

  test('a login that asks for a code waits until the proof is given: no code goes to the wrong one', async () => {
    const { page, bridge } = await renderer.show(identity.withFactors);
    bridge.answer({ setProviderEnabled: () => undefined });
    const login = page.getByRole('dialog', { name: 'Second factor for Sales warehouse' });
    await goTo(page, 'Providers');
    await switchOf(page).click();
    await dialog(page).waitFor();
    await page.keyboard.type('492');
    await bridge.push(identity.prompted);
    await page.keyboard.type('039');
    expect(await page.getByRole('dialog').count()).toBe(1);
    await page.keyboard.press('Enter');
    await login.waitFor();
    expect(await page.getByRole('dialog').count()).toBe(1);
    // The login that comes up asks for the icon of its program.
    const changes = () => bridge.calls.filter(({ action }) => action === 'setProviderEnabled');
    await eventually(() => changes().at(-1)).toEqual({
      action: 'setProviderEnabled',
      request: { name: 'fabrikam', enabled: false, code: '492039' },
    });
    expect(bridge.calls.map(({ action }) => action)).not.toContain('answerPrompt');
    expect(await login.getByLabel('Code of your authenticator').inputValue()).toBe('');
  });
});
