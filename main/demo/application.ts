import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { firstLine, type CommandLine } from './command-line.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const startTimeoutMs = 60_000;

export interface Application {
  /** One line: what runs, and why it is not the desktop application if it is not. */
  description: string;
  /** Resolves when the application has ended by itself, for example by Quit in the tray. */
  ended: Promise<void>;
  close(): Promise<void>;
}

/** Starts the desktop application where it can run, else the broker without a screen. */
export async function startApplication(
  commandLine: CommandLine,
  home: string,
  preferHeadless: boolean,
): Promise<Application> {
  const obstacle = preferHeadless ? 'asked for' : desktopObstacle();
  if (obstacle === undefined) {
    const child = spawn(process.execPath, [join(project, 'node_modules/electron/cli.js'), project], {
      env: commandLine.env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (await isServing(child, join(home, 'run', 'api.json')))
      return application(child, 'The desktop application is running.');
    return headless(commandLine, 'Electron ended before it was ready');
  }
  return headless(commandLine, obstacle);
}

function desktopObstacle(): string | undefined {
  if (!existsSync(join(project, 'dist/main/index.js')))
    return 'it has not been built; npm run build does that';
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
    return 'there is no screen';
  if (process.getuid?.() === 0) return 'Electron does not run as root';
  return undefined;
}

async function headless(commandLine: CommandLine, why: string): Promise<Application> {
  const child = commandLine.start(['serve', '--json']);
  await firstLine(child);
  return application(child, `The broker is running without a screen (${why}).`);
}

async function isServing(child: ChildProcess, apiFile: string): Promise<boolean> {
  const deadline = Date.now() + startTimeoutMs;
  while (child.exitCode === null && Date.now() < deadline) {
    if (await readFile(apiFile).then(Boolean, () => false)) return true;
    await sleep(100);
  }
  child.kill();
  return false;
}

function application(child: ChildProcess, description: string): Application {
  const ended = once(child, 'exit').then(() => undefined);
  return {
    description,
    ended,
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}
