import { spawn, type ChildProcess } from 'node:child_process';
import { userFolder } from '../store/places.ts';
import { programEnvironment } from './program-environment.ts';

export type ProgramOutcome =
  | { kind: 'ended'; stdout: Buffer }
  | { kind: 'failed'; status: number | NodeJS.Signals }
  /** `code` is the system's name of the error, such as ENOENT. */
  | { kind: 'not-started'; code: string }
  | { kind: 'timeout' }
  | { kind: 'too-large' };

/** 64 KiB: more is no credential. */
const maxBytes = 64 * 1024;

/**
 * Runs a program without a shell, with its standard input closed and a small environment. What it says on standard
 * error is not read: it may quote the secret. On a time-out, an abort or too much output the program and all that it
 * has started in its process group are killed.
 * @throws the signal's reason
 */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<ProgramOutcome> {
  signal.throwIfAborted();
  const limit = AbortSignal.timeout(timeoutMs);
  const child = spawn(program, args, {
    shell: false,
    // A process group of its own, so that its children can be killed with it.
    detached: process.platform !== 'win32',
    windowsHide: true,
    // A home folder may be missing; Windows looks for programs in here, too.
    cwd: process.platform === 'win32' ? userFolder() : '/',
    env: programEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const outcome = Promise.withResolvers<ProgramOutcome>();
  const stop = (): void => {
    outcome.resolve({ kind: 'timeout' });
  };
  const either = AbortSignal.any([signal, limit]);
  either.addEventListener('abort', stop, { once: true });
  collect(child, outcome.resolve);
  try {
    const result = await outcome.promise;
    if (result.kind === 'timeout' || result.kind === 'too-large') killGroup(child);
    signal.throwIfAborted();
    return result;
  } finally {
    either.removeEventListener('abort', stop);
    // A child that has left the group may still hold the pipe; nobody waits for it.
    child.stdout?.destroy();
  }
}

function collect(child: ChildProcess, settle: (outcome: ProgramOutcome) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size > maxBytes) settle({ kind: 'too-large' });
    else chunks.push(chunk);
  });
  child.stdout?.on('error', () => undefined);
  child.on('error', (error: NodeJS.ErrnoException) => {
    settle({ kind: 'not-started', code: error.code ?? 'unknown' });
  });
  child.on('close', (code, signal) => {
    settle(
      code === 0
        ? { kind: 'ended', stdout: Buffer.concat(chunks) }
        : { kind: 'failed', status: code ?? signal ?? 'SIGKILL' },
    );
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    if (process.platform === 'win32')
      spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).unref();
    else process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}
