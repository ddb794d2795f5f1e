import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { signedIn } from './states.ts';
import { eventually, expectVisibleFocus, focusedName, goTo, tabTo } from './walk.ts';

describeWith([parts.pageEngine], 'the shortcut that opens Latchkey from everywhere', () => {
  vi.setConfig({ testTimeout: 60_000 });
  const renderer = useAll(startRenderer);

  test('is off, is turned on and gets other keys by keyboard alone; keys that are taken are told', async () => {
    const { page, bridge, complaints } = await renderer.show(signedIn);
    await goTo(page, 'Settings');
    const choice = page.getByLabel('A shortcut from everywhere opens');
    expect(await choice.inputValue()).toBe('off');
    expect(await page.getByText('Its keys').count()).toBe(0);
    await choice.focus();
    await choice.selectOption('palette');
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'setPreferences',
      request: { shortcut: 'palette' },
    });
    await tabTo(page, /^Its keys: Control \+ Alt \+ L$/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Its keys: Press the keys…');
    // What writes is no shortcut, and Escape leaves it as it is.
    await page.keyboard.press('Shift+J');
    await page.keyboard.press('Escape');
    await eventually(() => focusedName(page)).toBe('Its keys: Control + Alt + L');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Shift+J');
    await eventually(() => bridge.calls.at(-1)?.request).toEqual({ shortcutKeys: 'Control+Shift+J' });
    await eventually(() => focusedName(page)).toBe('Its keys: Control + Shift + J');

    bridge.answer({
      setPreferences() {
        throw new LatchkeyError('request-refused', 'Another program has the keys.', {
          remedy: 'Choose others.',
        });
      },
    });
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Alt+T');
    await page.getByRole('alert').getByText('Choose others.').waitFor();
    expect(await focusedName(page)).toBe('Its keys: Control + Shift + J');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('the palette opens once when it is asked for from outside', async () => {
    const asked: AppState = { ...signedIn, link: { kind: 'palette' } };
    const { page, bridge } = await renderer.show(signedIn, {}, { connectTools: () => [] });
    await bridge.push(asked);
    await page.getByRole('dialog', { name: 'Go to' }).waitFor();
    await eventually(() => bridge.calls.map(({ action }) => action)).toContain('dismissLink');
    await bridge.push(signedIn);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await bridge.push(asked);
    await page.getByRole('dialog', { name: 'Go to' }).waitFor();
    await page.context().close();
  });
});
