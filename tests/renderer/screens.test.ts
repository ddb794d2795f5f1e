import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { accessibilityViolations } from './axe.ts';
import { keepScreenshot, type RendererHarness, startRenderer } from './browser.ts';
import * as states from './states.ts';

interface Screen {
  name: string;
  state: AppState;
  /** What a person must find there. */
  shows: string[];
  open?: (page: Page) => Promise<void>;
}

const place = (name: string) => (page: Page) =>
  page.getByRole('navigation').getByRole('button', { name }).click();

const screens: Screen[] = [
  { name: 'signed-out', state: states.signedOut, shows: ['Sign in with a code', 'contoso.example'] },
  {
    name: 'two-providers',
    state: states.twoProviders,
    shows: ['Where is your account?', 'Fabrikam (partner)'],
  },
  {
    name: 'expired-code',
    state: states.expiredCode,
    shows: [
      'The code was not entered in time.',
      'Start the sign-in again',
      'AADSTS70020',
      'correlation id 6f0d2a58',
    ],
  },
  {
    name: 'port-taken',
    state: states.portTaken,
    shows: ['taken by pgbouncer (process 812)', 'Stop that program'],
  },
  { name: 'contacting', state: states.contacting, shows: ['Asking for a code', 'Cancel'] },
  { name: 'reading-groups', state: states.readingGroups, shows: ['Reading your groups'] },
  { name: 'restoring', state: states.restoring, shows: ['Restoring your last sign-in'] },
  {
    name: 'code',
    state: states.code,
    shows: [
      'Copy code',
      'Open sign-in page',
      'login.microsoft.com/device',
      'Valid for another 14:00',
      'Enter this code only if you started this sign-in on this computer',
      'contoso.example',
      '3f8c2b71-94a6-4a0e-b1f7-2c5d6e7f8a90',
      'Cancel sign-in',
    ],
  },
  {
    name: 'access',
    state: states.signedIn,
    shows: [
      'Adele Vance',
      'adele.vance@contoso.example',
      'Signed in until 16:24',
      'for another 7 h 12 min',
      'through Database operators, for 5 minutes',
      'psql "host=127.0.0.1 port=6432',
      'Your 3 groups',
      'None of your groups opens this database',
    ],
  },
  { name: 'no-access', state: states.noAccess, shows: ['No access', 'Your group'] },
  {
    name: 'troubled',
    state: states.troubled,
    shows: [
      'This is a local test tenant, not Microsoft',
      'The audit cannot be written because the disk is full',
      'the directory does not answer',
      'taken by pgbouncer',
      'Not available',
    ],
  },
  {
    name: 'groups',
    state: states.someGroups,
    shows: ['Your 40 groups'],
    open: (page) => page.locator('summary').click(),
  },
  {
    name: 'activity',
    state: states.busy,
    shows: [
      'DBeaver 25.3 - Main',
      'Unnamed program',
      'connected 5 min ago',
      'used 2 times',
      'not used yet',
      '9:00 left',
    ],
    open: place('Activity'),
  },
  {
    name: 'activity-empty',
    state: states.signedIn,
    shows: ['Nobody is connected', 'No token is valid right now', '/home/adele/.local/state/latchkey/audit'],
    open: place('Activity'),
  },
  {
    name: 'cut-session',
    state: states.busy,
    shows: ['End this session?', 'an open transaction is rolled back'],
    async open(page) {
      await place('Activity')(page);
      await page.getByRole('button', { name: 'End the session of psql' }).click();
    },
  },
  {
    name: 'settings',
    state: states.troubled,
    shows: [
      'Appearance',
      'Start when I log in',
      'kept in memory only',
      'No keyring',
      'Quit Latchkey',
      'Latchkey 0.1.0',
    ],
    open: place('Settings'),
  },
  {
    name: 'hostile-names',
    state: states.hostile,
    shows: [states.hostileNames.html, states.hostileNames.arabic],
  },
];

/** What reaches over the left or the right edge, where nobody could read it without scrolling sideways. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 1 && (left < -0.5 || right > innerWidth + 0.5);
      })
      .map((element) => `${element.tagName} ${element.className.toString()} ${element.textContent}`),
  );
}

const bodyText = (page: Page): Promise<string> => page.locator('body').innerText();

describeWith(
  [parts.chromium],
  'each screen: accessible in light and dark, whole at 200 % zoom, within the policy',
  () => {
    let renderer: RendererHarness;
    beforeAll(async () => {
      renderer = await startRenderer('screens');
    });
    afterAll(() => renderer.close());

    test.each(screens)('$name', { timeout: 60_000 }, async ({ name, state, shows, open }) => {
      const { page, complaints } = await renderer.show(state, { reducedMotion: 'reduce' });
      await open?.(page);
      for (const expected of shows)
        await expect.poll(() => bodyText(page), { timeout: 15_000 }).toContain(expected);

      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await keepScreenshot(page, `${name}-${colorScheme}`);
        expect(await accessibilityViolations(page)).toEqual([]);
      }

      // At 200 % a page has half of the window: 460 px of the first size, 210 px of the smallest.
      for (const width of [460, 210]) {
        await page.setViewportSize({ width, height: 360 });
        expect(await cutOff(page)).toEqual([]);
        for (const expected of shows) expect(await bodyText(page)).toContain(expected);
        await keepScreenshot(page, `${name}-zoom-${width}`);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    test('colours of the system win where it forces them', async () => {
      for (const { name, state, open } of screens.filter((screen) =>
        ['code', 'access', 'settings'].includes(screen.name),
      )) {
        const { page, complaints } = await renderer.show(state, { forcedColors: 'active' });
        await open?.(page);
        await keepScreenshot(page, `${name}-forced-colors`);
        expect(await accessibilityViolations(page)).toEqual([]);
        expect(complaints).toEqual([]);
        await page.context().close();
      }
    });
  },
);
