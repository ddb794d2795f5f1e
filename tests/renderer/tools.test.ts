import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as states from './states.ts';
import {
  announced,
  arriveAt,
  eventually,
  expectVisibleFocus,
  focusedName,
  goTo,
  kept,
  tabTo,
} from './walk.ts';

describeWith([parts.pageEngine], 'handles of tools in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('a handle is made by keyboard alone and told about until it leaves the clipboard', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({ copyHandle: () => ({ id: 'h9', clearsAt: states.at(1) }) });
    await tabTo(page, /^Tools/);
    await page.keyboard.press('Enter');
    await arriveAt(page, 'Tools');
    await tabTo(page, /Make a saved password/);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Tool');
    await page.keyboard.press('Enter');
    await page.getByText('Enter a name first.').waitFor();
    expect(await focusedName(page)).toBe('Tool');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('copyHandle');

    await page.keyboard.type(' DBeaver ');
    await page.keyboard.press('Enter');
    const told = page.getByText('The saved password for DBeaver is copied.');
    await told.waitFor();
    expect(bridge.calls.at(-1)).toEqual({
      action: 'copyHandle',
      request: { connection: 'sales', tool: 'DBeaver' },
    });
    await eventually(() => announced(page)).toBe(
      'Saved password for DBeaver copied. Paste it as the password, and let the tool save it.',
    );
    expect(await focusedName(page)).toBe('Make a saved password');
    await expectVisibleFocus(page);
    expect(await told.innerText()).toContain('60 s');
    await page.clock.setFixedTime(states.moment + 60_000);
    await told.waitFor({ state: 'detached' });
  });

  test('a role is asked for where there are several, and belongs to its connection', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({ copyHandle: () => ({ id: 'h9', clearsAt: states.at(1) }) });
    await goTo(page, 'Tools');
    await page.getByRole('button', { name: 'Make a saved password' }).click();
    const form = page.getByRole('dialog');
    const connection = form.getByLabel('Connection');
    // What no group opens is not offered.
    expect(await connection.locator('option').allInnerTexts()).toEqual([
      'Sales warehouse',
      'Orders, production',
    ]);
    expect(await form.getByLabel('Role').count()).toBe(0);
    await connection.selectOption('Orders, production');
    await form.getByLabel('Role').selectOption('orders_owner');
    await connection.selectOption('Sales warehouse');
    await connection.selectOption('Orders, production');
    expect(await form.getByLabel('Role').inputValue()).toBe('');
    await form.getByLabel('Role').selectOption('orders_owner');
    await form.getByLabel('Tool').fill('Report');
    await form.getByRole('button', { name: 'Make and copy' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'copyHandle',
      request: { connection: 'orders', role: 'orders_owner', tool: 'Report' },
    });
  });

  test('a handle that cannot be made says so in the form; Escape leaves it', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      copyHandle() {
        throw new LatchkeyError('not-allowed', 'None of your groups opens "sales" any more.');
      },
    });
    await goTo(page, 'Tools');
    await page.getByRole('button', { name: 'Make a saved password' }).click();
    await page.getByLabel('Tool').fill('DBeaver');
    await page.keyboard.press('Enter');
    const form = page.getByRole('dialog');
    await form.getByRole('alert').filter({ hasText: 'None of your groups opens' }).waitFor();
    expect(await page.getByText('is copied.').count()).toBe(0);
    await page.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('Make a saved password');
  });

  test('a handle is revoked after a question, and the focus stays in the list', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    await goTo(page, 'Tools');
    const revoke = page.getByRole('button', {
      name: 'Revoke the saved password of DBeaver for Sales warehouse',
    });
    await revoke.click();
    await eventually(() => focusedName(page)).toBe('Cancel');
    await page.keyboard.press('Escape');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('revokeHandle');
    await revoke.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(bridge.calls.at(-1)).toEqual({ action: 'revokeHandle', request: { id: 'h1' } });
    expect(await announced(page)).toBe('Saved password revoked');
    expect(await focusedName(page)).toBe('Saved passwords');
  });

  test('no handle is ever in the page', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    // Whatever main might add to its answer does not fit the contract and goes no further.
    const answer = { id: 'h9', clearsAt: states.at(1), handle: 'lkh_secret' };
    bridge.answer({ copyHandle: () => answer });
    await goTo(page, 'Tools');
    await page.getByRole('button', { name: 'Make a saved password' }).click();
    await page.getByLabel('Tool').fill('DBeaver');
    await page.keyboard.press('Enter');
    await page.getByText('The saved password for DBeaver is copied.').waitFor();
    expect(await kept(page)).not.toContain('lkh_');
  });
});
