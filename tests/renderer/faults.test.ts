import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { Start } from '../../main/contract/shapes.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, type Screen } from './each-screen.ts';
import { signedOut } from './states.ts';
import { announced, eventually, expectVisibleFocus, focusedName, tabTo } from './walk.ts';

const file = '/home/adele/.config/latchkey/latchkey.yaml';
const organisation = '/etc/latchkey/organisation.yaml';

const faulty: Extract<Start, { kind: 'failed' }> = {
  kind: 'failed',
  file,
  isThere: true,
  problem: {
    code: 'config-invalid',
    message: `The configuration ${file} has 3 faults:\n  …`,
    remedy: 'Correct the lines named; nothing has been changed.',
    faults: [
      { file, line: 12, text: 'connections[0].port (80): ports below 1024 belong to the system' },
      { file, line: 31, text: 'connections[1].prot is not a known key; did you mean "port"?' },
      { file: organisation, line: 4, text: 'session.deadline must be a time such as 30s, 5m or 8h' },
    ],
  },
};
const missing: Start = {
  kind: 'failed',
  file,
  isThere: false,
  problem: { code: 'config-unreadable', message: `The configuration ${file} does not exist.` },
};
const inUse: Start = {
  kind: 'failed',
  file,
  isThere: true,
  problem: {
    code: 'home-in-use',
    message: 'Another Latchkey (process 4120) runs on this home.',
    remedy: 'Use that one, or quit it.',
  },
};

const screen = (name: string, start: Start, shows: string[]): Screen => ({
  name,
  state: signedOut,
  shows,
  answers: { getStart: () => start },
});

const screens = [
  screen('faults', faulty, [
    'Latchkey has not started',
    '3 places in the configuration cannot count.',
    file,
    'Line 12',
    'ports below 1024 belong to the system',
    'Line 31',
    organisation,
    'Open file',
    'Try again',
  ]),
  screen('no-configuration', missing, ['There is no configuration yet', file, 'Set Latchkey up']),
  screen('start-failed', inUse, [
    'Another Latchkey (process 4120)',
    'Use that one, or quit it.',
    'Try again',
  ]),
];

describeWith([parts.pageEngine], `what keeps Latchkey from starting: ${eachScreen}`, () => {
  checkScreens(screens, ['faults']);
});

describeWith([parts.pageEngine], 'what keeps Latchkey from starting', () => {
  vi.setConfig({ testTimeout: 60_000 });
  const renderer = useAll(startRenderer);

  test('is opened, tried again and left behind by keyboard alone', async () => {
    let next: Start = { ...faulty, problem: { ...faulty.problem, faults: faulty.problem.faults?.slice(1) } };
    const { page, bridge } = await renderer.show(
      signedOut,
      {},
      { getStart: () => faulty, tryStart: () => next, openConfiguration: () => ({}) },
    );
    expect(await focusedName(page)).toBe('Latchkey has not started');
    await tabTo(page, new RegExp(`Open file ${file}`));
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'openConfiguration', request: { file } });

    await tabTo(page, /Try again/);
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('There are still 2 faults');
    await eventually(() => page.getByText('Line 12').count()).toBe(0);
    next = { kind: 'running' };
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    expect(bridge.calls.filter(({ action }) => action === 'getState')).not.toEqual([]);
  });

  test('a file that is not there is made when the person says so, and only then', async () => {
    const { page, bridge } = await renderer.show(
      signedOut,
      {},
      { getStart: () => missing, tryStart: ({ create }) => (create ? { kind: 'running' } : missing) },
    );
    await page.getByRole('button', { name: 'Try again' }).click();
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'tryStart', request: {} });
    expect(await page.locator('h1').innerText()).toBe('There is no configuration yet');
    await page.getByRole('button', { name: 'Set Latchkey up' }).click();
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
  });

  test('a file that cannot be opened says so, and stays on the screen', async () => {
    const { page } = await renderer.show(
      signedOut,
      {},
      {
        getStart: () => faulty,
        openConfiguration: () => {
          throw new LatchkeyError('command-failed', 'The system could not open it: no program for it', {
            remedy: 'Open it yourself in an editor.',
          });
        },
      },
    );
    await page.getByRole('button', { name: `Open file ${organisation}` }).click();
    await page.getByText('Open it yourself in an editor.').waitFor();
    await page.getByText('Line 31').waitFor();
  });
});
