import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { buildScriptedDesktop } from '../support/builds.ts';
import { tabTo } from '../renderer/walk.ts';
import { keepScreenshot } from '../support/pages.ts';
import { describeWith } from '../support/parts.ts';
import { brokerCalls, changeState, type Desktop, startDesktop, takeDisplay } from './desktop.ts';
import { desktopParts } from './parts.ts';

const run = promisify(execFile);
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });
const { electron, display, sessionBus, trayWatcher, gdbus } = desktopParts;

interface Entry {
  id: number;
  label: string;
}

/** The tray icon as a panel sees it: StatusNotifierItem, and com.canonical.dbusmenu for its menu. */
interface Item {
  property(name: string): Promise<string>;
  menu(): Promise<Entry[]>;
  click(label: string): Promise<void>;
  /** Clicks the icon itself. */
  activate(): Promise<void>;
}

function createItem(busName: string, path: string): Item {
  const call = async (object: string, method: string, ...args: string[]): Promise<string> => {
    const to = ['call', '--session', '--dest', busName, '--object-path', object, '--method', method, '--'];
    // It prints in the locale's encoding.
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    return (await run('gdbus', [...to, ...args], { env })).stdout;
  };
  const property = (name: string) =>
    call(path, 'org.freedesktop.DBus.Properties.Get', 'org.kde.StatusNotifierItem', name);
  const menuPath = async () => /'(\/[^']*)'/.exec(await property('Menu'))?.[1] ?? '/';
  const menu = async () => {
    const layout = await call(await menuPath(), 'com.canonical.dbusmenu.GetLayout', '0', '-1', '@as []');
    const entries = layout.matchAll(/\((\d+), \{[^}]*?'label': <'((?:[^'\\]|\\.)*)'>/g);
    // Underscores mark access keys there; doubled they are themselves.
    return Array.from(entries, ([, id, label]) => ({
      id: Number(id),
      label: (label ?? '').replaceAll('__', '_'),
    }));
  };
  return {
    property,
    menu,
    async click(label) {
      const entry = (await menu()).find((candidate) => candidate.label === label);
      if (entry === undefined) throw new Error(`no entry "${label}" in the tray menu`);
      await call(
        await menuPath(),
        'com.canonical.dbusmenu.Event',
        String(entry.id),
        'clicked',
        "<''>",
        'uint32 0',
      );
    },
    async activate() {
      await call(path, 'org.kde.StatusNotifierItem.Activate', '0', '0');
    },
  };
}

describeWith([electron, display, sessionBus, trayWatcher, gdbus], 'the tray', () => {
  vi.setConfig({ testTimeout: 90_000 });
  let watcher: ChildProcess;
  let seen = '';
  let desktop: Desktop;
  let leaveDisplay: () => Promise<void>;
  let root: string;
  beforeAll(async () => {
    root = await buildScriptedDesktop();
  });
  beforeEach(async () => {
    leaveDisplay = await takeDisplay();
    seen = '';
    watcher = spawn(trayWatcher.path ?? '', { stdio: ['ignore', 'pipe', 'inherit'] });
    watcher.stdout?.on('data', (text) => (seen += String(text)));
    await run('gdbus', ['wait', '--session', '--timeout', '10', 'org.kde.StatusNotifierWatcher']);
  }, 300_000);
  afterEach(async () => {
    await desktop.close();
    watcher.kill();
    await leaveDisplay();
  });

  async function startInTray(options: { home?: string } = {}): Promise<Item> {
    desktop = await startDesktop(root, { args: ['--hidden'], ...options });
    const registered = () => /ITEM (\S+) (\S+)/.exec(seen);
    await eventually(() => registered() !== null).toBe(true);
    const [, busName = '', path = ''] = registered() ?? [];
    return createItem(busName, path);
  }

  const labels = async (item: Item) => (await item.menu()).map(({ label }) => label);

  test('says the state and does without a window what the window does', async () => {
    const item = await startInTray();
    await eventually(() => labels(item)).toEqual([
      'Not signed in',
      'Sign in',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
    const signedOutIcon = await item.property('IconPixmap');
    expect(signedOutIcon.length).toBeGreaterThan(1000);

    await changeState(desktop.app, 'code');
    await eventually(() => labels(item)).toEqual([
      'Waiting for code CQ7MXRL4T',
      'Copy code',
      'Open the sign-in page',
      'Cancel sign-in',
      'Open Latchkey',
      'Quit Latchkey',
    ]);
    expect(await item.property('IconPixmap')).not.toBe(signedOutIcon);
    await item.click('Copy code');
    await eventually(() => desktop.app.evaluate(async ({ clipboard }) => clipboard.readText())).toBe(
      'CQ7MXRL4T',
    );
    await item.click('Open the sign-in page');
    await eventually(() => desktop.opened()).toEqual(['https://login.microsoft.com/device']);

    expect(desktop.app.windows()).toEqual([]);
    await changeState(desktop.app, 'toolWaits');
    // A prompt, and no notification server in this session that would show it: the window does.
    await eventually(() => Promise.resolve(desktop.app.windows().length)).toBe(1);
    await eventually(() => labels(item)).toEqual([
      'Sign in to reach Sales warehouse: code CQ7MXRL4T',
      'Sign in to reach Sales warehouse…',
      'Copy code',
      'Open the sign-in page',
      'Cancel sign-in',
      'Open Latchkey',
      'Quit Latchkey',
    ]);

    await changeState(desktop.app, 'signedIn');
    await eventually(() => labels(item)).toContain('Copy token for Sales warehouse');
    expect(await labels(item)).toEqual(expect.arrayContaining(['orders_reader', 'orders_owner', 'Sign out']));
    expect(await item.property('ToolTip')).toContain('Signed in as adele.vance@contoso.example');
    await item.click('Copy token for Sales warehouse');
    await eventually(() => desktop.app.evaluate(async ({ clipboard }) => clipboard.readText())).toBe(
      'lk_scripted-token',
    );
    await item.click('Sign out');
    await eventually(() => labels(item)).toContain('Not signed in');
    expect(await brokerCalls(desktop.app)).toEqual([
      'createBroker',
      'issueToken sales sales_reader',
      'signOut',
    ]);
  });

  test('a program that asks for the first time is answered in the window that its entry opens', async () => {
    const item = await startInTray();
    await changeState(desktop.app, 'newProgram');
    const entry = 'dbeaver asks to use Sales warehouse';
    await eventually(() => labels(item)).toContain(`${entry}…`);
    expect((await labels(item))[0]).toBe(entry);
    await item.click(`${entry}…`);
    const page = await desktop.window();
    await page.getByRole('heading', { name: 'May dbeaver use Sales warehouse?' }).waitFor();
    expect(page.url()).toMatch(/page=prompts$/);
    // The window goes with the prompt, perhaps before Playwright has seen the end of its own click.
    const deny = page.getByRole('button', { name: 'Deny' });
    await deny.click().catch(() => undefined);
    await eventually(() => labels(item)).not.toContain(`${entry}…`);
    expect(await brokerCalls(desktop.app)).toEqual(['createBroker', 'denyPrompt c1']);
  });

  /** This desktop has no panel and tells of no place, so a test says where the icon is. */
  const tellPlace = () =>
    desktop.app.evaluate(({ Tray, screen }) => {
      const { width, height } = screen.getPrimaryDisplay().bounds;
      Tray.prototype.getBounds = () => ({ x: width - 200, y: height - 24, width: 24, height: 24 });
    });

  /** Of the small window, as the system has it; undefined where there is none. */
  const flyout = () =>
    desktop.app.evaluate(({ BrowserWindow }) => {
      const found = BrowserWindow.getAllWindows().find((each) =>
        each.webContents.getURL().endsWith('?page=flyout'),
      );
      return (
        found && { bounds: found.getBounds(), isVisible: found.isVisible(), isOnTop: found.isAlwaysOnTop() }
      );
    });
  const isShown = async () => (await flyout())?.isVisible ?? false;

  async function flyoutPage(): Promise<Page> {
    const find = () => desktop.app.windows().find((each) => each.url().endsWith('?page=flyout'));
    await eventually(() => find() !== undefined).toBe(true);
    const page = find();
    if (page === undefined) throw new Error('no small window');
    await page.locator('h1').waitFor();
    return page;
  }

  test('a click at the icon opens the main window where nobody knows where the icon is', async () => {
    const item = await startInTray();
    await item.activate();
    const page = await desktop.window();
    expect(page.url()).toMatch(/index\.html$/);
    expect(await flyout()).toBeUndefined();
  });

  test('a click at the icon opens the main window where the person has chosen so', async () => {
    const home = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'));
    await mkdir(join(home, 'desktop'));
    await writeFile(join(home, 'desktop/preferences.json'), '{"version": 1, "trayClick": "main"}');
    const item = await startInTray({ home });
    await tellPlace();
    await item.activate();
    expect((await desktop.window()).url()).toMatch(/index\.html$/);
    expect(await flyout()).toBeUndefined();
  });

  test('a click at the icon opens the small window beside it, which goes with the keyboard and gives all back', async () => {
    const item = await startInTray();
    await tellPlace();
    // What it is kept for, in case it is wanted again at once, is shorter here.
    await desktop.app.evaluate(() => {
      const real = setTimeout;
      const quick = (action: () => void, ms?: number) => real(action, ms === 60_000 ? 1500 : ms);
      globalThis.setTimeout = quick as typeof setTimeout;
    });
    await changeState(desktop.app, 'busy');
    expect(desktop.app.windows()).toEqual([]);
    await item.activate();
    const page = await flyoutPage();
    await eventually(flyout).toEqual({
      bounds: { x: 892, y: 208, width: 380, height: 560 },
      isVisible: true,
      isOnTop: true,
    });
    await keepScreenshot(page, 'electron-flyout');
    await tabTo(page, /^Copy token for Sales warehouse/);
    await page.keyboard.press('Enter');
    await eventually(() => desktop.app.evaluate(async ({ clipboard }) => clipboard.readText())).toBe(
      'lk_scripted-token',
    );

    // Nobody manages windows here, so that the system takes no keyboard away.
    await desktop.app.evaluate(({ BrowserWindow }) => {
      for (const window of BrowserWindow.getAllWindows()) window.emit('blur');
    });
    expect(await isShown()).toBe(false);
    // It comes back, once it is another click.
    await expect
      .poll(
        async () => {
          if (!(await isShown())) await item.activate();
          return isShown();
        },
        { timeout: 15_000, interval: 500 },
      )
      .toBe(true);
    await desktop.app.evaluate(({ BrowserWindow }) => {
      for (const window of BrowserWindow.getAllWindows()) window.emit('blur');
    });
    await eventually(flyout).toBeUndefined();
    await eventually(() => desktop.app.windows()).toEqual([]);

    // Escape ends it at once, perhaps before Playwright has seen the end of its own key.
    await item.activate();
    const again = await flyoutPage();
    await again.keyboard.press('Escape').catch(() => undefined);
    await eventually(flyout).toBeUndefined();
    await eventually(() => desktop.app.windows()).toEqual([]);
  });

  test('the small window asks for nothing but its own, and leads to the others', async () => {
    const item = await startInTray();
    await tellPlace();
    await changeState(desktop.app, 'busy');
    await item.activate();
    const page = await flyoutPage();
    const refused = await page.evaluate(async () => {
      const { latchkey } = window as unknown as {
        latchkey: Record<string, (request: unknown) => Promise<{ ok: boolean }>>;
      };
      const asked = ['signOut', 'readAudit', 'allowClient', 'getPreferences', 'quit'];
      return Promise.all(asked.map((name) => latchkey[name]?.({})));
    });
    expect(refused).toEqual(
      refused.map(() => ({ ok: false, problem: expect.objectContaining({ code: 'request-refused' }) })),
    );
    await page.getByRole('button', { name: 'End all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End all' }).click();
    await eventually(() => brokerCalls(desktop.app)).toEqual(['createBroker', 'cutSessions all']);
    await page.getByRole('button', { name: 'Open Latchkey' }).click();
    await eventually(() => desktop.app.windows().some((each) => each.url().endsWith('index.html'))).toBe(
      true,
    );
    await eventually(isShown).toBe(false);

    const exited = new Promise((resolve) => desktop.app.process().once('exit', resolve));
    await item.click('Quit Latchkey');
    expect(await exited).toBe(0);
  });

  test('opens the window to sign in, and quits', async () => {
    const item = await startInTray();
    await eventually(() => labels(item)).toContain('Sign in');
    await item.click('Sign in');
    const page = await desktop.window();
    await page.getByRole('heading', { name: 'Enter this code in your browser' }).waitFor();
    const exited = new Promise((resolve) => desktop.app.process().once('exit', resolve));
    await item.click('Quit Latchkey');
    expect(await exited).toBe(0);
  });
});
