import { expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { StatePatch } from '../../main/contract/state-patch.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';
import { callCounter } from './work.ts';
import { announced, eventually, expectVisibleFocus, focusedName, goTo, openAccounts, tabTo } from './walk.ts';

const inAMinute = new Date(states.moment + 60_000).toISOString();
const copiedToken = {
  id: 't9',
  role: 'sales_reader',
  expiresAt: new Date(states.moment + 900_000).toISOString(),
  clearsAt: inAMinute,
};

describeWith([parts.pageEngine], 'the window', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const renderer = useAll(startRenderer);

  test('sign-in from start to end by keyboard alone', async () => {
    const { page, bridge } = await renderer.show(states.twoProviders);
    bridge.answer({ signIn: () => undefined, cancelSignIn: () => undefined });
    expect(await focusedName(page)).toBe('Sign in to reach your databases');

    await tabTo(page, /Contoso/);
    await page.keyboard.press('ArrowDown');
    expect(await focusedName(page)).toContain('Fabrikam');
    await expectVisibleFocus(page);
    await tabTo(page, /Sign in with a code/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await expect
      .poll(() => bridge.calls.at(-1))
      .toEqual({ action: 'signIn', request: { provider: 'Fabrikam (partner)', way: 'device-code' } });

    await bridge.push(states.contacting);
    await eventually(() => focusedName(page)).toBe('Contacting the directory…');
    await bridge.push(states.code);
    await eventually(() => focusedName(page)).toBe('Enter this code in your browser');
    await tabTo(page, /Open sign-in page/);
    await page.keyboard.press('Space');
    await tabTo(page, /Copy code/);
    await page.keyboard.press('Enter');
    await eventually(() => announced(page)).toBe('Code copied');
    expect(bridge.calls.map(({ action }) => action)).toContain('openVerificationPage');
    await tabTo(page, /Cancel sign-in/);
    await page.keyboard.press('Enter');
    await eventually(() => bridge.calls.at(-1)?.action).toBe('cancelSignIn');

    await bridge.push(states.signedIn);
    await eventually(() => focusedName(page)).toBe('Your connections');
    await tabTo(page, /Copy token for Sales warehouse, role sales_reader/);
    await expectVisibleFocus(page);
  });

  test('every control is reached by Tab, forwards and backwards, and shows it', async () => {
    for (const [state, place] of [
      [states.signedIn, 'Access'],
      [states.busy, 'Activity'],
      [states.busy, 'Tools'],
      [identity.withFactors, 'Security'],
      [identity.chain, 'Providers'],
      [states.signedIn, 'Doctor'],
      [states.signedIn, 'Settings'],
    ] as const) {
      const { page } = await renderer.show(state);
      await goTo(page, place);
      if (place === 'Settings') await page.getByLabel('System').waitFor();
      if (place === 'Activity') await page.getByLabel('Only refusals').waitFor();
      const controls = await page
        .locator(
          [
            'button',
            'summary',
            'select',
            'input[type=search]',
            'input[type=text]',
            'input[type=checkbox]',
            'input[type=radio]:checked',
          ]
            .map((control) => `${control}:visible:not([tabindex="-1"])`)
            .concat('[tabindex="0"]:visible:not(button)')
            .join(', '),
        )
        .evaluateAll((elements) => {
          for (const [index, element] of elements.entries())
            element.setAttribute('data-control', String(index));
          return elements.length;
        });
      for (const key of ['Tab', 'Shift+Tab']) {
        const reached: string[] = [];
        // One step more: between the last control and the first one the focus is on the page itself.
        for (let step = 0; step <= controls; step += 1) {
          await page.keyboard.press(key);
          const control = await page.evaluate(
            () => document.activeElement?.getAttribute('data-control') ?? '',
          );
          if (control === '') continue;
          await expectVisibleFocus(page);
          reached.push(control);
        }
        expect(new Set(reached).size, `${place} by ${key}: ${reached.join(' ')}`).toBe(controls);
      }
      await page.context().close();
    }
  });

  test('the code is read letter by letter, and its end is told in time', async () => {
    const { page } = await renderer.show(states.code);
    expect(await page.getByTestId('device-code').getAttribute('aria-hidden')).toBe('true');
    expect(await page.getByText('The code is').innerText()).toBe('The code is C, Q, 7, M, X, R, L, 4, T');
    expect(await page.getByTestId('device-code').locator('span').allInnerTexts()).toEqual([
      'CQ7',
      'MXR',
      'L4T',
    ]);
    expect(await announced(page)).toBe('');
    await page.clock.setFixedTime(states.moment + 13 * 60_000 + 5_000);
    await eventually(() => page.getByRole('timer').innerText()).toBe('Valid for another 0:55');
    await eventually(() => announced(page)).toBe('The code is valid for one more minute');
    await page.clock.setFixedTime(states.moment + 15 * 60_000);
    await eventually(() => page.getByRole('timer').innerText()).toBe('The code has expired');
  });

  test('other forms of codes keep their groups', async () => {
    const groups = async (userCode: string) => {
      if (states.code.signIn.kind !== 'code') throw new Error('no code');
      const { page } = await renderer.show({ ...states.code, signIn: { ...states.code.signIn, userCode } });
      const found = await page.getByTestId('device-code').locator('span').allInnerTexts();
      await page.context().close();
      return found;
    };
    expect(await groups('WDJB-MJHT')).toEqual(['WDJB-', 'MJHT']);
    expect(await groups('ABCDEFGH')).toEqual(['ABCD', 'EFGH']);
    expect(await groups('A1B2C')).toEqual(['A1B2', 'C']);
  });

  test('a copied token is told where it is needed, until it leaves the clipboard', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({ copyToken: () => copiedToken });
    await page.getByRole('button', { name: 'Copy token for Sales warehouse, role sales_reader' }).click();
    const told = page.getByText('Paste it as the password before');
    await told.waitFor();
    expect(await told.innerText()).toContain('09:27');
    expect(await told.innerText()).toContain('60 s');
    expect(await announced(page)).toBe('Token for Sales warehouse copied. Paste it as the password.');
    expect(bridge.calls.at(-1)).toEqual({
      action: 'copyToken',
      request: { connection: 'sales', role: 'sales_reader' },
    });
    await page.clock.setFixedTime(states.moment + 45_000);
    await eventually(() => told.innerText()).toContain('15 s');
    await page.clock.setFixedTime(states.moment + 60_000);
    await told.waitFor({ state: 'detached' });
  });

  test('a refusal stands beside what was asked, with the remedy, and is announced', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    bridge.answer({
      copyToken() {
        throw new LatchkeyError('upstream-unreachable', 'The database does not answer.', {
          remedy: 'Try again later.',
        });
      },
    });
    await page.getByRole('button', { name: 'Copy token for Sales warehouse' }).click();
    const card = page.getByRole('region', { name: 'Sales warehouse' });
    const alert = card.getByRole('alert').filter({ hasText: 'The database does not answer.' });
    await alert.waitFor();
    expect(await alert.innerText()).toContain('Try again later.');
    expect(await card.getByText('Paste it as the password').count()).toBe(0);
    await card.getByRole('button', { name: 'Dismiss' }).click();
    await alert.waitFor({ state: 'detached' });
  });

  test('ending a session asks first: Escape keeps it and gives the focus back', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    await page.getByRole('button', { name: 'Activity' }).click();
    const end = page.getByRole('button', { name: 'End the session of psql on Sales warehouse' });
    await end.focus();
    await page.keyboard.press('Enter');
    const dialog = page.locator('dialog').filter({ hasText: 'End this session?' });
    await dialog.waitFor();
    expect(await focusedName(page)).toBe('Cancel');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('End the session of psql on Sales warehouse');
    expect(bridge.calls.map(({ action }) => action)).not.toContain('cutSessions');

    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await tabTo(page, /^End session$/);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(bridge.calls.at(-1)).toEqual({ action: 'cutSessions', request: { id: 's2' } });
    expect(await focusedName(page)).toBe('Live database sessions');
    expect(await announced(page)).toBe('Session ended');
  });

  test('a port that is taken is named where its connection is shown, and tried again by a button', async () => {
    const problem = {
      code: 'port-in-use' as const,
      message: 'Port 15432 at ::1 is in use by node (process 812).',
    };
    const [first, ...rest] = states.busy.connections;
    if (first === undefined) throw new Error('no connection');
    const { page, bridge } = await renderer.show({
      ...states.busy,
      connections: [{ ...first, listener: { kind: 'listening', problem } }, ...rest],
    });
    await page.getByText(problem.message).waitFor();
    await page.getByRole('button', { name: `Try again: the port of ${first.title}` }).click();
    await expect.poll(() => bridge.calls.at(-1)?.action).toBe('retryListeners');
  });

  test('all sessions are ended at once, after a question', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    await page.getByRole('button', { name: 'Activity' }).click();
    await page.getByRole('button', { name: 'End all' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('3 database sessions end at once.').waitFor();
    expect(await focusedName(page)).toBe('Cancel');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(bridge.calls.map(({ action }) => action)).not.toContain('cutSessions');

    await page.getByRole('button', { name: 'End all' }).click();
    await dialog.getByRole('button', { name: 'End all' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(bridge.calls.at(-1)).toEqual({ action: 'cutSessions', request: { all: true } });
    expect(await announced(page)).toBe('All sessions ended');
    expect(await focusedName(page)).toBe('Live database sessions');
  });

  test('a session that cannot be ended says so in the dialog', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    bridge.answer({
      cutSessions() {
        throw new LatchkeyError('session-unknown', 'There is no live database session with this id.');
      },
    });
    await page.getByRole('button', { name: 'Activity' }).click();
    await page.getByRole('button', { name: 'End the session of psql' }).click();
    await page.getByRole('button', { name: 'End session' }).click();
    await page.getByRole('dialog').getByText('There is no live database session with this id.').waitFor();
  });

  test('tokens are revoked one by one or all at once', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    await page.getByRole('button', { name: 'Activity' }).click();
    await page
      .getByRole('button', { name: 'Revoke the token for Orders, production, role orders_owner' })
      .click();
    await eventually(() => announced(page)).toBe('Token revoked');
    expect(bridge.calls.at(-1)).toEqual({ action: 'revokeTokens', request: { id: 't2' } });
    await page.getByRole('button', { name: 'Revoke all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke all' }).click();
    await eventually(() => announced(page)).toBe('All tokens revoked');
    expect(bridge.calls.at(-1)).toEqual({ action: 'revokeTokens', request: { all: true } });
  });

  test('preferences are shown as they are and changed one at a time', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('System').waitFor();
    expect(await page.getByLabel('System').isChecked()).toBe(true);
    await page.getByText('Dark', { exact: true }).click();
    await eventually(() => page.getByLabel('Dark').isChecked()).toBe(true);
    expect(bridge.calls.at(-1)).toEqual({ action: 'setPreferences', request: { theme: 'dark' } });
    await page.getByLabel('Start when I log in').click();
    await eventually(() => page.getByLabel('Start when I log in').isChecked()).toBe(true);

    bridge.answer({
      setPreferences() {
        throw new LatchkeyError('command-failed', 'Start at login could not be changed.');
      },
    });
    await page.getByLabel('Start when I log in').click();
    await page.getByText('Start at login could not be changed.').waitFor();
    expect(await page.getByLabel('Start when I log in').isChecked()).toBe(true);
  });

  test('quitting asks only while somebody is connected', async () => {
    const { page, bridge } = await renderer.show(states.busy);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Quit Latchkey' }).click();
    await page.getByText('3 database sessions are open and end at once.').waitFor();
    expect(bridge.calls.map(({ action }) => action)).not.toContain('quit');
    await page.getByRole('button', { name: 'Quit', exact: true }).click();
    await eventually(() => bridge.calls.at(-1)?.action).toBe('quit');
  });

  test('after a lock whose end the system has not told, logins are let in again by keyboard', async () => {
    const { page, bridge } = await renderer.show({ ...states.signedIn, lockedSince: states.at(-12) });
    const button = page.getByRole('button', { name: 'Let logins in again' });
    bridge.answer({
      unlockAtScreen() {
        throw new LatchkeyError('sign-in-required', 'Nobody is signed in.');
      },
    });
    await tabTo(page, /^Let logins in again$/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Nobody is signed in.' }).waitFor();
    bridge.answer({
      async unlockAtScreen() {
        await bridge.push(states.signedIn);
        return undefined;
      },
    });
    await page.keyboard.press('Enter');
    await button.waitFor({ state: 'detached' });
    await eventually(() => announced(page)).toBe('Logins are let in again');
    expect(await focusedName(page)).toBe('Your connections');
  });

  test('a changed configuration is applied by keyboard, and a fault is said where it was asked for', async () => {
    const { page, bridge } = await renderer.show(states.changedConfiguration);
    const button = page.getByRole('button', { name: 'Apply the changes' });
    bridge.answer({
      reloadConfiguration() {
        throw new LatchkeyError('config-invalid', 'Line 3 has a fault.');
      },
    });
    await tabTo(page, /^Apply the changes$/);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Line 3 has a fault.' }).waitFor();
    bridge.answer({
      async reloadConfiguration() {
        await bridge.push(states.signedIn);
        return { changes: [], ended: 2, needsRestart: [], warnings: [] };
      },
    });
    await page.keyboard.press('Enter');
    await button.waitFor({ state: 'detached' });
    await eventually(() => announced(page)).toBe('The configuration counts as it is now');
    expect(await focusedName(page)).toBe('Your connections');
  });

  test('1,200 groups open at once; search and pushed snapshots cost little more', async () => {
    const { page, bridge } = await renderer.show(states.manyGroups);
    await openAccounts(page);
    const calls = await callCounter(page);
    const groups = page.locator('details li');

    await page.locator('summary').click();
    await eventually(() => groups.count()).toBe(1200);
    const toOpen = await calls();

    const search = page.getByRole('searchbox', { name: 'Search your groups' });
    await search.pressSequentially('project 0042');
    await page.getByText('1 of 1,200').waitFor();
    // Three times in fact, as for the snapshots below; twenty times where each of those draws the rows again.
    expect(await calls()).toBeLessThan(6 * toOpen);
    expect(await groups.allTextContents()).toEqual(['Project 0042 members']);
    await search.fill('00000000-0000-4000-8000-000000000099');
    await page.getByText('Name not readable').waitFor();
    await search.fill('nothing like that');
    await page.getByText('0 of 1,200').waitFor();
    await search.fill('');
    await eventually(() => groups.count()).toBe(1200);

    await calls();
    for (let turn = 0; turn < 30; turn += 1) await bridge.push(states.manyGroups);
    expect(await calls()).toBeLessThan(6 * toOpen);
    await bridge.push(states.signedIn);
    await eventually(() => groups.count()).toBe(3);

    // Closed, they take the rest of the panel along no more.
    await page.locator('summary').click();
    await eventually(() => groups.count()).toBe(0);
    expect(await page.locator('summary').count()).toBe(1);
  });

  test('names out of the directory stay text, and cannot reorder themselves or their neighbours', async () => {
    const { page, complaints } = await renderer.show(states.hostile);
    for (const place of ['Access', 'Activity', 'Tools', 'Settings']) {
      await goTo(page, place);
      if (place === 'Access') {
        await openAccounts(page);
        await page.locator('summary').click();
      }
      expect(await page.locator('img, script:not([src])').count()).toBe(0);
      const text = await page.locator('body').innerText();
      expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
      // Whatever is from outside stands in an isolate of its own.
      const loose = await page.evaluate(
        (names) => {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found: string[] = [];
          for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
            const isName = names.some((name) => node.textContent?.includes(name));
            if (isName && node.parentElement?.closest('bdi, code') === null)
              found.push(node.textContent ?? '');
          }
          return found;
        },
        ['onerror', 'nimda', 'فريق'],
      );
      expect(loose).toEqual([]);
      // Long names make a large panel, which stands before the places.
      await page.keyboard.press('Escape');
    }
    await page.getByRole('navigation').getByRole('button', { name: 'Access' }).click();
    expect(await page.getByText('\uFFFDnimda\uFFFD').count()).toBeGreaterThan(0);
    expect(await page.title()).toBe('Latchkey');
    expect(complaints).toEqual([]);
  });

  test('the page itself can run no text as script, load nothing from elsewhere and ask nobody', async () => {
    const { page, complaints } = await renderer.show(states.signedOut);
    const outcome = await page.evaluate(async () => {
      const tries: Record<string, () => unknown> = {
        eval: () => (() => {}).constructor('return 1'),
        html: () => (document.body.innerHTML = '<img src=x onerror=alert(1)>'),
        script: () => {
          document.createElement('script').text = 'window.owned = true';
        },
        policy: () =>
          (
            window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): unknown } }
          ).trustedTypes.createPolicy('x', {}),
        fetch: () => fetch('/index.html'),
      };
      const failed: string[] = [];
      // What the debugger calls directly may evaluate text; what runs later may not.
      await new Promise((resolve) => setTimeout(resolve));
      for (const [name, attempt] of Object.entries(tries)) {
        try {
          await attempt();
        } catch {
          failed.push(name);
        }
      }
      return failed;
    });
    expect(outcome).toEqual(['eval', 'html', 'script', 'policy', 'fetch']);
    // That the harness notices violations at all is what the other tests rely on.
    await eventually(() => complaints.some((text) => text.startsWith('policy: '))).toBe(true);
  });

  test('a screen that cannot be drawn says so, and the others go on', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    await page.evaluate((state) => {
      const { latchkeyPush } = window as unknown as { latchkeyPush(state: unknown): void };
      latchkeyPush({ ...state, connections: [{}] });
    }, states.signedIn);
    await eventually(() => focusedName(page)).toBe('This screen cannot be shown');
    await page.getByRole('alert').filter({ hasText: 'Gateways and sessions go on.' }).waitFor();
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await page.getByRole('navigation').getByRole('button', { name: 'Access' }).click();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await bridge.push(states.signedIn);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Your connections' }).waitFor();
  });

  test('only what has changed comes; where something was lost, the whole state is asked for', async () => {
    const { page, bridge } = await renderer.show(states.signedIn);
    const patch = (given: StatePatch) =>
      page.evaluate(
        (sent) => (window as unknown as { latchkeyPatch(patch: unknown): void }).latchkeyPatch(sent),
        given,
      );
    const asked = () => bridge.calls.filter(({ action }) => action === 'getState').length;
    await patch({ version: 41, set: states.signedIn });
    await patch({ version: 42, from: 41, set: { lockedSince: states.at(-2) } });
    await page.getByText(/No login is let in since/).waitFor();
    expect(await page.getByRole('row').count()).toBeGreaterThan(1);
    await patch({ version: 43, from: 42, set: {}, gone: ['lockedSince'] });
    await eventually(() => page.getByText(/No login is let in since/).count()).toBe(0);
    expect(asked()).toBe(1);

    // The one before it has not come.
    bridge.answer({ getState: () => ({ ...states.signedIn, lockedSince: states.at(-1) }) });
    await patch({ version: 45, from: 44, set: { connections: [] } });
    await page.getByText(/No login is let in since/).waitFor();
    expect(await page.getByRole('row').count()).toBeGreaterThan(1);
    expect(asked()).toBe(2);
    // What stands on the answer comes whole.
    await patch({ version: 46, set: states.signedOut });
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    await page.context().close();
  });

  test('a late answer does not replace a newer snapshot', async () => {
    const { page, bridge } = await renderer.show(states.signedOut);
    let release = (): void => {};
    bridge.answer({
      async getState() {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return states.signedOut;
      },
    });
    await page.reload();
    await eventually(() => bridge.calls.filter(({ action }) => action === 'getState').length).toBe(2);
    await bridge.push(states.signedIn);
    await page.getByRole('heading', { name: 'Your connections' }).waitFor();
    release();
    await page.waitForTimeout(100);
    expect(await page.getByRole('heading', { name: 'Your connections' }).isVisible()).toBe(true);
  });
});
