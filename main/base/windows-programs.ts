import { execFile } from 'node:child_process';

/**
 * Programs of Windows by their full paths, so that none in the current folder is run. No variable is in them: whoever
 * starts Latchkey sets its variables, and a program of their own would say what they like.
 */
export const system32 = String.raw`C:\Windows\System32`;
export const powershell = `${system32}\\WindowsPowerShell\\v1.0\\powershell.exe`;

/**
 * The arguments with which PowerShell runs a script. It is in the open on the command line, where administrators see what
 * runs.
 */
export const powershellArguments = (script: string): string[] => [
  '-NoLogo',
  '-NoProfile',
  '-NonInteractive',
  '-Command',
  script,
];

/** What a script begins with that answers in JSON: it ends at the first error, and writes UTF-8 and nothing else. */
export const strictScript = `
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
`;

/** Runs a program of Windows and tells what it has written. Rejects where it cannot be run or ends with another code than 0. */
export type RunWindows = (
  program: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
) => Promise<string>;

export const runWindows: RunWindows = (program, args, env = process.env) =>
  new Promise((resolve, reject) => {
    execFile(program, args, { env, timeout: 20_000, windowsHide: true }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
