import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { connect, type Latchkey, type World } from '../support/latchkey.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { type Application, applicationParts, eventually, startApplication } from './application.ts';

/** The application as it ships: a database is added, tested and used, and its password stored, without an editor. */
describeWith(applicationParts, 'connections in the window', () => {
  let world: World;
  let latchkey: Latchkey;
  let page: Page;
  let place: Application['place'];
  let close: Application['close'] | undefined;

  beforeAll(async () => {
    ({ world, latchkey, page, place, close } = await startApplication());
    await latchkey.signIn('ada@fabrikam.example');
    await page.getByText('Signed in until').waitFor();
  }, 300_000);
  afterAll(() => close?.());

  const form = () => page.getByRole('form', { name: 'New connection' });

  test('the card says ready once the server has been looked at', async () => {
    await page.getByText('Ready', { exact: true }).first().waitFor();
    const { connections } = await latchkey.state();
    expect(connections.find(({ name }) => name === 'sales')).toMatchObject({ ready: true, lacks: [] });
  });

  test('a connection is filled in, with its group by name, and tested with the password that is typed', async () => {
    const { host, port } = world.postgres;
    await place('Connections');
    await page.getByRole('button', { name: 'Add a connection' }).click();
    await form().getByLabel('Name', { exact: true }).fill('reports');
    // The one that is proposed may be that of another Latchkey that starts beside this one.
    await form()
      .getByLabel('Local port')
      .fill(String(await freePort()));
    await form().getByLabel('Host', { exact: true }).fill(host);
    await form().getByLabel('Port of the server').fill(String(port));
    await form().getByLabel('Database', { exact: true }).fill('sales');
    await form().getByLabel('TLS').selectOption('Off, on this computer only');
    await form().getByLabel('Directory group').fill('data analysts');
    await page.keyboard.press('Enter');
    await form().getByRole('button', { name: 'Choose Data Analysts' }).click();
    await form().getByLabel('Role', { exact: true }).fill('sales_readonly');
    await form().getByLabel('Password', { exact: true }).fill(world.passwords['sales-readonly']);
    await form().getByRole('button', { name: 'Test', exact: true }).click();
    await form().getByText('The server lets the role in.').waitFor();
    await form().getByText('Version').waitFor();
    await keepScreenshot(page, 'electron-connection');
    expect(await readFile(latchkey.config, 'utf8')).not.toContain('reports');
  });

  test('it is saved into the file, and its password into the sealed store', async () => {
    await form().getByRole('button', { name: 'Add connection' }).click();
    await page.getByText('Saved: reports').waitFor();
    await page.getByText('The password is stored, encrypted.').waitFor();
    const text = await readFile(latchkey.config, 'utf8');
    expect(text).toContain(`group: ${fabrikam.groups.dataAnalysts} # Data Analysts`);
    const password = world.passwords['sales-readonly'];
    for (const place of [text, await page.content(), JSON.stringify(await latchkey.state())])
      expect(place).not.toContain(password);
    const { passwords } = await (await latchkey.client()).call('listSecrets', {});
    expect(passwords).toContainEqual({ name: 'reports-sales_readonly', stored: true });
  });

  test('what is in use is tested from its card, and lets a client in', async () => {
    await page.getByRole('button', { name: 'Test reports' }).click();
    await eventually(() => page.getByRole('list', { name: 'Findings for reports' }).innerText()).toContain(
      'The server lets the role in.',
    );
    await keepScreenshot(page, 'electron-connections');
    const client = await connect(await latchkey.token('reports'));
    expect((await client.query('select current_database()')).rows).toEqual([{ current_database: 'sales' }]);
    await client.end();
  });

  test('a fault stands at its field, and nothing is written', async () => {
    const before = await readFile(latchkey.config, 'utf8');
    await page.getByRole('button', { name: 'Edit reports' }).click();
    const edit = page.getByRole('form', { name: 'Settings of reports' });
    await edit.getByLabel('Authority').waitFor({ state: 'detached' });
    await edit.getByLabel('Host', { exact: true }).fill('db.fabrikam.example');
    await edit.getByRole('button', { name: 'Save' }).click();
    await eventually(() => edit.getByLabel('TLS').getAttribute('aria-invalid')).toBe('true');
    expect(await readFile(latchkey.config, 'utf8')).toBe(before);
    await edit.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Remove reports' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove connection' }).click();
    await eventually(() => page.getByRole('button', { name: 'Edit reports' }).count()).toBe(0);
    expect(await readFile(latchkey.config, 'utf8')).not.toContain('reports');
  });
});
