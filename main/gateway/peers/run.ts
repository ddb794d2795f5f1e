import { execFile } from 'node:child_process';

/** Runs a program of the system and answers with its standard output; rejects where it fails or takes too long. */
export type Run = (program: string, parameters: string[]) => Promise<string>;

const timeoutMs = 2000;
const outputBytes = 16 * 1024 * 1024;

export const runProgram: Run = (program, parameters) =>
  new Promise((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: outputBytes,
      windowsHide: true,
      // Its columns and words must not depend on the user's language.
      env: { ...process.env, LC_ALL: 'C' },
    } as const;
    execFile(program, parameters, options, (error, stdout) => {
      // lsof answers 1 where one of several things asked for was not found, with the others on its output.
      if (error !== null && (typeof error.code !== 'number' || stdout === '')) reject(error);
      else resolve(stdout);
    });
  });

/**
 * Shares one way to look at the whole system among those who ask at the same time. The look that an asker gets began
 * after the question: who asks during one waits for the next, however many they are.
 */
export function shareLooks<Result>(look: () => Promise<Result>): () => Promise<Result> {
  let current: Promise<unknown> | undefined;
  let next: Promise<Result> | undefined;

  async function over(look: Promise<Result>): Promise<void> {
    await look.catch(() => undefined);
    current = undefined;
  }

  function start(): Promise<Result> {
    next = undefined;
    const started = look();
    current = over(started);
    return started;
  }

  return () => {
    if (current === undefined) return start();
    next ??= current.then(start);
    return next;
  };
}
