import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanTemporaryFiles } from '../../main/store/durable-file.ts';
import { buildProgram } from '../support/builds.ts';
import { strace } from './temporary-folder.ts';

const calls = ['openat', 'pwrite64', 'fstat', 'statx', 'fsync', 'rename', 'close'];
const oldContent = 'old '.repeat(2000);
const newContent = 'new '.repeat(3000);

export interface SavesUnderFaults {
  /** How often a save makes each system call; each time is a place for a fault. */
  counts: Record<string, number>;
  outcomes: { old: number; new: number; killed: number; refused: number };
  /** Neither the old nor the new file, a success that is none, or files left over. */
  wrong: string[];
}

/**
 * Saves a file in a child that strace watches, with a fault at one system call of the save after the other.
 * @param folder empty
 */
export async function savesUnderFaults(
  folder: string,
  faults = ['error=EIO', 'error=ENOSPC', 'signal=SIGKILL'],
): Promise<SavesUnderFaults> {
  const path = join(folder, 'state.json');
  const clean = await save(path, [`trace=${calls.join(',')}`]);
  const counts = Object.fromEntries(calls.map((call) => [call, clean.trace.split(`${call}(`).length - 1]));
  const outcomes = { old: 0, new: 0, killed: 0, refused: 0 };
  const wrong = clean.answer === 'saved' ? [] : [`without a fault: ${clean.answer}`];

  async function tryFault(call: string, n: number, fault: string): Promise<void> {
    const { answer } = await save(path, [`trace=${call}`, `inject=${call}:${fault}:when=${n}`]);
    const content = await readFile(path, 'utf8');
    const isNew = content === newContent;
    const isHonest = answer === 'saved' ? isNew : answer === '' || codeOf(answer) === 'store-failed';
    await cleanTemporaryFiles(folder);
    const isClean = (await readdir(folder)).toSorted().join() === 'state.json,trace';
    if (!(isNew || content === oldContent) || !isHonest || !isClean)
      wrong.push(`${call} ${n} ${fault}: ${answer}`);
    if (fault === 'signal=SIGKILL') outcomes.killed += 1;
    if (answer.startsWith('{')) outcomes.refused += 1;
    outcomes[isNew ? 'new' : 'old'] += 1;
  }

  for (const [call, count] of Object.entries(counts)) {
    for (let n = 1; n <= count; n += 1) for (const fault of faults) await tryFault(call, n, fault);
  }
  return { counts, outcomes, wrong };
}

function codeOf(answer: string): unknown {
  return (JSON.parse(answer) as { code?: unknown }).code;
}

/** Saves `newContent` over `oldContent` in a child that strace watches, with the fault injected. */
async function save(path: string, expressions: string[]): Promise<{ answer: string; trace: string }> {
  const script = await buildProgram('store/save-child.ts');
  const child = spawn(process.execPath, [script, path, oldContent, newContent], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Node's own cache would be saved at the end with the system calls that are counted here.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  const childEnd = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = (await lines.next()).value;
  if (ready !== 'ready') throw new Error(`the child said ${ready}`);

  const options = ['-f', '-qqq', '-p', `${child.pid}`, '-o', join(dirname(path), 'trace')];
  const tracer = spawn(strace.path ?? '', [
    ...options,
    ...expressions.flatMap((expression) => ['-e', expression]),
  ]);
  const tracerEnd = once(tracer, 'close');
  await untilTraced(child.pid ?? 0);
  child.stdin.write('go\n');
  const answer = (await lines.next()).value ?? '';
  await childEnd;
  await tracerEnd;
  return { answer, trace: await readFile(join(dirname(path), 'trace'), 'utf8') };
}

const isTraced = (status: string): boolean => /^TracerPid:\t[1-9]/m.test(status);

async function untilTraced(pid: number): Promise<void> {
  for (;;) {
    const tasks = await readdir(`/proc/${pid}/task`);
    const statuses = await Promise.all(
      tasks.map((task) => readFile(`/proc/${pid}/task/${task}/status`, 'utf8')),
    );
    if (statuses.every(isTraced)) return;
    await sleep(5);
  }
}
