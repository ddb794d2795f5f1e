import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { desktopParts } from './parts.ts';

const launchMs = 20_000;

/**
 * Waits until no other test file uses the display, and answers with the way to leave it: one desktop at a time, since
 * the clipboard is one as well. The name of an abstract socket serves as the lock, so that it is free again when its
 * process ends, however that happens.
 */
export async function takeDisplay(): Promise<() => Promise<void>> {
  for (;;) {
    const lock = createServer();
    const taken = await new Promise<boolean>((resolve) => {
      lock.once('error', () => resolve(false));
      lock.listen(`\0latchkey-tests-display-${process.env['DISPLAY'] ?? ''}`, () => resolve(true));
    });
    if (taken) return () => new Promise((resolve) => lock.close(() => resolve()));
    await sleep(100);
  }
}

export interface Desktop {
  readonly app: ElectronApplication;
  /** State folder; `closed` appears in it when the broker was closed. */
  home: string;
  /** Folder that stands for ~/.config. */
  configFolder: string;
  /** The window that is open, or the next one that opens. */
  window(): Promise<Page>;
  /** Starts the program once more with the same state folder, perhaps for a link; resolves to its exit code. */
  launchAgain(link?: string): Promise<number | null>;
  /** Addresses and folders that were handed to the system to open. */
  opened(): Promise<string[]>;
  /** Ends what is left and removes the folders. */
  close(): Promise<void>;
}

/** @param root what {@link buildScriptedDesktop} or {@link buildProduct} has answered */
export async function startDesktop(
  root: string,
  options: { args?: string[]; env?: Record<string, string>; home?: string } = {},
): Promise<Desktop> {
  const executablePath = desktopParts.electron.path;
  if (executablePath === undefined) throw new Error('no Electron');
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'latchkey-e2e-')));
  const bin = join(home, 'bin');
  const openedFile = join(home, 'opened');
  const configFolder = join(home, 'config');
  await mkdir(bin, { recursive: true });
  await mkdir(configFolder, { recursive: true });
  // The real shell.openExternal and shell.openPath run xdg-open; this one only writes down what for.
  await writeFile(join(bin, 'xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$1" >> '${openedFile}'\n`);
  await chmod(join(bin, 'xdg-open'), 0o755);

  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    LATCHKEY_HOME: home,
    SCRIPTED_ROOT: root,
    // Things are found by their English words, whatever the language of whoever runs this.
    LANGUAGE: 'en',
    XDG_CONFIG_HOME: configFolder,
    ...options.env,
  } as Record<string, string>;
  // Chromium's own sandbox refuses to run as root; a test may, the product never passes this switch.
  const args = [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root, ...(options.args ?? [])];
  // Without this Playwright pretends to each page that the system is light.
  const start = () => _electron.launch({ executablePath, args, env, colorScheme: null });
  /** Playwright can wait for good for a debugger that it has missed on a busy machine: once more, then. */
  async function launch(): Promise<ElectronApplication> {
    const first = start();
    const late = await Promise.race([first, sleep(launchMs, undefined, { ref: false })]);
    if (late !== undefined) return late;
    first.then((app) => app.close()).catch(() => undefined);
    for (const { pid, state } of childrenWith(root)) {
      process.stderr.write(`Electron ${pid} (${state}) was not reached in ${launchMs / 1000} s\n`);
      process.kill(pid, 'SIGKILL');
    }
    return start();
  }
  let app = await launch();

  /** The page of the window that is open, or of the next one, once it shows something. */
  async function shownPage(): Promise<Page | undefined> {
    const timeout = 20_000;
    try {
      const page = app.windows()[0] ?? (await app.waitForEvent('window', { timeout }));
      await page.locator('h1').first().waitFor({ timeout });
      return page;
    } catch {
      return undefined;
    }
  }

  return {
    get app() {
      return app;
    },
    home,
    configFolder,
    async window() {
      const page = await shownPage();
      if (page !== undefined) return page;
      // Playwright can fail to attach to a page that stands on the screen for everybody to see: once more, from the start.
      await app.close().catch(() => undefined);
      app = await launch();
      const again = await shownPage();
      if (again === undefined) throw new Error('no window has appeared, at the second start either');
      return again;
    },
    launchAgain(link) {
      const child = spawn(executablePath, link === undefined ? args : [...args, link], {
        env,
        stdio: 'ignore',
      });
      return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', resolve);
      });
    },
    opened: async () =>
      (await readFile(openedFile, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    async close() {
      await app.close().catch(() => undefined);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Processes of this one whose command line names the folder, with their state as proc(5) has it. */
function childrenWith(folder: string): { pid: number; state: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [state = '', parent] = (
          readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1) ?? ''
        ).split(' ');
        const isOurs =
          Number(parent) === process.pid && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(folder);
        return isOurs ? [{ pid: Number(name), state }] : [];
      } catch {
        return [];
      }
    });
}

/** Runs in the scripted main process; see scripted-main.ts. */
export function changeState(
  app: ElectronApplication,
  sample: 'signedOut' | 'code' | 'signedIn' | 'busy' | 'newProgram' | 'toolWaits',
): Promise<void> {
  return app.evaluate((_electron, name) => {
    const main = globalThis as unknown as {
      scripted: { change(state: unknown): void };
      samples: Record<string, unknown>;
    };
    main.scripted.change(main.samples[name]);
  }, sample);
}

/** What the window and the tray have asked of the scripted broker, oldest first. */
export function brokerCalls(app: ElectronApplication): Promise<string[]> {
  return app.evaluate(() => (globalThis as unknown as { scripted: { calls: string[] } }).scripted.calls);
}
