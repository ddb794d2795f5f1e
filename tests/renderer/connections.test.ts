import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as connections from './connection-states.ts';
import type { FakeBridge } from './fake-bridge.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';
import {
  announced,
  eventually,
  expectVisibleFocus,
  focusedName,
  goTo,
  openConnection,
  kept,
  tabTo,
} from './walk.ts';

const analysts = { id: '6b1e4a2c-0000-4000-8000-000000000001', name: 'Data Analysts' };
const canary = 'canary~Q8x7 password';

describeWith([parts.pageEngine], 'connections in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  async function show(state: AppState = states.signedIn): Promise<{ page: Page; bridge: FakeBridge }> {
    const { page, bridge } = await renderer.show(state);
    bridge.answer({
      readConnections: () => connections.written,
      listSecrets: () => connections.passwords,
      findGroups: () => ({ groups: [analysts] }),
      saveConnections: () => connections.saved,
    });
    await goTo(page, 'Connections');
    await page.getByRole('heading', { name: 'Sales warehouse' }).waitFor();
    return { page, bridge };
  }
  const asked = (bridge: FakeBridge, action: string): unknown[] =>
    bridge.calls.filter((call) => call.action === action).map(({ request }) => request);

  test('one is added by keyboard alone; faults stand at their fields, and nothing typed is lost', async () => {
    const { page, bridge } = await show();
    await tabTo(page, /Add a connection/);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Name');
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: '5 fields need another value.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Name');
    expect(asked(bridge, 'saveConnections')).toEqual([]);

    await page.keyboard.type('dwh');
    await tabTo(page, /^PostgreSQL/);
    await tabTo(page, /^Local port$/);
    expect(await page.getByLabel('Local port').inputValue()).toBe('15432');
    await tabTo(page, /^Host$/);
    await page.keyboard.type('dwh.contoso.example');
    await tabTo(page, /^Database$/);
    await page.keyboard.type('dwh');
    await tabTo(page, /^Directory group$/);
    await page.keyboard.type('data');
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('1 group found');
    expect(asked(bridge, 'findGroups')).toEqual([{ text: 'data' }]);
    await tabTo(page, /^Choose Data Analysts$/);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Choose another group than Data Analysts');
    await tabTo(page, /^Role$/);
    await page.keyboard.type('reader');
    await tabTo(page, /^Password$/);
    await page.keyboard.type(canary);
    // What is typed there is in the field alone.
    expect(await page.content()).not.toContain(canary);

    bridge.answer({
      saveConnections() {
        throw new LatchkeyError(
          'config-invalid',
          'The configuration x has 2 faults:\n  line 4: connections[2].port 15432 is taken by the HTTP API (api.port)\n  line 9: connections[2].rules[0].role ("reader"): must be shorter',
        );
      },
    });
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: '2 fields need another value.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Local port');
    expect(await page.getByLabel('Role', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByLabel('Host', { exact: true }).inputValue()).toBe('dwh.contoso.example');

    bridge.answer({ saveConnections: () => connections.saved });
    await page.getByLabel('Local port').fill('15433');
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('Connection added');
    expect(asked(bridge, 'saveConnections').at(-1)).toEqual({
      connections: [
        {
          name: 'dwh',
          is: 'new',
          settings: {
            protocol: 'postgresql',
            port: 15_433,
            upstream: { host: 'dwh.contoso.example', database: 'dwh' },
            rules: [{ group: analysts.id, role: 'reader', password: { stored: 'dwh-reader' } }],
          },
          groupNames: { [analysts.id]: analysts.name },
        },
      ],
      passwords: [{ name: 'dwh-reader', value: canary }],
    });
    expect(await kept(page)).not.toContain(canary);
    await page.getByText('The password is stored, encrypted.').waitFor();
  });

  test('an edit sends what has been changed, and keeps what the form does not have', async () => {
    const { page, bridge } = await show();
    await page.getByRole('button', { name: 'Edit sales' }).click();
    await page.getByLabel('Title').fill('Sales');
    await page.getByLabel('TLS').selectOption('Off, on this computer only');
    await page.getByLabel('Role', { exact: true }).nth(1).fill('sales_admin');
    await page.getByRole('button', { name: 'Save' }).click();
    await eventually(() => announced(page)).toBe('sales saved');
    const [reader, owner] = (connections.written.connections[0]?.settings['rules'] ?? []) as object[];
    expect(asked(bridge, 'saveConnections').at(-1)).toEqual({
      connections: [
        {
          name: 'sales',
          is: 'there',
          settings: {
            title: 'Sales',
            upstream: { tls: { mode: 'off' } },
            rules: [reader, { ...owner, role: 'sales_admin' }],
          },
          groupNames: {},
        },
      ],
    });
    expect(await focusedName(page)).toBe('Sales warehouse');
    await page.getByRole('button', { name: 'Edit payroll' }).click();
    await page.getByText('The configuration file names the server').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await eventually(() => announced(page)).toBe('payroll saved');
    expect(asked(bridge, 'saveConnections').at(-1)).toMatchObject({ connections: [{ settings: {} }] });
  });

  test('what is typed is still there after another screen, but no password', async () => {
    const { page } = await show();
    await page.getByRole('button', { name: 'Add a connection' }).click();
    await page.getByLabel('Name', { exact: true }).fill('dwh');
    await page.getByLabel('Role', { exact: true }).fill('reader');
    await page.getByLabel('Password', { exact: true }).fill(canary);
    await goTo(page, 'Settings');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    expect(await kept(page)).not.toContain(canary);
    await goTo(page, 'Connections');
    await page.getByLabel('Role', { exact: true }).waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('dwh');
    expect(await page.getByLabel('Role', { exact: true }).inputValue()).toBe('reader');
    expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Add a connection' }).click();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('');
  });

  test('a change of the file is shown by itself, and an open form sends only what was typed into it', async () => {
    const { page, bridge } = await show({ ...states.signedIn, configurationHash: 'a' });
    await page.getByRole('button', { name: 'Edit sales' }).click();
    await page.getByLabel('Title').fill('Sales');
    const [sales, payroll] = connections.written.connections;
    const changed = { ...sales?.settings, port: 6444 };
    bridge.answer({
      readConnections: () => ({
        ...connections.written,
        connections: [
          { name: 'sales', counts: true, settings: changed },
          { name: 'payroll', counts: true, settings: payroll?.settings ?? {} },
          { name: 'dwh', counts: false, settings: { ...changed, name: 'dwh', title: 'Data marts' } },
        ],
      }),
    });
    await bridge.push({ ...states.signedIn, configurationHash: 'b' });
    await page.getByRole('heading', { name: 'Data marts' }).waitFor();
    await page.getByText('PostgreSQL · port 6444').first().waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await eventually(() => announced(page)).toBe('sales saved');
    expect(asked(bridge, 'saveConnections').at(-1)).toMatchObject({
      connections: [{ name: 'sales', settings: { title: 'Sales' } }],
    });
    expect(asked(bridge, 'saveConnections').at(-1)).not.toHaveProperty('connections.0.settings.port');
    // Also while what has changed does not count yet.
    bridge.answer({ readConnections: () => ({ ...connections.written, connections: [] }) });
    await bridge.push({
      ...states.signedIn,
      configurationHash: 'b',
      configurationChange: { changes: ['connection "sales" (removed)'], ends: 0 },
    });
    await page.getByText('No connection is set up yet').waitFor();
  });

  test('a change takes the second factor, once for the connection and its password', async () => {
    const { page, bridge } = await show(identity.withFactors);
    await page.getByRole('button', { name: 'Edit sales' }).click();
    await page.getByLabel('New password', { exact: true }).fill(canary);
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' });
    await dialog.getByLabel('Code of your authenticator').fill('123456');
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('sales saved');
    expect(asked(bridge, 'saveConnections')).toMatchObject([
      { passwords: [{ name: 'sales-reader', value: canary }], code: '123456' },
    ]);
    expect(asked(bridge, 'storeSecret')).toEqual([]);
  });

  test('a test tells how far it is, can be cancelled, and shows what it has found', async () => {
    const { page, bridge } = await show();
    let end = (): void => {};
    bridge.answer({
      testConnection: () =>
        new Promise((resolve) => {
          end = () => resolve(connections.tested);
        }),
    });
    const button = page.getByRole('button', { name: 'Test sales' });
    await button.click();
    await page.getByText('Dialling the server…').waitFor();
    const [{ id } = { id: '' }] = asked(bridge, 'testConnection') as { id: string }[];
    expect(asked(bridge, 'testConnection')).toEqual([{ name: 'sales', id }]);
    await bridge.push({ ...states.signedIn, connectionTests: [{ id, step: 'logging-in' }] });
    await page.getByText('The server answers; logging in…').waitFor();
    await tabTo(page, /^Cancel the test of sales$/);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toBe('Test sales');
    await eventually(() => asked(bridge, 'cancelConnectionTest')).toEqual([{ id }]);
    end();
    await eventually(() => announced(page)).toBe('Tested: 1 failed, 1 in order');
    await page.getByText('17.2 (Debian 17.2-1)').waitFor();
  });

  test('in the form the test is of what stands there, with the password that is typed', async () => {
    const { page, bridge } = await show();
    bridge.answer({ testConnection: () => connections.tested });
    await page.getByRole('button', { name: 'Edit sales' }).click();
    await page.getByLabel('Host', { exact: true }).fill('other.contoso.example');
    await page.getByLabel('New password', { exact: true }).fill(canary);
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await eventually(() => asked(bridge, 'testConnection')).toMatchObject([
      {
        name: 'sales',
        settings: { upstream: { host: 'other.contoso.example' } },
        role: 'sales_reader',
        password: canary,
      },
    ]);
    expect(await page.getByLabel('Host', { exact: true }).inputValue()).toBe('other.contoso.example');
  });

  test('a password is written, never read, and gone from the page at once', async () => {
    const { page, bridge } = await show();
    bridge.answer({
      storeSecret() {
        throw new LatchkeyError('seal-unavailable', 'Secrets cannot be kept on this computer.');
      },
    });
    await page.getByRole('button', { name: 'Passwords of sales' }).click();
    const field = page.getByLabel('Password of role sales_owner');
    expect(await field.getAttribute('type')).toBe('password');
    await field.fill(canary);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Secrets cannot be kept' }).waitFor();
    expect(asked(bridge, 'storeSecret')).toEqual([{ name: 'sales-owner', value: canary }]);
    // A wrong one can be corrected: it is in the field alone, marked whole.
    expect(await field.inputValue()).toBe(canary);
    expect(await page.content()).not.toContain(canary);
    await eventually(() => focusedName(page)).toBe('Password of role sales_owner');
    await page.keyboard.type('x');
    expect(await field.inputValue()).toBe('x');
    // Nobody touches it: it does not wait for whoever comes by.
    await field.fill(canary);
    await page.clock.fastForward(119_000);
    expect(await field.inputValue()).toBe(canary);
    await page.clock.fastForward(2000);
    expect(await field.inputValue()).toBe('');
    bridge.answer({ storeSecret: () => undefined });
    await page.getByLabel('Whose').selectOption('role sales_reader');
    await page.getByRole('button', { name: 'Forget the stored one' }).click();
    await eventually(() => announced(page)).toBe('Password of role sales_reader forgotten');
    expect(asked(bridge, 'storeSecret').at(-1)).toEqual({ name: 'sales-reader', value: null });
  });

  test('a list is imported with one rule for all that have none', async () => {
    const { page, bridge } = await show();
    bridge.answer({ readImport: () => connections.imported });
    await page.getByRole('button', { name: 'Import' }).click();
    await eventually(() => focusedName(page)).toBe('Address');
    await page.getByLabel('Address').fill('postgresql://ada:hunter2@dwh/sales');
    await page.keyboard.press('Enter');
    await page.getByLabel('shop').uncheck();
    expect(await kept(page)).not.toContain('hunter2');
    await page.getByRole('button', { name: 'Import 1 connection' }).click();
    await page.getByRole('alert').filter({ hasText: '2 fields need another value.' }).waitFor();
    await eventually(() => focusedName(page)).toBe('Directory group');
    await page.getByLabel('Directory group').fill(analysts.id.toUpperCase());
    await page.keyboard.press('Enter');
    await page.getByLabel('Role', { exact: true }).fill('reader');
    await page.getByRole('button', { name: 'Import 1 connection' }).click();
    await eventually(() => announced(page)).toBe('Connection added');
    expect(asked(bridge, 'saveConnections').at(-1)).toEqual({
      connections: [
        {
          name: 'dwh',
          is: 'new',
          settings: {
            protocol: 'postgresql',
            upstream: { host: 'dwh.contoso.example', port: 6432 },
            rules: [{ group: analysts.id, role: 'reader', password: { stored: 'dwh-reader' } }],
          },
          groupNames: {},
        },
      ],
    });
  });

  test('what a connection lacks leads to its remedy', async () => {
    const { page, bridge } = await renderer.show(connections.lacking);
    bridge.answer({ readConnections: () => connections.written, listSecrets: () => connections.passwords });
    // Whoever comes here has it looked at.
    await eventually(() => asked(bridge, 'lookAtConnections')).toEqual([{}]);
    await tabTo(page, /^Look again: Sales warehouse$/);
    await page.keyboard.press('Enter');
    await eventually(() => asked(bridge, 'lookAtConnections').at(-1)).toEqual({ name: 'sales' });
    await eventually(() => announced(page)).toBe('Looked at Sales warehouse');
    expect(await focusedName(page)).toBe('Sales warehouse');
    await openConnection(page, 'Orders, production');
    await page.getByRole('button', { name: 'Look now: Orders, production' }).click();
    await eventually(() => asked(bridge, 'lookAtConnections').at(-1)).toEqual({ name: 'orders' });
    await openConnection(page, 'Sales warehouse');
    await page.getByRole('button', { name: 'Store the password of sales_reader' }).click();
    await eventually(() => focusedName(page)).toContain('password of role sales_reader');
    await goTo(page, 'Access');
    await page.getByRole('button', { name: 'Set one up for Sales warehouse' }).click();
    await page.getByRole('heading', { name: 'Security' }).waitFor();
    await goTo(page, 'Access');
    await page.getByRole('button', { name: 'See its settings: Sales warehouse, sales_reader' }).click();
    await page.getByRole('form', { name: 'Settings of sales' }).waitFor();
    // Without the way from a card it opens as it is.
    await goTo(page, 'Settings');
    await bridge.push({ ...states.signedIn });
    await goTo(page, 'Access');
    await page.getByRole('heading', { name: 'Sales warehouse' }).waitFor();
    // In two rows, and in the detail of the one that is chosen.
    expect(await page.getByText('Ready', { exact: true }).count()).toBe(3);
  });

  test('one is exported, and one removed after the question', async () => {
    const { page, bridge } = await show();
    bridge.answer({
      saveExport: () => ({ path: '/home/adele/list.yaml' }),
      removeConnection: () => ({ connections: [], ended: 0, warnings: [] }),
    });
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByLabel('Connections', { exact: true }).selectOption('payroll');
    await page.getByRole('button', { name: 'Choose where…' }).click();
    await eventually(() => announced(page)).toBe('Written to /home/adele/list.yaml');
    expect(asked(bridge, 'saveExport')).toEqual([{ names: ['payroll'], portable: true }]);
    await page.getByRole('button', { name: 'Remove payroll' }).click();
    const question = page.getByRole('dialog', { name: 'Remove this connection?' });
    expect(asked(bridge, 'removeConnection')).toEqual([]);
    await question.getByRole('button', { name: 'Remove connection' }).click();
    await eventually(() => asked(bridge, 'removeConnection')).toEqual([{ name: 'payroll' }]);
    await eventually(() => announced(page)).toContain('Connection removed.');
  });
});
