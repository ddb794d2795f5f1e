import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { actions, windowActions } from '../../main/contract/actions.ts';
import { desktopEntry } from '../../main/desktop/desktop-entry.ts';
import { dbusParts, startStandIn } from '../dbus/session.ts';
import { buildScriptedDesktop } from '../support/builds.ts';
import { describeWith } from '../support/parts.ts';
import { brokerCalls, changeState, type Desktop, startDesktop, takeDisplay } from './desktop.ts';
import { openConnection } from '../renderer/walk.ts';
import { desktopParts } from './parts.ts';

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });
const run = promisify(execFile);
const { electron, display, sessionBus, gdbus } = desktopParts;

const windowCount = (app: ElectronApplication): Promise<number> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
/** What the application has written to stderr since. */
function errorOutput(app: ElectronApplication): () => string {
  let text = '';
  app.process().stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

const clipboardText = (app: ElectronApplication): Promise<string> =>
  app.evaluate(async ({ clipboard }) => clipboard.readText());
const exitCode = (app: ElectronApplication): Promise<number | null> =>
  new Promise((resolve) => app.process().once('exit', resolve));

describeWith([electron, display, sessionBus, gdbus], 'the desktop application in Electron', () => {
  vi.setConfig({ testTimeout: 90_000 });
  let desktop: Desktop;
  let leaveDisplay: () => Promise<void>;
  let root: string;
  beforeAll(async () => {
    root = await buildScriptedDesktop();
  });
  beforeEach(async () => {
    leaveDisplay = await takeDisplay();
  }, 300_000);
  afterEach(async () => {
    await desktop.close();
    await leaveDisplay();
  });

  async function open(options?: Parameters<typeof startDesktop>[1]): Promise<Page> {
    desktop = await startDesktop(root, options);
    const page = await desktop.window();
    await page.locator('h1').waitFor();
    return page;
  }

  async function copyToken(page: Page): Promise<void> {
    await page.getByRole('navigation').getByRole('button', { name: 'Access' }).click();
    await page.getByRole('button', { name: 'Copy token for Sales warehouse' }).click();
    await eventually(() => clipboardText(desktop.app)).toBe('lk_scripted-token');
  }

  test('sign-in through the window: code, page in the browser, token on the clipboard for a minute at most', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Sign in with a code' }).click();
    await page.getByRole('heading', { name: 'Enter this code in your browser' }).waitFor();
    await page.getByRole('button', { name: 'Copy code' }).click();
    await eventually(() => clipboardText(desktop.app)).toBe('CQ7MXRL4T');
    await page.getByRole('button', { name: 'Open sign-in page' }).click();
    await eventually(() => desktop.opened()).toEqual(['https://login.microsoft.com/device']);

    await changeState(desktop.app, 'signedIn');
    await page.getByRole('button', { name: 'Copy token for Sales warehouse' }).click();
    await page.getByText('Paste it as the password before').waitFor();
    expect(await clipboardText(desktop.app)).toBe('lk_scripted-token');
    expect(await page.content()).not.toContain('lk_scripted-token');
    expect(await brokerCalls(desktop.app)).toEqual([
      'createBroker',
      'signIn Contoso',
      'issueToken sales sales_reader',
    ]);

    await openConnection(page, 'Orders, production');
    await page.getByRole('button', { name: 'Copy token for Orders, production, role orders_owner' }).click();
    await page.getByText('The database does not answer.').waitFor();
    await openConnection(page, 'Sales warehouse');
    await page.getByRole('button', { name: 'Copy command for Sales warehouse' }).click();
    await eventually(() => clipboardText(desktop.app)).toContain('psql "host=127.0.0.1 port=6432');
    await page.getByRole('navigation').getByRole('button', { name: 'Audit' }).click();
    await page.getByRole('button', { name: 'Open folder' }).click();
    await eventually(() => desktop.opened()).toContain(join(desktop.home, 'audit'));

    await copyToken(page);
    await changeState(desktop.app, 'signedOut');
    await eventually(() => clipboardText(desktop.app)).toBe('');
  });

  test('a handle goes to the clipboard and nowhere else; all sessions and a handle end from the window', async () => {
    const page = await open();
    await changeState(desktop.app, 'busy');
    await page.getByRole('navigation').getByRole('button', { name: 'Tools' }).click();
    await page.getByRole('button', { name: 'Make a saved password' }).click();
    await page.getByLabel('Tool', { exact: true }).fill('DBeaver');
    await page.getByRole('button', { name: 'Make and copy' }).click();
    await page.getByText('The saved password for DBeaver is copied.').waitFor();
    expect(await clipboardText(desktop.app)).toBe('lkh_scripted-handle');
    expect(await page.content()).not.toContain('lkh_scripted-handle');
    await page.getByRole('button', { name: 'Revoke the saved password of DBeaver' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await eventually(() =>
      page.getByRole('button', { name: 'Revoke the saved password of DBeaver' }).count(),
    ).toBe(0);
    await page.getByRole('navigation').getByRole('button', { name: 'Activity' }).click();
    await page.getByRole('button', { name: 'End all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End all' }).click();
    await page.getByText('Nobody is connected').waitFor();
    expect(await brokerCalls(desktop.app)).toEqual([
      'createBroker',
      'makeHandle sales (default) DBeaver',
      'revokeHandle h1',
      'cutSessions all',
    ]);
  });

  test('a program is allowed in the window, and a tool that waits shows its code there', async () => {
    const page = await open();
    await changeState(desktop.app, 'newProgram');
    const program = page.getByRole('dialog', { name: 'May dbeaver use Sales warehouse?' });
    await program.getByText('for an hour', { exact: true }).click();
    await program.getByRole('button', { name: 'Allow' }).click();
    await program.waitFor({ state: 'detached' });

    await changeState(desktop.app, 'toolWaits');
    const tool = page.getByRole('dialog', { name: 'Sign in to reach Sales warehouse' });
    await tool.getByRole('button', { name: 'Copy code' }).click();
    await eventually(() => clipboardText(desktop.app)).toBe('CQ7MXRL4T');
    await tool.getByRole('button', { name: 'Open sign-in page' }).click();
    await eventually(() => desktop.opened()).toEqual(['https://login.microsoft.com/device']);
    await tool.getByRole('button', { name: 'Cancel sign-in' }).click();
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    await eventually(() => brokerCalls(desktop.app)).toEqual([
      'createBroker',
      'allowClient c1 hour',
      'denyPrompt w1',
    ]);
  });

  test('the window goes and Latchkey stays; a second launch brings the window back; quitting ends all', async () => {
    const page = await open();
    await page.close();
    await eventually(() => windowCount(desktop.app)).toBe(0);
    expect(await desktop.launchAgain()).toBe(0);
    const again = await desktop.window();
    await again.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    expect(await brokerCalls(desktop.app)).toEqual(['createBroker']);

    await changeState(desktop.app, 'signedIn');
    await again.getByRole('button', { name: 'Copy token for Sales warehouse' }).click();
    await eventually(() => clipboardText(desktop.app)).toBe('lk_scripted-token');
    const cleared = desktop.app.evaluate(
      ({ app, clipboard }) =>
        new Promise<string>((resolve) => {
          app.once('will-quit', () => void Promise.resolve(clipboard.readText()).then(resolve));
        }),
    );
    const exited = exitCode(desktop.app);
    await again.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    // The page may be gone before Playwright has seen the end of its own click.
    await again
      .getByRole('button', { name: 'Quit Latchkey' })
      .click()
      .catch(() => undefined);
    expect(await cleared.catch(() => 'the process ended first')).toBe('');
    expect(await exited).toBe(0);
    expect(await readFile(join(desktop.home, 'closed'), 'utf8')).toBe('closed\n');
  });

  test('a start without the window, as at login, opens none until asked', async () => {
    desktop = await startDesktop(root, { args: ['--hidden'] });
    await eventually(() => brokerCalls(desktop.app)).toEqual(['createBroker']);
    expect(await windowCount(desktop.app)).toBe(0);
    expect(await desktop.launchAgain()).toBe(0);
    await (await desktop.window()).locator('h1').waitFor();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends the broker in order', async (signal) => {
    await open();
    const exited = exitCode(desktop.app);
    desktop.app.process().kill(signal);
    expect(await exited).toBe(0);
    expect(await readFile(join(desktop.home, 'closed'), 'utf8')).toBe('closed\n');
  });

  test('an error that nobody has caught ends the broker in order, and says so without a box', async () => {
    await open();
    const exited = exitCode(desktop.app);
    const output = errorOutput(desktop.app);
    await desktop.app.evaluate(() => void setTimeout(() => JSON.parse('planted fault')));
    expect(await exited).toBe(0);
    expect(await readFile(join(desktop.home, 'closed'), 'utf8')).toBe('closed\n');
    expect(output()).toMatch(/uncaught: .*planted fault/);
    expect(output()).toContain('Latchkey ends because of this error');
  });

  test('a start that fails is explained, and tried again when the person says so', async () => {
    const page = await open({ env: { SCRIPTED_FAILING_STARTS: '1' }, args: ['--hidden'] });
    await page.getByText('connections[0].port must be a number.').waitFor();
    await page.getByText('Correct it.').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Sign in to reach your databases' }).waitFor();
    expect(await brokerCalls(desktop.app)).toEqual(['createBroker', 'createBroker']);
  });

  test('closing the window of a start that has failed ends the process', async () => {
    const page = await open({ env: { SCRIPTED_FAILING_STARTS: '1' } });
    const exited = exitCode(desktop.app);
    await page.close();
    expect(await exited).toBe(0);
  });

  test('the page has nothing but the bridge, and nowhere to go', async () => {
    const page = await open();
    const settings = await desktop.app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows();
      // Not in the typings, and the only way to see what is in force.
      const contents = window?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
      const { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity } =
        contents.getLastWebPreferences();
      return { sandbox, contextIsolation, nodeIntegration, webviewTag, webSecurity };
    });
    expect(settings).toEqual({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      webSecurity: true,
    });

    const found = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve));
      const attempt = async (action: () => unknown): Promise<string> => {
        try {
          return String(await action());
        } catch (error) {
          return (error as Error).name;
        }
      };
      const names = globalThis as unknown as Record<string, unknown>;
      return {
        node: ['require', 'process', 'module', 'Buffer', 'electron'].filter(
          (name) => names[name] !== undefined,
        ),
        eval: await attempt(() => (() => {}).constructor('return 1')),
        html: await attempt(() => (document.body.innerHTML = '<b>x</b>')),
        popup: await attempt(() => window.open('https://example.com')),
        outside: await attempt(() => fetch('https://example.com')),
        own: await attempt(() => fetch('/index.html')),
        file: await attempt(() => fetch('file:///etc/passwd')),
        notification: await attempt(
          async () => (await navigator.permissions.query({ name: 'notifications' })).state,
        ),
        location: await attempt(
          () =>
            new Promise((resolve) =>
              navigator.geolocation.getCurrentPosition(resolve, ({ code }) => resolve(code)),
            ),
        ),
      };
    });
    expect(found).toEqual({
      node: [],
      eval: 'EvalError',
      html: 'TypeError',
      popup: 'null',
      outside: 'TypeError',
      own: 'TypeError',
      file: 'TypeError',
      notification: 'denied',
      location: '1',
    });

    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = 'https://example.com/';
      link.target = '_blank';
      document.body.append(link);
      link.click();
    });
    await page.waitForTimeout(500);
    expect(page.url()).toBe('latchkey://app/index.html');
    expect(await windowCount(desktop.app)).toBe(1);
    expect(await desktop.opened()).toEqual([]);
  });

  test('main listens to the actions of the contract only', async () => {
    await open();
    const channels = await desktop.app.evaluate(({ ipcMain }) => {
      const inside = ipcMain as unknown as { _invokeHandlers?: Map<string, unknown> };
      return { events: ipcMain.eventNames(), invoked: [...(inside._invokeHandlers?.keys() ?? [])] };
    });
    // Electron has some of its own, in capitals.
    expect(channels.events).toEqual(['error']);
    expect(channels.invoked.filter((name) => !/^[A-Z_]+$/.test(name)).toSorted()).toEqual(
      windowActions(actions)
        .map((name) => `latchkey:${name}`)
        .toSorted(),
    );
  });

  test('a frame of another page gets no bridge', async () => {
    const page = await open();
    // The policy allows no frames; the debugger can add one all the same, as a bug in the page might.
    const answers = await page.evaluate(async () => {
      const frame = document.createElement('iframe');
      frame.src = 'about:blank';
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return typeof (frame.contentWindow as unknown as { latchkey?: unknown } | null)?.latchkey;
    });
    expect(answers).toBe('undefined');
  });

  test('preferences last, closed to others, and start at login writes an entry that starts hidden', async () => {
    const page = await open();
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await page.getByText('Dark', { exact: true }).click();
    await eventually(() => page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)).toBe(
      true,
    );
    await page.getByLabel('Start when I log in').click();
    const entry = join(desktop.configFolder, 'autostart', 'latchkey.desktop');
    // With the places of this start: at login nothing of its environment is there.
    await eventually(() => readFile(entry, 'utf8').catch(() => '')).toMatch(
      /^Exec=".*electron" ".*" "--hidden" "--home" ".*"$/m,
    );
    expect(await readFile(entry, 'utf8')).toContain(`"--home" "${desktop.home}"\n`);

    const file = join(desktop.home, 'desktop', 'preferences.json');
    const isWindows = process.platform === 'win32';
    if (!isWindows) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ theme: 'dark' });

    await page.getByLabel('Start when I log in').click();
    await eventually(() =>
      stat(entry).then(
        () => 'there',
        () => 'gone',
      ),
    ).toBe('gone');
  });

  test.skipIf(process.platform !== 'linux')(
    'start at login follows an AppImage that was moved or has another name',
    async () => {
      const home = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'));
      const entry = join(home, 'config', 'autostart', 'latchkey.desktop');
      await mkdir(dirname(entry), { recursive: true });
      const gone = desktopEntry(['/nowhere/Latchkey-0.0.1.AppImage', root, '--hidden', '--home', home]);
      await writeFile(entry, gone);
      await open({ home });
      await eventually(() => readFile(entry, 'utf8')).toMatch(
        /^Exec=".*electron" ".*" "--hidden" "--home" /m,
      );
    },
  );

  // Elsewhere the system says it in another way than a variable.
  test.skipIf(process.platform !== 'linux')(
    'the window speaks the language of the system, or what was chosen',
    async () => {
      const page = await open({ env: { LANGUAGE: 'de_AT:en' } });
      await eventually(() => page.locator('html').getAttribute('lang')).toBe('de');
      await page.getByRole('navigation').getByRole('button', { name: 'Einstellungen' }).click();
      await page.getByLabel('Sprache').selectOption('en');
      await page.getByRole('heading', { name: 'Settings' }).waitFor();
      const file = join(desktop.home, 'desktop', 'preferences.json');
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ language: 'en' });
    },
  );

  test('a preferences file that is damaged is put aside, and the window opens as at first', async () => {
    const home = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'));
    const file = join(home, 'desktop', 'preferences.json');
    await mkdir(join(home, 'desktop'));
    await writeFile(file, '{"theme": "da');
    const page = await open({ home });
    expect(await readFile(`${file}.unreadable`, 'utf8')).toBe('{"theme": "da');
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('System').waitFor();
    expect(await page.getByLabel('System').isChecked()).toBe(true);
  });

  test('a page that crashes takes nothing with it, and a notification tells of it', async () => {
    const { python } = dbusParts;
    const hasServer = process.platform === 'linux' && python.path !== undefined;
    const server = hasServer
      ? await startStandIn('notification-server.py', ['body', '0'], process.env)
      : undefined;
    onTestFinished(() => server?.close());
    await open();
    await desktop.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
    );
    await eventually(() => windowCount(desktop.app)).toBe(0);
    if (server !== undefined)
      await eventually(() => Promise.resolve(server.said)).toContainEqual(
        expect.objectContaining({ call: 'Notify', title: 'The window of Latchkey has met an error' }),
      );
    expect(await desktop.launchAgain()).toBe(0);
    await eventually(() => windowCount(desktop.app)).toBe(1);
    await eventually(() =>
      desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getTitle()),
    ).toBe('Latchkey');
    expect(await brokerCalls(desktop.app)).toEqual(['createBroker']);
  });

  test.skipIf(process.platform !== 'linux' || dbusParts.python.path === undefined)(
    'the first close of the window says that Latchkey goes on; no other one does, nor one after a restart',
    async () => {
      const server = await startStandIn('notification-server.py', ['body', '0'], process.env);
      onTestFinished(() => server.close());
      const told = () =>
        Promise.resolve(server.said.flatMap(({ call, title }) => (call === 'Notify' ? [title] : [])));
      const closeWindow = async () => {
        await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
        await eventually(() => windowCount(desktop.app)).toBe(0);
      };
      /** What is told of it comes after all that was told before. */
      const crashWindow = async () => {
        expect(await desktop.launchAgain()).toBe(0);
        await eventually(() => windowCount(desktop.app)).toBe(1);
        await desktop.app.evaluate(({ BrowserWindow }) =>
          BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
        );
      };
      const [first, crashed] = ['Latchkey keeps running', 'The window of Latchkey has met an error'];

      await open();
      await closeWindow();
      await eventually(told).toEqual([first]);
      expect(await desktop.launchAgain()).toBe(0);
      await eventually(() => windowCount(desktop.app)).toBe(1);
      await closeWindow();
      await crashWindow();
      await eventually(told).toEqual([first, crashed]);

      await desktop.app.close();
      await open({ home: desktop.home });
      await closeWindow();
      await crashWindow();
      await eventually(told).toEqual([first, crashed, crashed]);
    },
  );

  test('at 200 % in the smallest window nothing reaches over the edge', async () => {
    const page = await open();
    await changeState(desktop.app, 'signedIn');
    await page.getByRole('heading', { name: 'Your connections' }).waitFor();
    await desktop.app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows();
      window?.setSize(1, 1);
      window?.webContents.setZoomFactor(2);
    });
    await eventually(() => page.evaluate(() => innerWidth)).toBeLessThanOrEqual(210);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  test('after sleep the broker looks again', async () => {
    await open();
    await desktop.app.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'));
    await eventually(() => brokerCalls(desktop.app)).toEqual(['createBroker', 'recheck']);
  });

  test.skipIf(process.platform !== 'linux')(
    'when the screen saver says that it has locked the screen, the broker is told',
    async () => {
      const page = await open();
      await changeState(desktop.app, 'signedIn');
      await copyToken(page);
      const screenSaver = 'org.gnome.ScreenSaver';
      const path = ['--object-path', '/org/gnome/ScreenSaver'];
      const lock = () =>
        run('gdbus', ['emit', '--session', ...path, '--signal', `${screenSaver}.ActiveChanged`, 'true']);
      // Again each time, since nobody tells when the desktop has begun to listen.
      const seen = async () => {
        await lock();
        return brokerCalls(desktop.app);
      };
      await expect.poll(seen, { timeout: 30_000, interval: 200 }).toContain('locked');
      await eventually(() => clipboardText(desktop.app)).toBe('');
      // What is locked already is not locked once more.
      await lock();
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await brokerCalls(desktop.app)).toEqual([
        'createBroker',
        'issueToken sales sales_reader',
        'locked',
      ]);
    },
  );

  test('secrets go to the keyring where there is one; without one they stay in memory, and it says so', async () => {
    const withKeyring = await open({ args: ['--password-store=gnome-libsecret'] });
    await withKeyring.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await withKeyring.getByText('kept encrypted, with a key that your system guards').waitFor();
    await desktop.close();

    const without = await open({ args: ['--password-store=basic'] });
    await without.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await without.getByText('kept in memory only: after a restart you sign in again').waitFor();
    await without.getByText('No keyring (GNOME Keyring or KWallet) is running').waitFor();
  });
});
