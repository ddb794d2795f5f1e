import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, place, type Screen } from './each-screen.ts';
import * as states from './states.ts';
import { announced, eventually, expectVisibleFocus, tabTo } from './walk.ts';

const file = '/home/adele/.config/latchkey/latchkey.yaml';
const url = 'https://settings.contoso.example/latchkey';
const fault = (name: string, from: string, line: number, text: string) => ({
  name,
  problem: {
    code: 'config-invalid' as const,
    message: `Connection "${name}" is left out: ${text} (${from}, line ${line}).`,
    remedy: 'Correct what is named, and let the configuration count anew: latchkey config reload',
    faults: [{ file: from, line, text }],
  },
});
const one = fault('payroll', file, 31, 'connections[1].prot is not a known key; did you mean "port"?');
const other = fault('reports', url, 12, 'connections[4].port (80): ports below 1024 belong to the system');

const withFaults = (state: AppState): AppState => ({ ...state, faultyConnections: [one, other] });

const shows = [
  '2 connections are left out',
  'payroll',
  file,
  'Line 31',
  'did you mean "port"?',
  'reports',
  url,
  'Try again',
];
const screens: Screen[] = [
  { name: 'left-out', state: withFaults(states.signedIn), shows: ['Your connections', ...shows] },
  { name: 'left-out-signed-out', state: withFaults(states.signedOut), shows },
  {
    name: 'left-out-alone',
    state: { ...states.signedIn, connections: [], faultyConnections: [one] },
    shows: ['One connection is left out', 'Line 31'],
  },
  {
    name: 'left-out-connections',
    state: withFaults(states.signedIn),
    shows,
    answers: {
      readConnections: () => ({
        connections: [],
        freePorts: { postgresql: 15432, mysql: 13306, sqlserver: 11433 },
      }),
      listSecrets: () => ({ passwords: [] }),
    },
    open: (page) => place('Connections')(page),
  },
];

describeWith([parts.pageEngine], `connections that are left out: ${eachScreen}`, () => {
  checkScreens(screens, ['left-out']);
});

describeWith([parts.pageEngine], 'connections that are left out', () => {
  vi.setConfig({ testTimeout: 60_000 });
  const renderer = useAll(startRenderer);

  test('are opened and tried again by keyboard, and go with their fault', async () => {
    const { page, bridge } = await renderer.show(withFaults(states.signedIn));
    let mended = false;
    bridge.answer({
      openConfiguration: () => ({}),
      reloadConfiguration: () => {
        if (!mended) throw new LatchkeyError('config-invalid', 'The configuration has a fault: line 3.', {});
        return { changes: ['connection "payroll" (new)'], ended: 0, needsRestart: [], warnings: [] };
      },
    });
    await tabTo(page, new RegExp(`Open file ${file} for payroll`));
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({ action: 'openConfiguration', request: { file } });
    // What comes from an address is no file of this computer.
    expect(await page.getByRole('button', { name: /Open file/ }).count()).toBe(1);

    await tabTo(page, /Try again/);
    await page.keyboard.press('Enter');
    await page.getByText('The configuration has a fault: line 3.').waitFor();
    mended = true;
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('The configuration counts as it is now');
    await bridge.push(states.signedIn);
    await eventually(() => page.getByText('Line 31').count()).toBe(0);
  });

  test('are no reason to begin with the first run', async () => {
    const { page } = await renderer.show({
      ...states.signedOut,
      providers: [],
      connections: [],
      faultyConnections: [one],
    });
    await page.getByRole('navigation', { name: 'Latchkey' }).waitFor();
  });
});
