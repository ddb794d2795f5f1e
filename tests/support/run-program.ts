import { type ChildProcess, spawn } from 'node:child_process';

export interface ProgramResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program with these variables only (and PATH and HOME), and waits. `onStart` gets it while it runs. */
export function runProgram(
  path: string | undefined,
  args: string[],
  options: { env?: Record<string, string>; input?: string; onStart?(child: ChildProcess): void } = {},
): Promise<ProgramResult> {
  const child = spawn(path ?? '', args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', LC_ALL: 'C.UTF-8', ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  options.onStart?.(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
