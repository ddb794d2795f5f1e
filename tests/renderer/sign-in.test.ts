import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';
import { announced, arriveAt, eventually, focusedName, kept, tabTo } from './walk.ts';

describeWith([parts.pageEngine], 'ways to sign in', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('stand in the order of the provider, each with its own button', async () => {
    for (const [state, first, second] of [
      [states.signedOut, 'device-code', 'browser'],
      [identity.browserFirst, 'browser', 'device-code'],
    ] as const) {
      const { page, bridge } = await renderer.show(state);
      const buttons = page.getByRole('button', { name: /^Sign in with/ });
      const names = { 'device-code': 'Sign in with a code', browser: 'Sign in with the browser' };
      expect(await buttons.allInnerTexts()).toEqual([names[first], names[second]]);
      const provider = state.providers[0]?.name;
      await buttons.first().click();
      await eventually(() => bridge.calls.at(-1)).toEqual({
        action: 'signIn',
        request: { provider, way: first },
      });
      await buttons.last().click();
      await eventually(() => bridge.calls.at(-1)).toEqual({
        action: 'signIn',
        request: { provider, way: second },
      });
      await page.context().close();
    }
  });

  test('the other way stands first, with the reason, where a policy has blocked one', async () => {
    const { page, bridge } = await renderer.show(states.code);
    await bridge.push(identity.blocked);
    await page.getByRole('alert').filter({ hasText: 'does not allow signing in with a code' }).waitFor();
    // Nothing is tried again by itself.
    expect(bridge.calls.map(({ action }) => action)).not.toContain('signIn');
    await tabTo(page, /^Sign in with the browser instead$/);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'signIn',
      request: { provider: 'Contoso', way: 'browser' },
    });
  });

  test('a page that shows an error: the reasons by number, and the other way at once', async () => {
    const { page, bridge } = await renderer.show(states.code);
    const listed = (number: string) => page.getByText(new RegExp(`\\b${number}\\b`));
    expect(await listed('53003').isVisible()).toBe(false);
    await page.getByText('The page shows an error?').focus();
    await page.keyboard.press('Enter');
    for (const number of ['53003', '530033', '50105', '50020', '65001']) await listed(number).waitFor();
    await tabTo(page, /^Sign in with the browser instead$/);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.map(({ action }) => action).slice(-2)).toEqual([
      'cancelSignIn',
      'signIn',
    ]);
    expect(bridge.calls.at(-1)?.request).toEqual({ provider: 'Contoso', way: 'browser' });
  });

  test('with the browser: waits in sight, counts down, and can be cancelled', async () => {
    const { page, bridge } = await renderer.show(states.signedOut);
    await bridge.push(identity.browser);
    await eventually(() => focusedName(page)).toBe('Go on in your browser');
    await page.clock.setFixedTime(states.moment + 3 * 60_000 + 10_000);
    await eventually(() => page.getByRole('timer').innerText()).toBe('Waits for another 0:50');
    await eventually(() => announced(page)).toBe('The sign-in waits for one more minute');
    await tabTo(page, /Cancel sign-in/);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)?.action).toBe('cancelSignIn');
  });

  test('only providers that are turned on are offered, and the way to set one up where there is none', async () => {
    const { page, bridge } = await renderer.show({
      ...states.twoProviders,
      providers: [identity.local, { ...identity.fabrikam, enabled: false }, states.contoso],
    });
    expect(await page.getByText('Where is your account?').count()).toBe(0);
    await page.getByRole('button', { name: 'Sign in with a code' }).click();
    await eventually(() => bridge.calls.at(-1)?.request).toEqual({ provider: 'Contoso', way: 'device-code' });
    await bridge.push(identity.noProvider);
    await page.getByRole('button', { name: 'Set up a provider' }).click();
    await arriveAt(page, 'Providers');
  });

  test('break-glass: only where it is turned on; a refusal stays in the form with all but the code', async () => {
    const without = await renderer.show(states.signedOut);
    expect(await without.page.getByRole('button', { name: /break-glass/ }).count()).toBe(0);
    await without.page.context().close();

    const { page, bridge } = await renderer.show(identity.browserFirst);
    bridge.answer({
      async signInLocally() {
        // As main does: the state goes through "working" while the password is being judged.
        await bridge.push({
          ...identity.browserFirst,
          signIn: { kind: 'working', provider: 'break-glass', step: 'contacting' },
        });
        await bridge.push(identity.browserFirst);
        throw new LatchkeyError('sign-in-refused', 'User name, password or code is wrong.');
      },
    });
    await tabTo(page, /Use a break-glass account/);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Break-glass sign-in');
    await tabTo(page, /^User name$/);
    await page.keyboard.press('Enter');
    await page.getByText('Enter the password.').waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('signInLocally');
    await page.keyboard.type('root');
    await page.keyboard.press('Tab');
    await page.keyboard.type('correct horse battery');
    await page.keyboard.press('Tab');
    await page.keyboard.type('123456');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'User name, password or code is wrong.' }).waitFor();
    expect(bridge.calls.find(({ action }) => action === 'signInLocally')?.request).toEqual({
      username: 'root',
      password: 'correct horse battery',
      code: '123456',
    });
    expect(await page.getByLabel('User name').inputValue()).toBe('root');
    await eventually(() => focusedName(page)).toBe('Password');
    const password = page.getByLabel('Password', { exact: true });
    expect(await password.inputValue()).toBe('correct horse battery');
    expect(await page.content()).not.toContain('correct horse battery');
    expect(await kept(page)).not.toContain('123456');
    // It is marked whole: what is typed takes its place.
    await page.keyboard.type('Correct horse');
    expect(await password.inputValue()).toBe('Correct horse');
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByRole('button', { name: 'Sign in with the browser' }).waitFor();
    for (const secret of ['orrect horse', '123456']) expect(await kept(page)).not.toContain(secret);
  });
});
