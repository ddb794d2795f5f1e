import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { signer } from '../organisation/bundles.ts';
import { startWebServer, type WebServer } from '../organisation/web-server.ts';
import { buildProduct } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { eventually } from './application.ts';
import { type Desktop, startDesktop, takeDisplay } from './desktop.ts';
import { desktopParts } from './parts.ts';

const { electron, display, sessionBus } = desktopParts;

/** The application as it ships, started by somebody who has nothing but a link. */
describeWith([electron, display, sessionBus], 'a first start with a link to an organisation', () => {
  const ours = signer();
  const closers: (() => Promise<unknown>)[] = [];
  let desktop: Desktop;
  let web: WebServer;

  beforeAll(async () => {
    closers.push(await takeDisplay());
    web = await startWebServer();
    closers.push(web.close);
    web.text = ours.bundle({
      configuration: stringify({
        providers: [],
        connections: [
          {
            name: 'sales',
            title: 'Sales of Fabrikam',
            protocol: 'postgresql',
            port: await freePort(),
            upstream: { host: 'localhost', database: 'sales', tls: { mode: 'off' } },
            rules: [{ group: '6c6f1a52-58f5-4a0a-9f39-6f4d7f0a0001', role: 'r', password: { stored: 's' } }],
          },
        ],
      }),
    });
    const address = `${web.url}#${ours.fingerprint}`;
    desktop = await startDesktop(await buildProduct(), {
      args: ['--password-store=gnome-libsecret', `latchkey://join?address=${encodeURIComponent(address)}`],
    });
    closers.push(desktop.close);
  }, 300_000);
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });

  test('the window asks, and nothing was fetched; then it shows what is set, and joins', async () => {
    const page = await desktop.window();
    const dialog = page.locator('dialog[open]');
    await dialog.getByLabel('Address', { exact: true }).waitFor();
    expect(web.asked).toBe(0);
    await dialog.getByRole('button', { name: 'Show what it sets' }).click();
    await dialog.getByText('Database "sales": postgresql at localhost.').waitFor();
    expect(await dialog.innerText()).toContain(ours.fingerprint);
    await keepScreenshot(page, 'electron-join');
    await dialog.getByRole('button', { name: 'Join', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await page.getByText('Serial number 7').waitFor();
    expect(await readFile(join(desktop.configFolder, 'latchkey', 'latchkey.yaml'), 'utf8')).toBe(
      'providers: []\n',
    );
  });

  test('a link that is opened while it runs leads there, too', async () => {
    const page = await desktop.window();
    const asked = web.asked;
    await desktop.launchAgain();
    const address = page.locator('dialog[open]').getByLabel('Address', { exact: true });
    await eventually(() => address.inputValue()).toContain(ours.fingerprint);
    expect(web.asked).toBe(asked);
  });

  test('a wake-up of the computer asks for newer settings at once', async () => {
    const page = await desktop.window();
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    web.text = ours.bundle({ serial: 8, configuration: stringify({ providers: [], mfa: { cache: '5m' } }) });
    await desktop.app.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'));
    await page.getByText('Serial number 8').waitFor();
  });
});
