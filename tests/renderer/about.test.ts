import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { bundleText } from '../../main/contract/bundle-text.ts';
import type { SupportBundle } from '../../main/contract/support-bundle.ts';
import { emptyBundle } from '../desktop/fake-broker.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, place, press } from './each-screen.ts';
import type { FakeBridge } from './fake-bridge.ts';
import * as states from './states.ts';
import { arriveAt, eventually, focusedName, goTo, tabTo } from './walk.ts';

const bundle: SupportBundle = {
  ...emptyBundle,
  findings: [
    {
      name: 'connection connection-1',
      result: 'failed',
      message: 'Port 6432 is taken by pgbouncer (process 812).',
      remedy: 'Stop that program, or set another port for connection-1.',
    },
  ],
  log: Array.from(
    { length: 60 },
    (_, number) => `2026-03-10T09:00:00.000Z warn  host-1 did not answer for the ${number}. time.`,
  ),
};

const licences = `Latchkey\n\nMIT License\n\n${'Permission is hereby granted, free of charge, to any person. '.repeat(40)}`;

const openSupport = async (page: Page, bridge: FakeBridge): Promise<void> => {
  bridge.answer({ makeSupportBundle: () => ({ bundle }) });
  await place('About')(page);
  await press(page, 'Support bundle…');
};

describeWith([parts.pageEngine], `about, ${eachScreen}`, () =>
  checkScreens(
    [
      {
        name: 'about',
        state: states.signedIn,
        shows: [
          'Latchkey 0.1.0',
          '43.8.13',
          '150.0.7871.47',
          '24.21.0',
          'Linux 6.12.48+deb13-amd64 (x64)',
          '/home/adele/.local/state/latchkey/log/latchkey.log',
          '/home/adele/.config/latchkey/latchkey.yaml',
          'MIT licence',
        ],
        open: place('About'),
      },
      {
        name: 'about-signed-out',
        state: states.signedOut,
        shows: ['Latchkey 0.1.0', 'Support bundle…'],
        open: place('About'),
      },
      {
        name: 'support-bundle',
        state: states.signedIn,
        shows: ['Look through it before you send it', 'Port 6432 is taken by pgbouncer', 'Save…'],
        open: openSupport,
      },
      {
        name: 'support-bundle-saved',
        state: states.signedIn,
        shows: ['Written to /home/adele/latchkey-support.json'],
        async open(page, bridge) {
          bridge.answer({ saveSupportBundle: () => ({ path: '/home/adele/latchkey-support.json' }) });
          await openSupport(page, bridge);
          await press(page, 'Save…');
        },
      },
      {
        name: 'licences',
        state: states.signedIn,
        shows: ['MIT License', 'Open those of Chromium'],
        async open(page, bridge) {
          bridge.answer({ readLicences: () => ({ text: licences, hasChromium: true }) });
          await place('About')(page);
          await press(page, 'Show licences…');
        },
      },
    ],
    ['about', 'support-bundle'],
  ),
);

describeWith([parts.pageEngine], 'about', () => {
  vi.setConfig({ testTimeout: 120_000 });
  const renderer = useAll(startRenderer);
  const asked = (bridge: FakeBridge, action: string) =>
    bridge.calls.filter((call) => call.action === action).map(({ request }) => request);

  test('the support bundle is shown as it is saved, and saved where the person says so, by keyboard alone', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    let chosen: { path?: string } = {};
    bridge.answer({ makeSupportBundle: () => ({ bundle }), saveSupportBundle: () => chosen });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('support');
    await page.keyboard.press('Enter');
    await arriveAt(page, 'About');
    await tabTo(page, /^Support bundle…$/);
    await page.keyboard.press('Enter');
    const text = page.getByRole('region', { name: 'Text of the support bundle' });
    await text.waitFor();
    expect(await text.locator('pre').textContent()).toBe(bundleText(bundle));
    await tabTo(page, /^Text of the support bundle$/);
    await tabTo(page, /^Save…$/);
    await page.keyboard.press('Enter');
    await eventually(() => asked(bridge, 'saveSupportBundle')).toEqual([{}]);
    await page.getByRole('button', { name: 'Save…', disabled: false }).waitFor();
    // Whoever thinks better of it is told nothing.
    expect(await page.getByText('Written to').count()).toBe(0);
    chosen = { path: '/home/adele/b.json' };
    await page.keyboard.press('Enter');
    await eventually(() => page.getByRole('dialog').locator('output').last().innerText()).toBe(
      'Written to /home/adele/b.json.',
    );
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('Support bundle…');
    expect(asked(bridge, 'makeSupportBundle')).toEqual([{}]);
  });

  test('what cannot be gathered, saved or opened is said', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    const fails = (message: string) => () => {
      throw new LatchkeyError('command-failed', message);
    };
    bridge.answer({
      makeSupportBundle: fails('It cannot be gathered.'),
      openOwnFile: fails('It cannot be opened.'),
      openConfiguration: fails('There is no editor.'),
      readLicences: fails('It is not there.'),
    });
    await goTo(page, 'About');
    await press(page, 'Open log');
    await page.getByText('It cannot be opened.').waitFor();
    expect(asked(bridge, 'openOwnFile')).toEqual([{ file: 'log' }]);
    await press(page, 'Open configuration');
    await page.getByText('There is no editor.').waitFor();
    await press(page, 'Show licences…');
    await page.getByText('It is not there.').waitFor();
    await press(page, 'Close');
    await press(page, 'Support bundle…');
    await page.getByText('It cannot be gathered.').waitFor();
    expect(await page.getByRole('button', { name: 'Save…' }).count()).toBe(0);
    bridge.answer({ makeSupportBundle: () => ({ bundle }), saveSupportBundle: fails('The disk is full.') });
    await press(page, 'Close');
    await press(page, 'Support bundle…');
    await press(page, 'Save…');
    await page.getByText('The disk is full.').waitFor();
  });

  test('the licences of Chromium are opened by main', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({ readLicences: () => ({ text: licences, hasChromium: true }) });
    await goTo(page, 'About');
    await press(page, 'Show licences…');
    await press(page, 'Open those of Chromium');
    await eventually(() => asked(bridge, 'openOwnFile')).toEqual([{ file: 'chromium-licences' }]);
  });
});
