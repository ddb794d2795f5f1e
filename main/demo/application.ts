import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { desktopRuns, withoutScreen } from '../contract/demo.ts';
import { firstLine, type CommandLine } from './command-line.ts';

const startTimeoutMs = 60_000;

export interface Application {
  /** One line: what runs, and why it is not the desktop application if it is not. */
  description: string;
  /** Resolves when the application has ended by itself, for example by Quit in the tray. */
  ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the desktop application where it can run, else the broker without a screen.
 * @param desktop what starts it; in place of it a text that says why it is not to be started
 */
export async function startApplication(
  commandLine: CommandLine,
  home: string,
  desktop: readonly string[] | string | undefined,
): Promise<Application> {
  const obstacle = typeof desktop === 'string' ? desktop : desktopObstacle(desktop);
  if (obstacle === undefined && typeof desktop === 'object') {
    const [program = '', ...args] = desktop;
    const child = spawn(program, args, {
      env: commandLine.env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (await isServing(child, join(home, 'run', 'api.json'))) return application(child, desktopRuns);
    return headless(commandLine, 'Electron ended before it was ready');
  }
  return headless(commandLine, obstacle ?? 'this installation has none');
}

function desktopObstacle(desktop: readonly string[] = []): string | undefined {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
    return 'there is no screen';
  if (process.getuid?.() === 0 && !desktop.includes('--no-sandbox')) return 'Electron does not run as root';
  return undefined;
}

async function headless(commandLine: CommandLine, why: string): Promise<Application> {
  const child = commandLine.start(['serve', '--json']);
  await firstLine(child);
  return application(child, `${withoutScreen} (${why}).`);
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
