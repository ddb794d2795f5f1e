/**
 * Tries an installed package, as the release does before it is one: the command answers, and with the desktop's program
 * the application starts, is answered by the command, and ends.
 *
 *   node assets/package/smoke.ts <command> [<program> [<switches>]]
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 300_000;
const notRunning = 5;

const [command, program, ...switches] = process.argv.slice(2);
if (command === undefined) throw new Error('name the command that is to be tried');
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};
const home = mkdtempSync(join(tmpdir(), 'latchkey-smoke-'));

/** @throws where it ends with another code, or prints something else */
function answers(
  args: readonly string[],
  code: number,
  expected: (out: string) => boolean = () => true,
): void {
  const ran = run(args);
  if (ran.status !== code || !expected(ran.stdout))
    throw new Error(
      `latchkey ${args.join(' ')} ended with ${ran.status}, and not as it should (${code}):\n${ran.stdout}${ran.stderr}`,
      { cause: ran.error },
    );
}

function run(args: readonly string[]) {
  // A .cmd is started by a shell, which would take a path with blanks apart.
  const shell = process.platform === 'win32';
  return spawnSync(shell ? `"${command}"` : (command ?? ''), ['--home', join(home, 'home'), ...args], {
    encoding: 'utf8',
    shell,
  });
}

async function startsAndEnds(path: string): Promise<void> {
  const places = ['--home', join(home, 'home')];
  const child = spawn(path, [...switches, ...places], { stdio: 'inherit' });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
  try {
    const deadline = Date.now() + patienceMs;
    while (run(['status']).status !== 0) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${path} does not start`);
      await Promise.race([sleep(1000), ended]);
    }
  } finally {
    child.kill();
    await ended;
  }
  answers(['status'], notRunning);
}

try {
  answers(
    ['--version', '--json'],
    0,
    (out) => out.startsWith('{') && (JSON.parse(out) as { version: unknown }).version === version,
  );
  answers(['help'], 0, (out) => out.startsWith('Usage: latchkey '));
  answers(['nonsense'], 2);
  answers(['status'], notRunning);
  if (program !== undefined) await startsAndEnds(program);
} finally {
  rmSync(home, { recursive: true, force: true });
}
