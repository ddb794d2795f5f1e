import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as identity from './identity-states.ts';
import { announced, eventually, goTo } from './walk.ts';

describeWith([parts.pageEngine], 'policies in Security', () => {
  vi.setConfig({ testTimeout: 60_000 });
  const renderer = useAll(startRenderer);

  test('are chosen there, by keyboard too, and written with a proof of the person', async () => {
    const { page, bridge, complaints } = await renderer.show(identity.withFactors);
    bridge.answer({ setPolicies: () => undefined });
    await goTo(page, 'Security');
    const lock = page.getByLabel(/^When the screen is locked/);
    expect(await lock.inputValue()).toBe('cut');
    await lock.selectOption('Every account is signed out');
    const code = page.getByLabel('Code of your authenticator');
    await code.fill('492039');
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'setPolicies',
      request: { onLock: 'sign-out', code: '492039' },
    });
    await eventually(() => announced(page)).toBe('Written into the configuration file');

    await page.getByLabel(/^How long a login of MySQL/).selectOption('20 seconds');
    await code.fill('492040');
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)?.request).toEqual({ hold: { mysql: 20 }, code: '492040' });
    // What the file has is chosen, also where it is none of those that are offered.
    expect(await page.getByLabel(/^How long a login of PostgreSQL/).inputValue()).toBe('45s');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('what the organisation has locked is shown, and cannot be chosen', async () => {
    const { policies } = identity.withFactors;
    const locked: AppState = {
      ...identity.withFactors,
      policies: {
        onLock: { value: 'cut', origin: 'organisation', locked: true },
        holds: policies?.holds ?? [],
      },
    };
    const { page } = await renderer.show(locked);
    await goTo(page, 'Security');
    await page.getByText('Set by your organisation: session.onLock').waitFor();
    expect(await page.getByLabel(/^When the screen is locked/).count()).toBe(0);
    expect(await page.getByLabel(/^How long a login of/).count()).toBe(3);
    await page.context().close();
  });

  test('a refusal is told, and the choice is what counts', async () => {
    const { page, bridge } = await renderer.show(identity.withFactors);
    bridge.answer({
      setPolicies() {
        throw new LatchkeyError('organisation-locked', 'Your organisation has set this.', {
          remedy: 'Ask it.',
        });
      },
    });
    await goTo(page, 'Security');
    const lock = page.getByLabel(/^When the screen is locked/);
    await lock.selectOption('keep');
    await page.getByLabel('Code of your authenticator').fill('492039');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Ask it.').waitFor();
    expect(await lock.inputValue()).toBe('cut');
    await page.context().close();
  });
});
