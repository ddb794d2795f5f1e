import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { buildProduct } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { startWorld, type World } from '../support/latchkey.ts';
import { accessibilityViolations, colourRules, keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { applicationParts, eventually } from './application.ts';
import { type Desktop, startDesktop, takeDisplay } from './desktop.ts';

const run = promisify(execFile);

/** The application as it ships, on an empty home: to a row in psql, and no file is edited by anybody. */
describeWith(applicationParts, 'the first run in the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const closers: (() => Promise<unknown>)[] = [];
  let world: World;
  let desktop: Desktop;
  let page: Page;

  beforeAll(async () => {
    closers.push(await takeDisplay());
    world = await startWorld();
    closers.push(world.close);
    desktop = await startDesktop(await buildProduct(), { args: ['--password-store=gnome-libsecret'] });
    closers.push(desktop.close);
    page = await desktop.window();
  }, 300_000);
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });

  const config = () => readFile(join(desktop.configFolder, 'latchkey', 'latchkey.yaml'), 'utf8');
  async function looks(name: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await keepScreenshot(page, `electron-${name}-${colorScheme}`);
      expect(await accessibilityViolations(page, colorScheme === 'light' ? undefined : colourRules)).toEqual(
        [],
      );
    }
  }

  test('offers its ways, by keyboard too', async () => {
    await page.getByRole('heading', { name: 'Reach your databases with your Microsoft sign-in' }).waitFor();
    await looks('first-run');
    await page.getByRole('button', { name: 'Set up by hand' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Where do you sign in?' }).waitFor();
  });

  test('finds the tenant by its domain, and writes nothing before the application is known there', async () => {
    const { authority, graph, caFile, clientId, tenantId } = world.tenant;
    const form = page.getByRole('form', { name: 'Directory' });
    await form.getByText('Another cloud').click();
    await form.getByLabel('Cloud').selectOption('A local tenant on this computer, for tests');
    await form.getByLabel('Address of Graph').fill(graph);
    await form.getByLabel('Certificate authority').fill(caFile);
    await form
      .getByLabel('Domain of your sign-in name')
      .fill(authority.replace(tenantId, 'fabrikam.example'));
    await form.getByLabel('Application (client) ID').fill('00000000-0000-4000-8000-000000000000');
    await page.keyboard.press('Enter');
    await form.getByRole('alert').getByText('application').first().waitFor();
    expect(await config()).toBe('providers: []\n');
    await looks('first-run-tenant');

    await form.getByLabel('Application (client) ID').fill(clientId);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign in with a code' }).waitFor();
    const { providers } = parse(await config()) as { providers: object[] };
    // The id that the authority tells, not the domain, which may move to another tenant.
    expect(providers).toEqual([
      {
        name: 'fabrikam',
        type: 'azure-directory',
        enabled: true,
        cloud: 'local',
        authority,
        applicationId: clientId,
        resource: graph,
        caFile,
      },
    ]);
  });

  test('signs in with a code', async () => {
    await page.getByRole('button', { name: 'Sign in with a code' }).click();
    await page.getByRole('button', { name: 'Copy code' }).click();
    await eventually(() => desktop.app.evaluate(async ({ clipboard }) => clipboard.readText())).toMatch(
      /^\w{8,}$/,
    );
    const userCode = await desktop.app.evaluate(async ({ clipboard }) => clipboard.readText());
    world.tenant.complete({ userCode, user: 'ada@fabrikam.example' });
    await page.getByRole('heading', { name: 'Which database do you want to reach?' }).waitFor();
  });

  test('adds the first database, tested with its password', async () => {
    const { host, port } = world.postgres;
    const form = page.getByRole('form', { name: 'New connection' });
    await form.getByLabel('Name', { exact: true }).fill('sales');
    // The one that is proposed may be that of another Latchkey that starts beside this one.
    await form.getByLabel('Local port').fill(String(await freePort()));
    await form.getByLabel('Host', { exact: true }).fill(host);
    await form.getByLabel('Port of the server').fill(String(port));
    await form.getByLabel('Database', { exact: true }).fill('sales');
    await form.getByLabel('TLS').selectOption('Off, on this computer only');
    await form.getByLabel('Directory group').fill('data analysts');
    await page.keyboard.press('Enter');
    await form.getByRole('button', { name: 'Choose Data Analysts' }).click();
    await form.getByLabel('Role', { exact: true }).fill('sales_readonly');
    await form.getByLabel('Password', { exact: true }).fill(world.passwords['sales-readonly']);
    await form.getByRole('button', { name: 'Test', exact: true }).click();
    await form.getByText('The server lets the role in.').waitFor();
    await looks('first-run-database');
    await form.getByRole('button', { name: 'Add connection' }).click();
    await page.getByRole('heading', { name: 'sales is set up' }).waitFor();
    expect(await config()).toContain(`group: ${fabrikam.groups.dataAnalysts} # Data Analysts`);
  });

  test('ends with a token, and psql reads a row with it', async () => {
    await page
      .getByRole('region', { name: 'Findings' })
      .getByText(/in order|need/)
      .waitFor();
    await looks('first-run-token');
    await page.getByRole('button', { name: 'Copy token' }).click();
    await page.getByText('Paste it as the password before').waitFor();
    const token = await desktop.app.evaluate(async ({ clipboard }) => clipboard.readText());
    expect(await page.content()).not.toContain(token);
    const command = await page.locator('code[dir=ltr]').innerText();
    const query = "-X -A -t -c 'select current_user, current_database()'";
    const { stdout } = await run('/bin/sh', ['-c', `${command} ${query}`], {
      env: { ...process.env, PGPASSWORD: token },
    });
    expect(stdout.trim()).toBe('sales_readonly|sales');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('navigation', { name: 'Latchkey' }).waitFor();
  });
});
