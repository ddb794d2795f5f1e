import { expect, test, vi } from 'vitest';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { privileged, troubledAccounts, twoAccounts, usual } from './account-states.ts';
import { startRenderer } from './browser.ts';
import * as connections from './connection-states.ts';
import * as states from './states.ts';
import { eventually, focusedName, goTo, openAccounts } from './walk.ts';

describeWith([parts.pageEngine], 'several accounts in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);
  const as = privileged.account.objectId;

  test('each has its own deadline and end, and one is the usual one', async () => {
    const { page, bridge } = await renderer.show(twoAccounts);
    bridge.answer({ signOut: () => undefined, useAccount: () => ({}) });
    expect(await focusedName(page)).toBe('Your connections');
    await openAccounts(page);
    const accounts = page.getByRole('list', { name: 'Accounts' }).getByRole('listitem');
    await eventually(() => accounts.allInnerTexts()).toEqual([
      expect.stringContaining('for another 7 h 12 min'),
      expect.stringContaining('for another 50 min'),
    ]);
    await page.getByRole('button', { name: 'Make usual: adm-adele@contoso.example' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'useAccount', request: { as } });
    await page.getByRole('button', { name: 'Sign out adm-adele@contoso.example' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'signOut', request: { as } });
    await bridge.push(states.signedIn);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'signOut', request: {} });
  });

  test('a token and a command are of the account whose role it is', async () => {
    const { page, bridge } = await renderer.show(twoAccounts);
    bridge.answer({
      copyToken: () => ({ id: 't9', role: 'x', expiresAt: states.at(5), clearsAt: states.at(1) }),
      copyCommand: () => undefined,
    });
    await page
      .getByRole('button', { name: 'Copy token for Sales warehouse, role sales_owner, as adm-adele' })
      .click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'copyToken',
      request: { connection: 'sales', role: 'sales_owner', as },
    });
    await page
      .getByRole('button', { name: `Copy command for Sales warehouse as ${usual.account.username}` })
      .click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'copyCommand',
      request: { connection: 'sales', as: usual.account.objectId },
    });
  });

  test('a handle and a second factor are of the account that is chosen for them', async () => {
    const { page, bridge } = await renderer.show(twoAccounts);
    bridge.answer({
      copyHandle: () => ({ id: 'h9', clearsAt: states.at(1) }),
      enrolTotp: () => ({ uri: 'otpauth://x', key: 'KEY', qr: [[true]] }),
    });
    await goTo(page, 'Tools');
    await page.getByRole('button', { name: 'Make a saved password' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Tool').fill('DBeaver');
    await form.getByLabel('Account').selectOption(as);
    await form.getByRole('button', { name: 'Make and copy' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'copyHandle',
      request: { connection: 'sales', tool: 'DBeaver', as },
    });

    await goTo(page, 'Security');
    await page.getByLabel('Account').selectOption(as);
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'enrolTotp', request: { as } });
  });

  test('a group is looked up, and a connection tested, as the account that the screen names', async () => {
    const { page, bridge } = await renderer.show(twoAccounts);
    bridge.answer({
      readConnections: () => connections.written,
      listSecrets: () => connections.passwords,
      findGroups: () => ({ groups: [] }),
      testConnection: () => connections.tested,
    });
    await goTo(page, 'Connections');
    const choice = page.getByLabel('Account');
    await choice.waitFor();
    // The last that has signed in, until another one is chosen.
    expect(await choice.inputValue()).toBe(as);
    await page.getByRole('button', { name: 'Test sales' }).click();
    await eventually(() => bridge.calls.at(-1)).toMatchObject({
      action: 'testConnection',
      request: { name: 'sales', as },
    });
    const other = usual.account.objectId;
    await choice.selectOption(other);
    await page.getByRole('button', { name: 'Test payroll' }).click();
    await eventually(() => bridge.calls.at(-1)).toMatchObject({ request: { name: 'payroll', as: other } });
    await page.getByRole('button', { name: 'Add a connection' }).click();
    await page.getByLabel('Directory group').fill('data');
    await page.getByRole('button', { name: 'Look up the group' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'findGroups',
      request: { text: 'data', as: other },
    });
    await bridge.push(states.signedIn);
    await choice.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Look up the group' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'findGroups', request: { text: 'data' } });
  });

  test('whom only the network keeps away is named, beside the others and alone', async () => {
    const { page, bridge } = await renderer.show({
      ...states.signedIn,
      awaitedAccounts: [privileged.account],
    });
    const text = `${privileged.account.username} (Contoso admins) comes back by itself`;
    await page.getByText(text).waitFor();
    await bridge.push({ ...states.signedOut, awaitedAccounts: [privileged.account] });
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    await page.getByText(text).waitFor();
  });

  test('one more is added beside them, and what came of it is told', async () => {
    const { page, bridge } = await renderer.show(twoAccounts);
    bridge.answer({ signIn: () => undefined });
    await openAccounts(page);
    await page.getByRole('button', { name: 'Add an account' }).click();
    await eventually(() => focusedName(page)).toBe('Sign in with one more account');
    await page.getByRole('button', { name: 'Back' }).click();
    await eventually(() => focusedName(page)).toBe('Your connections');
    await openAccounts(page);
    await page.getByRole('button', { name: 'Add an account' }).click();
    await page.getByRole('button', { name: 'Sign in with a code' }).click();
    await eventually(() => bridge.calls.at(-1)?.action).toBe('signIn');
    await bridge.push({ ...twoAccounts, signIn: states.code.signIn });
    await eventually(() => focusedName(page)).toBe('Enter this code in your browser');
    await bridge.push({ ...troubledAccounts, accounts: [usual, { ...privileged, since: states.at(0) }] });
    await eventually(() => focusedName(page)).toBe('Your connections');
    await page.getByText('carla@fabrikam.example: The sign-in has reached its deadline.').waitFor();
    await openAccounts(page);
    await page.getByText('Usual account').waitFor();
  });
});
