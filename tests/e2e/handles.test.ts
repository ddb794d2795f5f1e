import { execFile } from 'node:child_process';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionState } from '../../main/contract/state.ts';
import type { Latchkey, World } from '../support/latchkey.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith, parts } from '../support/parts.ts';
import { openAccounts, openConnection } from '../renderer/walk.ts';
import { psql, type PsqlResult } from '../support/psql.ts';
import { enterCode } from '../support/verification-page.ts';
import { type Application, applicationParts, eventually, startApplication } from './application.ts';
import type { Desktop } from './desktop.ts';

const run = promisify(execFile);
const ada = 'ada@fabrikam.example';

/** The application as it ships, the local tenant over TLS, a real PostgreSQL server and psql with what it has saved. */
describeWith(applicationParts, 'a tool with a handle', () => {
  let world: World;
  let latchkey: Latchkey;
  let desktop: Desktop;
  let page: Page;
  let place: Application['place'];
  let close: Application['close'] | undefined;
  let person: string;
  let sales: ConnectionState;
  let handle: string;

  beforeAll(async () => {
    ({ world, latchkey, desktop, page, place, close } = await startApplication({}, async (folder) => {
      // Files of tools are written for a person of this test alone.
      person = join(folder, 'person');
      await mkdir(person);
      return { HOME: person };
    }));
    await latchkey.signIn(ada);
    await page.getByText('Signed in until').waitFor();
    const { connections } = await latchkey.state();
    const found = connections.find(({ name }) => name === 'sales');
    if (found === undefined) throw new Error('no connection');
    sales = found;
  }, 300_000);
  afterAll(() => close?.());

  const query = (sql: string): Promise<PsqlResult> => {
    const { host, port, database } = sales;
    return psql({ host, port, user: ada, database, password: handle }, ['-c', sql]);
  };
  const letIn = { code: 0, stdout: 'sales_readonly\n' };

  test('a handle is made in the window, and goes to the clipboard only', async () => {
    await place('Tools');
    await page.getByRole('button', { name: 'Make a saved password' }).click();
    await page.getByLabel('Tool', { exact: true }).fill('My psql');
    await page.getByLabel('Connection').selectOption('sales');
    await page.getByRole('button', { name: 'Make and copy' }).click();
    await page.getByText('The saved password for My psql is copied.').waitFor();
    handle = await desktop.app.evaluate(async ({ clipboard }) => clipboard.readText());
    expect(handle).toMatch(/^lkh_/);
    await page.getByText('for any program that you allow').waitFor();
    expect(await page.content()).not.toContain(handle);
    expect(JSON.stringify(await latchkey.state())).not.toContain(handle);
  });

  test('the program that comes with it is named as the system does, and allowed for good', async () => {
    const login = query('select current_user');
    const dialog = page.getByRole('dialog', { name: /^May psql use / });
    await dialog.waitFor();
    await keepScreenshot(page, 'electron-program');
    const text = await dialog.innerText();
    expect(text).toMatch(/process \d+/);
    expect(text).toContain('bin/psql');
    expect(text).toContain('My psql');
    await dialog.getByText('always: this program for this connection').click();
    await dialog.getByRole('button', { name: 'Allow' }).click();
    expect(await login).toMatchObject(letIn);
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(/only for .*bin\/psql/).waitFor();
    expect(await query('select current_user')).toMatchObject(letIn);
  });

  test('its session is shown with who, what and how much, and ends with all others', async () => {
    const running = query("select repeat('x', 100000), pg_sleep(60)");
    await place('Activity');
    await page.getByText('with the saved password of My psql').waitFor();
    await page.getByText(/^process \d+, calls itself psql$/).waitFor();
    await eventually(() => page.getByText(/bytes sent, .* received$/).innerText()).toMatch(
      /^[1-9]\d* bytes sent, /,
    );
    await keepScreenshot(page, 'electron-sessions');
    await page.getByRole('button', { name: 'End all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End all' }).click();
    const ended = await running;
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('ended from Latchkey');
    await page.getByText('Nobody is connected').waitFor();
  });

  test('while nobody is signed in the login waits for the code in the window, and goes on by itself', async () => {
    await place('Access');
    await openAccounts(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    const login = query('select current_user');
    const dialog = page.getByRole('dialog', { name: /^Sign in to reach / });
    const code = dialog.getByTestId('device-code');
    await code.waitFor();
    await keepScreenshot(page, 'electron-tool-waits');
    expect(await dialog.innerText()).toContain('1 login');
    await dialog.getByRole('button', { name: 'Open sign-in page' }).click();
    await eventually(() => desktop.opened()).toHaveLength(1);
    const [address = ''] = await desktop.opened();
    const typed = (await code.innerText()).replaceAll(/\s/g, '');
    await enterCode(address, world.tenant.caPem, typed, ada);
    expect(await login).toMatchObject(letIn);
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Signed in until').waitFor();
  });

  test('psql gets its settings from the window, and connects by the name of the service alone', async () => {
    await openConnection(page, sales.title);
    await page.getByRole('button', { name: /^Connect a tool to sales/i }).click();
    const dialog = page.getByRole('dialog', { name: /^Connect a tool to / });
    await dialog.getByRole('radio', { name: /^psql/ }).check();
    await dialog.getByText(join(person, '.pg_service.conf')).waitFor();
    await keepScreenshot(page, 'electron-connect');
    await dialog.getByRole('button', { name: 'Write these files' }).click();
    await dialog.getByText('Written.').waitFor();
    const passwords = join(person, '.pgpass');
    expect(await readFile(passwords, 'utf8')).toContain('lkh_');
    expect((await stat(passwords)).mode & 0o777).toBe(0o600);
    expect(await page.content()).not.toContain('lkh_');
    await dialog.getByRole('button', { name: 'Close' }).click();

    const login = run(parts.psql.path ?? 'psql', ['-XAt', '-c', 'select current_user', 'service=sales'], {
      env: { PATH: process.env['PATH'] ?? '', HOME: person },
    });
    const asked = page.getByRole('dialog', { name: /^May psql use / });
    await asked.getByRole('button', { name: 'Allow' }).click();
    expect((await login).stdout).toBe(letIn.stdout);
  });

  test('once revoked it opens nothing', async () => {
    await place('Tools');
    await page.getByRole('button', { name: 'Revoke the saved password of My psql' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await eventually(() => page.getByText('My psql').count()).toBe(0);
    const refused = await query('select 1');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('has been revoked');
  });
});
