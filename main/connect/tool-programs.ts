import { execFile, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { constants as systemConstants } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import type { Opening, System, Tool } from './types.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { expandPath } from './settings-files.ts';

/** The system of this process, among those that the settings know; others are taken for a Linux. */
export function thisSystem(platform: NodeJS.Platform = process.platform): System {
  return platform === 'darwin' || platform === 'win32' ? platform : 'linux';
}

/** The first program of the tool that is in PATH, or in one of its usual places; undefined where none is. */
export function findProgram(tool: Pick<Tool, 'programs'>): string | undefined {
  for (const program of tool.programs[thisSystem()]) {
    const full = /^[~%]/.test(program) || isAbsolute(program);
    const candidates = full
      ? [expandPath(program)]
      : (process.env['PATH'] ?? '')
          .split(delimiter)
          .map((folder) => (isAbsolute(folder) ? join(folder, program) : undefined));
    const found = candidates.find((path) => path !== undefined && isExecutable(path));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Names of the drivers that unixODBC has; none where it is not installed. */
export async function odbcDrivers(): Promise<string[]> {
  const none = { stdout: '' };
  const printed = await promisify(execFile)('odbcinst', ['-q', '-d'], { timeout: 10_000 }).catch(() => none);
  return [...printed.stdout.matchAll(/^\[(.+)\]$/gm)].map(([, name = '']) => name);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts the tool. Its arguments hold no password; where it takes one in a variable, this child alone gets a token.
 * @param password a token, for a tool that asks for one
 * @returns the exit code of a tool of the terminal; 0 for a window as soon as it has started
 */
export async function openTool(
  program: string,
  opening: Opening,
  password: string | undefined,
): Promise<number> {
  const env = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => opening.without?.includes(name) !== true),
    ),
    ...opening.variables,
  };
  if (opening.passwordVariable !== undefined && password !== undefined)
    env[opening.passwordVariable] = password;
  const child = spawn(program, opening.args, {
    env,
    stdio: opening.terminal ? 'inherit' : 'ignore',
    detached: !opening.terminal,
  });
  // Ctrl-C reaches the child from the terminal by itself; we only must not die before it does.
  const ignore = (): void => undefined;
  if (opening.terminal) process.on('SIGINT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) =>
        reject(
          new LatchkeyError('command-failed', `"${program}" cannot be started (${cause.code}).`, {
            remedy: 'Start it yourself; the settings are in place.',
            cause,
          }),
        ),
      );
      if (!opening.terminal) {
        child.once('spawn', () => {
          child.unref();
          resolve(0);
        });
      }
      child.once('exit', (code, signal) =>
        resolve(signal === null ? (code ?? 1) : 128 + systemConstants.signals[signal]),
      );
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}
