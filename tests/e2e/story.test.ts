import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProduct } from '../support/builds.ts';
import type { Latchkey, World } from '../support/latchkey.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { openAccounts, openConnection } from '../renderer/walk.ts';
import { psql } from '../support/psql.ts';
import { enterCode } from '../support/verification-page.ts';
import { type Application, applicationParts, eventually, startApplication } from './application.ts';
import { type Desktop, startDesktop } from './desktop.ts';

/** The application as it ships, the local tenant over TLS, a real PostgreSQL server and psql. */
describeWith(applicationParts, 'a day with Latchkey', () => {
  let world: World;
  let latchkey: Latchkey;
  let desktop: Desktop;
  let page: Page;
  let place: Application['place'];
  let close: Application['close'] | undefined;

  beforeAll(async () => {
    ({ world, latchkey, desktop, page, place, close } = await startApplication());
  }, 300_000);
  afterAll(async () => {
    // The second start.
    await desktop?.close();
    await close?.();
  });

  const clipboardText = (app: ElectronApplication) =>
    app.evaluate(async ({ clipboard }) => clipboard.readText());
  const query = async (connection: string, sql: string, password: string) => {
    const { connections, signIn } = await latchkey.state();
    const { host, port, database } = connections.find(({ name }) => name === connection) ?? {};
    if (host === undefined || port === undefined || database === undefined)
      throw new Error(`no ${connection}`);
    const user = signIn.kind === 'signed-in' ? signIn.account.username : 'nobody';
    return psql({ host, port, user, database, password }, ['-c', sql]);
  };

  test('signing in with the code on the verification page', async () => {
    await page.getByText('This is a local test tenant, not Microsoft').waitFor();
    await page.getByRole('button', { name: 'Sign in with a code' }).click();
    await page.getByRole('heading', { name: 'Enter this code in your browser' }).waitFor();
    await keepScreenshot(page, 'electron-code');
    await page.getByRole('button', { name: 'Open sign-in page' }).click();
    await eventually(() => desktop.opened()).toHaveLength(1);
    const [address = ''] = await desktop.opened();
    expect(new URL(address).origin).toBe(new URL(world.tenant.authority).origin);

    await page.getByRole('button', { name: 'Copy code' }).click();
    await eventually(() => clipboardText(desktop.app)).toMatch(/^[A-Z0-9]{9}$/);
    const shown = (await page.getByTestId('device-code').innerText()).replaceAll(/\s/g, '');
    expect(await clipboardText(desktop.app)).toBe(shown);
    await enterCode(address, world.tenant.caPem, shown, 'ada@fabrikam.example');
    await page.getByText('Signed in until').waitFor();
    await page.getByText('ada@fabrikam.example').first().waitFor();
  });

  test('a token from the window lets psql in, and is shown while it works', async () => {
    await openConnection(page, 'sales');
    await page.getByRole('button', { name: /Copy token for sales, role sales_readonly/ }).click();
    await page.getByText('Paste it as the password before').waitFor();
    await keepScreenshot(page, 'electron-access');
    const token = await clipboardText(desktop.app);
    expect(token).toMatch(/^lk_/);
    expect(await query('sales', 'select current_user', token)).toMatchObject({
      code: 0,
      stdout: 'sales_readonly\n',
    });

    const running = query('sales', 'select pg_sleep(60)', token);
    await place('Activity');
    await page.getByText(/^process \d+, calls itself psql$/).waitFor();
    await page.getByText('role sales_readonly · used 2 times').waitFor();
    await keepScreenshot(page, 'electron-activity');
    await page.getByRole('button', { name: 'End the session of psql' }).click();
    await page.getByRole('button', { name: 'End session' }).click();
    const ended = await running;
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('The session has been ended from Latchkey.');
    await page.getByText('Nobody is connected').waitFor();

    await page.getByRole('button', { name: /Revoke the token for sales/ }).click();
    await page.getByText('No token is valid right now').waitFor();
    const refused = await query('sales', 'select 1', token);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('revoked');
  });

  test('what the groups do not open is said, not offered', async () => {
    await place('Access');
    await openConnection(page, 'payroll');
    await page.getByText('None of your groups opens this database.').waitFor();
    expect(await page.getByRole('button', { name: /Copy token for payroll/ }).count()).toBe(0);
  });

  test('after a restart the session is there again without a code', async () => {
    const { app } = desktop;
    const exited = new Promise((resolve) => app.process().once('exit', resolve));
    await app
      .evaluate(({ app: electronApp }) => void setImmediate(() => electronApp.quit()))
      .catch(() => undefined);
    await exited;
    desktop = await startDesktop(await buildProduct(), {
      home: latchkey.home,
      args: ['--config', latchkey.config, '--password-store=gnome-libsecret'],
    });
    page = await desktop.window();
    await page.getByText('Signed in until').waitFor();
  });

  test('signing out closes the door', async () => {
    await openConnection(page, 'sales');
    await page.getByRole('button', { name: /Copy token for sales, role sales_readonly/ }).click();
    await page.getByText('Paste it as the password before').waitFor();
    const token = await clipboardText(desktop.app);
    await openAccounts(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    expect((await query('sales', 'select 1', token)).code).not.toBe(0);
    const events = (await latchkey.audit()).map(({ event }) => event);
    expect(events).toContain('broker-started');
    expect(events).toContain('broker-stopped');
  });
});
