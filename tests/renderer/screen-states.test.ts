import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import type { Press } from './asking-screen.ts';
import { askingScreens, elsewhere } from './asking-screens.ts';
import { startRenderer } from './browser.ts';
import * as connections from './connection-states.ts';
import type { Handlers } from './fake-bridge.ts';
import * as states from './states.ts';
import { announced, eventually } from './walk.ts';

const folder = join(import.meta.dirname, '../../renderer/screens');

test('each screen that asks main for something is in the table', () => {
  const asking = globSync('*.{ts,tsx}', { cwd: folder })
    .filter((file) =>
      /\buse(?:Action|Reply|Administration|Bridge)\(/.test(readFileSync(join(folder, file), 'utf8')),
    )
    .map((file) => basename(file).replace(/\.tsx?$/, ''));
  const known = new Set([...askingScreens.flatMap(({ files }) => files), ...Object.keys(elsewhere)]);
  expect(asking.length).toBeGreaterThan(50);
  expect(asking.filter((file) => !known.has(file))).toEqual([]);
});

const controlOf = (page: Page, press: Press): Locator => {
  const modal = page.locator('dialog[open], [popover]:popover-open').last();
  if ('button' in press) {
    const { button } = press;
    const inPage = page.getByRole('button', { name: button, exact: typeof button === 'string' });
    // What stands behind a dialog has no role; in the dialog the last one is the one that does it.
    return modal
      .getByRole('button', { name: button, exact: typeof button === 'string' })
      .or(inPage)
      .last();
  }
  return 'text' in press ? page.getByText(press.text, { exact: true }) : page.locator(':focus');
};

async function press(page: Page, how: Press): Promise<void> {
  if ('key' in how) await page.keyboard.press(how.key);
  else await controlOf(page, how).click();
}

/** Main is not there any more: whatever is asked for comes to nothing. */
const leaveAlone = (page: Page) =>
  page.evaluate(() => {
    const { latchkey } = window as unknown as { latchkey: Record<string, unknown> };
    for (const name of Object.keys(latchkey))
      if (name !== 'onState') latchkey[name] = () => Promise.reject(new Error('gone'));
  });

/** Where the headings are, which nothing that happens below them may move. */
const headings = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('h1')].map((each) => {
      const { left, top } = each.getBoundingClientRect();
      return [each.textContent, Math.round(left), Math.round(top)];
    }),
  );

describeWith([parts.pageEngine], 'each screen while main answers late, refuses, or is not there', () => {
  vi.setConfig({ testTimeout: 90_000 });
  const renderer = useAll(startRenderer);

  test.each(
    askingScreens.map((screen) => ({ title: `${screen.files.join(', ')} ${screen.name ?? ''}`, ...screen })),
  )('$title', async ({ state, page: name, answers, open, action, ask, waits, again, typed = {} }) => {
    const asked = Promise.withResolvers<never>();
    asked.promise.catch(() => undefined);
    const held: Handlers = { ...answers, [action]: () => asked.promise };
    const { page, bridge, complaints } = await renderer.show(
      state,
      {
        reducedMotion: 'reduce',
        ...((name ?? 'main') !== 'main' && { viewport: { width: 480, height: 780 } }),
      },
      held,
      name,
    );
    const count = () => bridge.calls.filter((call) => call.action === action).length;
    await open?.(page);
    // What is pressed may have to come into sight first.
    if (ask !== undefined) await controlOf(page, ask).scrollIntoViewIfNeeded();
    const before = await headings(page);
    const first = count();
    if (ask !== undefined) await press(page, ask);
    await eventually(count).toBe(ask === undefined ? first : first + 1);

    // On its way.
    if (waits !== undefined) await page.getByText(waits).filter({ visible: true }).first().waitFor();
    else if (ask !== undefined)
      await eventually(() => controlOf(page, ask).getAttribute('aria-disabled')).toBe('true');
    expect(await headings(page)).toEqual(before);

    // Refused: a sentence, what to do, a way to try again, and nothing typed is lost.
    asked.reject(new LatchkeyError('command-failed', 'It did not work.', { remedy: 'Do this first.' }));
    const alert = page.getByRole('alert').filter({ visible: true });
    await alert.getByText('It did not work.').waitFor();
    await alert.getByText('Do this first.').waitFor();
    for (const [label, text] of Object.entries(typed))
      expect(await page.getByLabel(label, { exact: true }).inputValue()).toBe(text);

    // Tried again while nobody is there.
    await leaveAlone(page);
    await press(page, again ?? ask ?? { key: 'Enter' });
    await alert.getByText('Latchkey does not answer.').waitFor();
    await eventually(() => alert.getByText('It did not work.').count()).toBe(0);
    for (const [label, text] of Object.entries(typed))
      expect(await page.getByLabel(label, { exact: true }).inputValue()).toBe(text);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('what takes a while is said to those who do not see it', async () => {
    const { page } = await renderer.show(
      states.signedIn,
      {},
      { runDoctor: () => new Promise(() => undefined) },
    );
    await page.getByRole('navigation').getByRole('button', { name: 'Doctor' }).click();
    await page.getByRole('button', { name: 'Run all checks' }).click();
    await eventually(() => announced(page)).toBe('Working on it…');
    await page.context().close();
  });
});

const readable: Handlers = {
  readConnections: () => connections.empty,
  listSecrets: () => ({ passwords: [] }),
};
const nothing: AppState = { ...states.signedIn, connections: [], tokens: [], handles: [] };

/** Lists that have nothing in them: what says so, the button that leads on, and where to. */
const empties: { place?: string; state: AppState; says: string; button: string; leads: string }[] = [
  { state: nothing, says: 'No connection is set up yet', button: 'Set up connections', leads: 'Connections' },
  {
    place: 'Connections',
    state: nothing,
    says: 'No connection is set up yet',
    button: 'Add a connection',
    leads: 'New connection',
  },
  {
    place: 'Activity',
    state: nothing,
    says: 'Nobody is connected',
    button: 'Connect a tool',
    leads: 'Your connections',
  },
  {
    place: 'Activity',
    state: nothing,
    says: 'No token is valid right now',
    button: 'Go to your connections',
    leads: 'Your connections',
  },
  { place: 'Activity', state: nothing, says: 'No logins yet', button: 'Open the audit', leads: 'Audit' },
  {
    place: 'Tools',
    state: states.signedIn,
    says: 'No tool has a saved password yet',
    button: 'Make a saved password',
    leads: 'Make a saved password',
  },
  {
    place: 'Tools',
    state: states.signedOut,
    says: 'No tool has a saved password yet',
    button: 'Sign in',
    leads: 'Sign in to reach your databases',
  },
  {
    place: 'Security',
    state: states.signedOut,
    says: 'Sign in to see your second factors',
    button: 'Sign in',
    leads: 'Sign in to reach your databases',
  },
  {
    place: 'Providers',
    state: { ...states.signedIn, providers: [] },
    says: 'No provider is set up yet',
    button: 'Add a provider',
    leads: 'New provider',
  },
];

describeWith([parts.pageEngine], 'lists with nothing in them', () => {
  const renderer = useAll(startRenderer);

  test.each(empties)('$place: $says', { timeout: 60_000 }, async ({ place, state, says, button, leads }) => {
    const { page, complaints } = await renderer.show(state, {}, readable);
    if (place !== undefined) await page.getByRole('navigation').getByRole('button', { name: place }).click();
    await page.getByText(says).first().waitFor();
    await page.getByRole('main').getByRole('button', { name: button, exact: true }).click();
    await page.getByRole('heading', { name: leads }).first().waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describeWith([parts.pageEngine], 'the window without main', () => {
  const renderer = useAll(startRenderer);

  describe('from its first moment on', () => {
    test('says that nobody answers, and begins when somebody does', { timeout: 60_000 }, async () => {
      const { page } = await renderer.show(states.signedIn);
      await page.addInitScript(() => {
        const here = window as unknown as { latchkey: { getStart: unknown; getState: unknown } };
        const { getStart, getState } = here.latchkey;
        here.latchkey.getStart = () => Promise.reject(new Error('gone'));
        let times = 0;
        here.latchkey.getState = (request: unknown) => {
          times += 1;
          return times < 2
            ? Promise.reject(new Error('gone'))
            : (getState as (request: unknown) => unknown)(request);
        };
        Object.assign(window, { comeBack: () => Object.assign(here.latchkey, { getStart }) });
      });
      await page.reload();
      await page.getByRole('alert').getByText('Latchkey does not answer.').waitFor();
      await page.evaluate(() => (window as unknown as { comeBack(): void }).comeBack());
      await page.getByRole('button', { name: 'Try again' }).click();
      // The first snapshot is asked for again by itself.
      await page.getByRole('heading', { name: 'Your connections' }).waitFor({ timeout: 15_000 });
      await page.context().close();
    });
  });
});

describeWith([parts.pageEngine], 'a restart of the gateways', () => {
  const renderer = useAll(startRenderer);

  test('is told once, with its time, to everybody, until it is dismissed', { timeout: 60_000 }, async () => {
    const { page, bridge, complaints } = await renderer.show(states.signedIn);
    const restarted: AppState = { ...states.signedIn, gatewayRestart: { at: states.at(-9), sessions: 2 } };
    await bridge.push(restarted);
    const said = 'The gateways were restarted at 09:03, after an error.';
    await page.getByText(said).first().waitFor();
    await eventually(() => announced(page)).toBe(
      `${said} 2 database sessions through them ended. Your tools can connect again.`,
    );
    bridge.answer({
      async dismissGatewayRestart() {
        await bridge.push(states.signedIn);
        return undefined;
      },
    });
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByRole('button', { name: 'Dismiss' }).waitFor({ state: 'detached' });
    await eventually(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
