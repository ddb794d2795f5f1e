import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { firstRunAnswers, saveFirstConnection } from './asking-start.ts';
import { startRenderer } from './browser.ts';
import { checkScreens, eachScreen, press, type Screen } from './each-screen.ts';
import type { Handlers } from './fake-bridge.ts';
import * as states from './states.ts';
import { eventually, focusedName, tabTo } from './walk.ts';

const nothing: AppState = { ...states.signedOut, providers: [], connections: [] };
const applicationId = '3f8c2b71-94a6-4a0e-b1f7-2c5d6e7f8a90';
const tenantId = 'f4b1ca00-0000-4000-8000-000000000001';

const screens: Screen[] = [
  {
    name: 'first-run',
    state: nothing,
    shows: ['Nothing is set up yet', 'Join your organisation', 'Set up by hand', 'Try the demo'],
  },
  {
    name: 'first-run-tenant',
    state: nothing,
    shows: ['Where do you sign in?', '1. Directory', 'Enter the domain of your tenant.'],
    async open(page) {
      await press(page, 'Set up by hand');
      await page.getByText('Another cloud').click();
      await press(page, 'Find and use it');
    },
  },
];

describeWith([parts.pageEngine], `the first run: ${eachScreen}`, () => {
  checkScreens(screens, ['first-run']);
});

describeWith([parts.pageEngine], 'the first run', () => {
  vi.setConfig({ testTimeout: 60_000 });
  const renderer = useAll(startRenderer);

  test('starts the demo once, says that it is under way, and why it did not start', async () => {
    const { page, bridge } = await renderer.show(nothing);
    const started = Promise.withResolvers<void>();
    let times = 0;
    bridge.answer({
      async startDemo() {
        times += 1;
        await started.promise;
        throw new LatchkeyError('command-failed', 'The demo did not start.', { remedy: 'There is no disk.' });
      },
    });
    await tabTo(page, /Start the demo/);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'The demo is starting…' }).waitFor();
    await page.keyboard.press('Enter');
    started.resolve();
    await page.getByRole('alert').getByText('There is no disk.').waitFor();
    await eventually(() => focusedName(page)).toBe('Start the demo');
    expect(times).toBe(1);
  });

  test('goes from nothing to the sign-in by keyboard alone, with the id that was found', async () => {
    const { page, bridge } = await renderer.show(nothing);
    let known = false;
    bridge.answer({
      findTenant: () => {
        if (!known)
          throw new LatchkeyError('tenant-unknown', 'There is no tenant contoso.com.', {
            remedy: 'Look at the domain.',
          });
        return { tenantId, authority: `https://login.microsoftonline.com/${tenantId}`, cloud: 'global' };
      },
      saveProvider: () => ({}),
    });
    await tabTo(page, /Set up by hand/);
    await page.keyboard.press('Enter');
    await eventually(() => focusedName(page)).toMatch(/Domain|Where do you sign in/);
    await page.getByLabel('Domain of your sign-in name').fill('@contoso.com');
    await page.getByLabel('Application (client) ID').fill(applicationId);
    await page.keyboard.press('Enter');
    await page.getByText('There is no tenant contoso.com.').waitFor();
    expect(bridge.calls.some(({ action }) => action === 'saveProvider')).toBe(false);

    known = true;
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)).toEqual({
      action: 'saveProvider',
      request: {
        name: 'contoso',
        type: 'azure-directory',
        enabled: true,
        authority: `https://login.microsoftonline.com/${tenantId}`,
        applicationId,
      },
    });
    await bridge.push({ ...states.signedOut, connections: [] });
    await page.getByRole('button', { name: 'Sign in with a code' }).waitFor();
    expect(await page.getByRole('list', { name: 'Steps' }).locator('[aria-current]').innerText()).toBe(
      '2. Sign in',
    );
  });

  test.each([
    ['connection sales', 'Try the port again', 'retryListeners'],
    ['settings of payroll', 'Open file', 'openConfiguration'],
    ['keyring', 'Unlock the keyring', 'unlockKeyring'],
    ['audit', 'Open the audit folder', 'openAuditFolder'],
    ['configuration', 'Open file', 'openConfiguration'],
  ] as const)('a finding has its remedy as a button: %s', async (name, words, action) => {
    let isMended = false;
    const { page, bridge, complaints } = await renderer.show(nothing, {}, {
      ...firstRunAnswers,
      runDoctor: () => ({
        checks: isMended ? [] : [{ name, result: 'failed', message: 'This is wrong.', remedy: 'Mend it.' }],
      }),
      retryListeners: () => undefined,
      openConfiguration: () => ({}),
      unlockKeyring: () => undefined,
      openAuditFolder: () => undefined,
    } as Handlers);
    await saveFirstConnection(page);
    await page.getByText('Mend it.').waitFor();
    const button = page.getByRole('button', { name: `${words}: ${name}` });
    isMended = true;
    await button.click();
    // It is looked at once more by itself.
    await page.getByText('All checks are in order').waitFor();
    expect(bridge.calls.filter((call) => call.action === action)).toEqual([{ action, request: {} }]);
    expect(bridge.calls.at(-1)?.action).toBe('runDoctor');
    expect(await button.count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('what has no remedy of ours says what to do, and has no button', async () => {
    const { page } = await renderer.show(
      nothing,
      {},
      {
        ...firstRunAnswers,
        runDoctor: () => ({
          checks: [{ name: 'clock', result: 'warning', message: 'It is late.', remedy: 'Set it.' }],
        }),
      },
    );
    await saveFirstConnection(page);
    await page.getByText('Set it.').waitFor();
    expect(await page.getByRole('button', { name: /clock/ }).count()).toBe(0);
    await page.context().close();
  });

  test('is over once an organisation was joined', async () => {
    const { page, bridge } = await renderer.show(nothing);
    await page.getByRole('heading', { name: 'Reach your databases with your Microsoft sign-in' }).waitFor();
    await bridge.push({
      ...nothing,
      joinedOrganisation: {
        name: 'Fabrikam',
        url: 'https://settings.fabrikam.example/latchkey',
        fingerprint: 'x',
        counts: true,
        serial: 1,
        issuedAt: states.at(0),
        joinedAt: states.at(0),
      },
    });
    await page.getByRole('navigation', { name: 'Latchkey' }).waitFor();
  });

  test('is not begun where something is set up already', async () => {
    const { page } = await renderer.show(states.signedOut);
    await page.getByRole('navigation', { name: 'Latchkey' }).waitFor();
  });
});
