import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { buildProduct } from '../support/builds.ts';
import { accessibilityViolations, keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { eventually } from './application.ts';
import { type Desktop, startDesktop, takeDisplay } from './desktop.ts';
import { desktopParts } from './parts.ts';

const { electron, display, sessionBus } = desktopParts;

/** The application as it ships, on a configuration that does not load. */
describeWith([electron, display, sessionBus], 'a start that fails', () => {
  vi.setConfig({ testTimeout: 180_000 });
  let root: string;
  let desktop: Desktop | undefined;
  let folder: string;
  let config: string;
  let leaveDisplay: () => Promise<void>;
  beforeAll(async () => {
    root = await buildProduct();
  });
  beforeEach(async () => {
    leaveDisplay = await takeDisplay();
    folder = await mkdtemp(join(tmpdir(), 'lk-faults-'));
    config = join(folder, 'settings', 'latchkey.yaml');
  }, 300_000);
  afterEach(async () => {
    await desktop?.close();
    await rm(folder, { recursive: true, force: true });
    await leaveDisplay();
  });

  async function open(env: Record<string, string> = {}): Promise<Page> {
    const args = ['--password-store=gnome-libsecret', '--config', config];
    desktop = await startDesktop(root, { args, env });
    return desktop.window();
  }
  const isUp = () =>
    readFile(join(desktop?.home ?? '', 'run', 'api.json'), 'utf8').then(Boolean, () => false);

  test('faults stand in the window with their lines; once they are corrected it starts in the same process', async () => {
    await mkdir(dirname(config));
    await writeFile(config, 'providers: []\n# mine\nconnektions: []\nreload: sometimes\n');
    const page = await open();
    await page.getByRole('heading', { name: 'Latchkey has not started' }).waitFor();
    await page.getByText('Line 3').waitFor();
    await page.getByText('connektions is not a known key').waitFor();
    await page.getByText('Line 4').waitFor();
    await keepScreenshot(page, 'electron-faults');
    expect(await accessibilityViolations(page)).toEqual([]);
    const pid = desktop?.app.process().pid;

    await page.getByRole('button', { name: `Open file ${config}` }).click();
    await eventually(() => desktop?.opened()).toEqual([config]);

    await writeFile(config, 'providers: []\nreload: sometimes\n');
    await page.getByRole('button', { name: 'Try again' }).click();
    await eventually(() => page.getByText('connektions').count()).toBe(0);
    await page.getByText('Line 2').waitFor();
    expect(await isUp()).toBe(false);

    // By keyboard: the button that was pressed has kept the focus.
    await writeFile(config, 'providers: []\n');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Reach your databases with your Microsoft sign-in' }).waitFor();
    expect(await isUp()).toBe(true);
    expect(desktop?.app.process().pid).toBe(pid);
    const log = await readFile(join(desktop?.home ?? '', 'log', 'latchkey.log'), 'utf8');
    expect(log).toContain(`is running (pid ${pid})`);
  });

  test('one connection with a fault is left out, and comes in once it is corrected', async () => {
    await mkdir(dirname(config));
    const faulty = [
      'providers: []',
      'connections:',
      '  - name: sales',
      '    protocol: postgresql',
      '    port: auto',
      '    upstream: {host: localhost, database: sales, tls: {mode: off}}',
      '    colour: red',
      '    rules: [{group: f4b1ca00-0000-4000-8000-000000000002, role: reader}]',
      '',
    ].join('\n');
    await writeFile(config, faulty);
    const page = await open();
    await page.getByText('One connection is left out').waitFor();
    await page.getByText('Line 7').waitFor();
    expect(await isUp()).toBe(true);
    await page.getByRole('button', { name: `Open file ${config} for sales` }).click();
    await eventually(() => desktop?.opened()).toEqual([config]);

    await writeFile(config, faulty.replace('    colour: red\n', ''));
    await page.getByRole('button', { name: 'Try again' }).click();
    await eventually(() => page.getByText('Line 7').count()).toBe(0);
  });

  test('a file that was named and is not there is made by the window', async () => {
    const page = await open();
    await page.getByRole('heading', { name: 'There is no configuration yet' }).waitFor();
    await page.getByRole('button', { name: 'Set Latchkey up' }).click();
    await page.getByRole('heading', { name: 'Reach your databases with your Microsoft sign-in' }).waitFor();
    expect(await readFile(config, 'utf8')).toBe('providers: []\n');
  });

  test('places that cannot be told are explained in the window, and closing it ends the process', async () => {
    const page = await open({ LATCHKEY_HOME: 'relative' });
    await page.getByText('LATCHKEY_HOME is no full path.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    const exited = new Promise((resolve) => desktop?.app.process().once('exit', resolve));
    // The page may be gone before the click has been told of.
    await page
      .getByRole('button', { name: 'Quit' })
      .click()
      .catch(() => undefined);
    expect(await exited).toBe(1);
  });
});
