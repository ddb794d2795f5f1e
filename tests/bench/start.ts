import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Latchkey } from '../support/latchkey.ts';
import { processorSeconds } from './proxies.ts';

const run = promisify(execFile);

/** What a start costs: all of it beside the start of a bare Node in the same round. */
export interface StartFigure {
  name: string;
  /** Milliseconds until it has answered, and of processor; medians. */
  wallMs: number;
  processorMs: number;
  /** Medians of the shares, round by round, and their spread. */
  wall: { median: number; least: number; most: number };
  processor: { median: number; least: number; most: number };
}

/** A program that ends. */
interface Program {
  name: string;
  args: string[];
}

interface Measured {
  wallMs: number;
  processorMs: number;
}

/**
 * Starts in interleaved rounds: a bare Node, commands, and `serve` on a home that has been started before, until it says
 * that it serves.
 * @param running signed in, with a connection `sales`
 * @param started another one, which is started and stopped in each round
 */
async function measureStarts(
  { running, started, rounds }: { running: Latchkey; started: Latchkey; rounds: number },
  print: (line: string) => void,
): Promise<StartFigure[]> {
  const { program, commandLine } = running;
  const programs: Program[] = [
    { name: 'node -e 0', args: ['-e', '0'] },
    { name: 'latchkey --version', args: [program, '--version'] },
    { name: 'latchkey token', args: [program, 'token', 'sales'] },
    { name: 'latchkey status', args: [program, 'status'] },
  ];
  // Two starts before the first round: one makes what a home has, and one leaves its compiled code behind.
  for (let before = 0; before < 2; before += 1) {
    await started.serve.start();
    await started.serve.stop();
  }
  const all = new Map<string, Measured[]>();
  const keep = (name: string, measured: Measured): void => {
    all.set(name, [...(all.get(name) ?? []), measured]);
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, args } of programs) keep(name, await measureProgram(args, commandLine.env));
    const began = performance.now();
    await started.serve.start();
    const wallMs = performance.now() - began;
    const processorMs = processorSeconds(started.serve.process().pid ?? 0) * 1000;
    keep('latchkey serve', { wallMs, processorMs });
    await started.serve.stop();
  }
  const bare = all.get('node -e 0') ?? [];
  const figures = [...all].map(([name, measured]): StartFigure => ({
    name,
    wallMs: median(measured.map(({ wallMs }) => wallMs)),
    processorMs: median(measured.map(({ processorMs }) => processorMs)),
    wall: shares(measured, bare, ({ wallMs }) => wallMs),
    processor: shares(measured, bare, ({ processorMs }) => processorMs),
  }));
  print('Start [ms]');
  for (const { name, wallMs, processorMs, wall, processor } of figures) {
    const spread = `${wall.least.toFixed(1)} to ${wall.most.toFixed(1)}`;
    print(
      `  ${name.padEnd(20)} ${wallMs.toFixed(0).padStart(6)}  ${wall.median.toFixed(2)} of a bare Node (${spread})  ${processorMs.toFixed(0)} of processor, ${processor.median.toFixed(2)}`,
    );
  }
  return figures;
}

/** The shell tells both: a process that has ended leaves no figures behind. */
async function measureProgram(args: string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null 2> /dev/null';
  const { stderr } = await run('bash', ['-c', script, 'bash', process.execPath, ...args], {
    env: { ...env, LC_ALL: 'C' },
  });
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = stderr.trim().split(' ').map(Number);
  return { wallMs: wall * 1000, processorMs: (user + system) * 1000 };
}

function shares(measured: Measured[], bare: Measured[], of: (one: Measured) => number) {
  const each = measured.map((one, round) => of(one) / of(bare[round] ?? one));
  return { median: median(each), least: Math.min(...each), most: Math.max(...each) };
}

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}

/** Megabytes that a process holds (Linux). */
function memoryOf(pid: number): { rss: number; pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (name: string): number =>
    Number(new RegExp(String.raw`^${name}:\s+(\d+)`, 'm').exec(text)?.[1]) / 1024;
  return { rss: megabytes('Rss'), pss: megabytes('Pss') };
}

/** What a process does while nobody wants anything: ticks of the processor, and how often its threads woke up. */
async function idle(pid: number, seconds: number): Promise<{ ticks: number; wakeUps: number }> {
  const before = { ticks: processorSeconds(pid) * 100, wakeUps: wakeUps(pid) };
  await wait(seconds * 1000);
  return {
    ticks: Math.round(processorSeconds(pid) * 100 - before.ticks),
    wakeUps: wakeUps(pid) - before.wakeUps,
  };
}

function wakeUps(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  }
  return sum;
}

/** V8 gives memory back for some time after the last work. */
const settleMs = 60_000;

export type StartReport = Awaited<ReturnType<typeof startReport>>;

/**
 * Starts, memory, and with `idle` a minute of nothing; told line by line.
 * @param given.idle opens the sessions of which nobody wants anything then
 */
export async function startReport(
  {
    running,
    started,
    rounds,
    idle: openSessions,
  }: Parameters<typeof measureStarts>[0] & { idle: (() => Promise<number>) | undefined },
  print: (line: string) => void,
) {
  const figures = await measureStarts({ running, started, rounds }, print);
  const pid = running.serve.process().pid ?? 0;
  const memory = memoryOf(pid);
  print(`Memory, signed in: ${memory.rss.toFixed(0)} MB RSS, ${memory.pss.toFixed(0)} MB PSS`);
  if (openSessions === undefined) return { figures, memory };
  const sessions = await openSessions();
  await wait(settleMs);
  const quiet = { sessions, memory: memoryOf(pid), ...(await idle(pid, 60)) };
  print(
    `Idle for 60 s with ${sessions} sessions: ${quiet.ticks} ticks of the processor, its threads woke up ${quiet.wakeUps} times, ${quiet.memory.rss.toFixed(0)} MB RSS`,
  );
  return { figures, memory, idle: quiet };
}
