import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { buildScriptedDesktop } from '../support/builds.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { tabTo } from '../renderer/walk.ts';
import { brokerCalls, changeState, type Desktop, startDesktop, takeDisplay } from './desktop.ts';
import { desktopParts } from './parts.ts';

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });
const { electron, display, sessionBus } = desktopParts;

const isAsking = (address: string) => address.endsWith('?page=prompts');
/** The pages of all windows, by whose they are. */
const shown = (app: ElectronApplication): Promise<string[]> =>
  app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(({ webContents }) =>
      webContents.getURL().endsWith('?page=prompts') ? 'prompts' : 'main',
    ),
  );

/** What the window that asks is to the system. */
const asking = (app: ElectronApplication) =>
  app.evaluate(({ BrowserWindow }) => {
    const window = BrowserWindow.getAllWindows().find(({ webContents }) =>
      webContents.getURL().endsWith('?page=prompts'),
    );
    return {
      isVisible: window?.isVisible(),
      isOnTop: window?.isAlwaysOnTop(),
      isFocused: window?.isFocused(),
    };
  });

/** The application stays the same from test to test; each begins and ends with nothing that waits. */
describeWith([electron, display, sessionBus], 'the window that asks', () => {
  vi.setConfig({ testTimeout: 90_000 });
  const closers: (() => Promise<unknown>)[] = [];
  let desktop: Desktop;
  let seen = 0;

  beforeAll(async () => {
    closers.push(await takeDisplay());
    const data = await mkdtemp(join(tmpdir(), 'latchkey-icons-'));
    closers.push(() => rm(data, { recursive: true }));
    await mkdir(join(data, 'applications'));
    await mkdir(join(data, 'icons/hicolor/64x64/apps'), { recursive: true });
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    await writeFile(join(data, 'icons/hicolor/64x64/apps/dbeaver.png'), Buffer.from(pixel, 'base64'));
    await writeFile(
      join(data, 'applications/dbeaver.desktop'),
      '[Desktop Entry]\nType=Application\nExec=/usr/share/dbeaver-ce/dbeaver %f\nIcon=dbeaver\n',
    );
    const env = { XDG_DATA_HOME: data };
    desktop = await startDesktop(await buildScriptedDesktop(), { args: ['--hidden'], env });
    closers.push(desktop.close);
    await vi.waitFor(async () => expect(await brokerCalls(desktop.app)).toEqual(['createBroker']), 20_000);
  }, 300_000);
  beforeEach(async () => {
    await changeState(desktop.app, 'signedIn');
    await vi.waitFor(async () => expect(await shown(desktop.app)).not.toContain('prompts'), 20_000);
    // A prompt that nobody has seen going would not be a new one.
    await openMain()?.locator('dialog[open]').waitFor({ state: 'detached' });
    seen = (await brokerCalls(desktop.app)).length;
  });
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });

  /** Since the beginning of the test. */
  const calls = async (): Promise<string[]> => (await brokerCalls(desktop.app)).slice(seen);

  const openMain = () => desktop.app.windows().find((each) => each.url().endsWith('/index.html'));

  /** The page of the main window, which is opened where it is not. */
  async function mainPage(): Promise<Page> {
    if (openMain() === undefined) await desktop.launchAgain();
    await eventually(() => openMain() !== undefined).toBe(true);
    const found = openMain();
    if (found === undefined) throw new Error('no main window');
    await found.locator('h1').first().waitFor();
    return found;
  }

  /** Its page, once it takes input. */
  async function page(): Promise<Page> {
    const open = () => desktop.app.windows().filter((each) => isAsking(each.url()));
    await eventually(() => open().length).toBe(1);
    const [found] = open();
    if (found === undefined) throw new Error('nobody asks');
    await found.locator('h1').waitFor();
    await found.locator('main > [inert]').waitFor({ state: 'detached' });
    return found;
  }

  /** Whether a window has the keyboard is up to who manages windows; here nobody does. */
  const atMain = (isFocused: boolean) =>
    desktop.app.evaluate(({ BrowserWindow }, answer) => {
      const windows = BrowserWindow.getAllWindows();
      const main = windows.find(({ webContents }) => !webContents.getURL().includes('?'));
      if (main === undefined) throw new Error('no main window');
      main.isFocused = () => answer;
      if (answer) main.emit('focus');
    }, isFocused);

  test('comes above all others and leaves the keyboard alone; it goes when it is answered, by keyboard', async () => {
    await changeState(desktop.app, 'newProgram');
    const asks = await page();
    await eventually(() => asking(desktop.app)).toEqual({ isVisible: true, isOnTop: true, isFocused: false });
    expect(await shown(desktop.app)).toEqual(['prompts']);
    expect(await asks.title()).toBe('A login is waiting – Latchkey');
    // The icon that the desktop entry of the program has.
    const image = asks.locator('h1 img');
    await eventually(() => image.evaluate((each) => (each as HTMLImageElement).naturalWidth)).toBe(1);
    await keepScreenshot(asks, 'electron-window-program');
    await tabTo(asks, /^Allow$/);
    await asks.keyboard.press('Enter').catch(() => undefined);
    await eventually(() => shown(desktop.app)).toEqual([]);
    expect(await calls()).toEqual(['allowClient c1 once']);
  });

  test('a mouse is enough: deny, and block for an hour', async () => {
    await changeState(desktop.app, 'newProgram');
    const asks = await page();
    await asks.getByLabel('block this program for an hour').check();
    const deny = asks.getByRole('button', { name: 'Deny' });
    await deny.click().catch(() => undefined);
    await eventually(() => shown(desktop.app)).toEqual([]);
    expect(await calls()).toEqual(['denyPrompt c1 block']);
  });

  test('Escape and its close button answer nothing; the next login that waits brings it back', async () => {
    await changeState(desktop.app, 'newProgram');
    const first = await page();
    await first.keyboard.press('Escape').catch(() => undefined);
    await eventually(() => shown(desktop.app)).toEqual([]);
    await changeState(desktop.app, 'toolWaits');
    await (await page()).getByRole('heading', { name: 'Sign in to reach Sales warehouse' }).waitFor();
    await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await eventually(() => shown(desktop.app)).toEqual([]);
    expect(await calls()).toEqual([]);
  });

  test('its page has the actions that it needs and no other, and nowhere to go', async () => {
    await changeState(desktop.app, 'newProgram');
    const asks = await page();
    const answers = await asks.evaluate(async () => {
      const { latchkey } = window as unknown as {
        latchkey: Record<string, (request: object) => Promise<{ problem?: { code: string } }>>;
      };
      const codes: Record<string, unknown> = {};
      for (const name of ['getState', 'copyToken', 'saveConnections', 'setPreferences', 'quit', 'getStart'])
        codes[name] = (await latchkey[name]?.({}))?.problem?.code ?? 'answered';
      return codes;
    });
    expect(answers).toEqual({
      getState: 'answered',
      copyToken: 'request-refused',
      saveConnections: 'request-refused',
      setPreferences: 'request-refused',
      quit: 'request-refused',
      getStart: 'request-refused',
    });
    expect(await asks.evaluate(() => window.open('https://example.com'))).toBe(null);
  });

  test('a page of it that crashes brings the main window, and the login waits on', async () => {
    await changeState(desktop.app, 'newProgram');
    await page();
    await desktop.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
    );
    await eventually(() => shown(desktop.app)).toEqual(['main']);
    const main = await mainPage();
    await main.getByRole('dialog', { name: 'May dbeaver use Sales warehouse?' }).waitFor();
    expect(await calls()).toEqual([]);
  });

  test('one place asks: it goes when the person comes to the main window, which asks then', async () => {
    const main = await mainPage();
    await atMain(false);
    await changeState(desktop.app, 'newProgram');
    await page();
    const dialog = main.getByRole('dialog', { name: 'May dbeaver use Sales warehouse?' });
    await dialog.waitFor();
    await atMain(true);
    await eventually(() => shown(desktop.app)).toEqual(['main']);
    await dialog.getByRole('button', { name: 'Deny' }).click();
    await eventually(calls).toEqual(['denyPrompt c1']);

    // Whoever is at the main window already is asked there.
    await changeState(desktop.app, 'toolWaits');
    await main.getByRole('dialog', { name: 'Sign in to reach Sales warehouse' }).waitFor();
    expect(await shown(desktop.app)).toEqual(['main']);
  });

  test('a link opens its screen, and a login that waits waits on', async () => {
    const main = await mainPage();
    await atMain(false);
    await changeState(desktop.app, 'newProgram');
    await page();
    expect(await desktop.launchAgain('latchkey://open/audit')).toBe(0);
    const place = main.locator('nav button[aria-current=page]');
    await eventually(() => place.innerText()).toBe('Audit');
    // By a link nobody can answer, and what leads nowhere is said to.
    expect(await desktop.launchAgain('latchkey://allow/c1')).toBe(0);
    await main.getByText('Latchkey has no screen for it.').waitFor();
    await main.getByRole('button', { name: 'Close' }).click();
    await main.getByRole('dialog', { name: 'May dbeaver use Sales warehouse?' }).waitFor();
    expect(await calls()).toEqual([]);
  });

  test('as the person has chosen: to the front; or only notified, and asked where no notification can be shown', async () => {
    const main = await mainPage();
    await atMain(false);
    await main.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    const choice = main.getByLabel('When a login waits for you');
    expect(await choice.inputValue()).toBe('flash');
    for (const chosen of ['notify', 'front']) {
      await choice.selectOption(chosen);
      const file = join(desktop.home, 'desktop', 'preferences.json');
      await eventually(() => readFile(file, 'utf8')).toContain(`"whenLoginWaits": "${chosen}"`);
      await changeState(desktop.app, 'newProgram');
      const asks = await page();
      await eventually(() => asking(desktop.app)).toMatchObject({ isVisible: true, isOnTop: true });
      // What was being typed when it took the keyboard.
      for (const key of ['Enter', 'Space', 'y']) await asks.keyboard.press(key);
      expect(await calls()).toEqual([]);
      await changeState(desktop.app, 'signedIn');
      await eventually(() => shown(desktop.app)).toEqual(['main']);
    }
  });
});
