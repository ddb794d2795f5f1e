import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildProgram } from '../support/builds.ts';

/** How often each kind of verdict was given. */
export type Counts = Record<string, number>;

export interface Submission {
  folder: string;
  time: number;
  times?: number;
  /** Killed where the answer would be given: after it is decided, before anybody is told. */
  ending?: 'die';
  codes: string[];
}

/** A process on the same home that waits to be let go. */
export async function startSubmitter({ folder, time, times = 1, ending, codes }: Submission) {
  const script = await buildProgram('second-factor/totp-child.ts');
  const args = [script, folder, `${time}`, `${times}`, ending ?? 'answer', ...codes];
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, args);
  child.stderr.pipe(process.stderr);
  const end = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = (await lines.next()).value;
  if (ready !== 'ready') throw new Error(`the child said ${ready}`);
  return {
    pid: child.pid ?? 0,
    async go(): Promise<Counts | undefined> {
      child.stdin.write('go\n');
      const answer: unknown = (await lines.next()).value;
      await end;
      return typeof answer === 'string' ? (JSON.parse(answer) as Counts) : undefined;
    },
  };
}
