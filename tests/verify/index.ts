import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inLanes, type Outcome, type Size, type Target } from './target.ts';
import { targets } from './targets.ts';

/**
 * `npm run verify [-- <name>… ] [-- --size quick] [-- --list]`: runs the targets of docs/SECURITY.md, each in a process
 * of its own, so that none sees the memory or the descriptors of another: those whose bound is a time one after the
 * other, then the rest two at a time. A line each, then "N passed, N failed" and the minutes; the exit code is 1 where
 * one failed.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: 'full' },
    list: { type: 'boolean', default: false },
    /** For the process of one target: it answers with its outcome as JSON. */
    alone: { type: 'boolean', default: false },
  },
});
const size: Size = values.size === 'quick' ? 'quick' : 'full';
/** Far above what any takes: one that hangs must not take the others with it. */
const patienceMs = 30 * 60_000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0) {
  print(
    `There is no target ${unknown.join(', ')}. There are: ${targets.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}
const chosen = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

if (values.list) {
  for (const { name, bound } of chosen) print(`${name.padEnd(18)} ${bound}`);
} else if (values.alone) {
  for (const target of chosen) print(JSON.stringify(await target.run(size)));
  // What a target has left open must not keep the others waiting.
  process.exit(0);
} else {
  await runAll(chosen);
}

async function runAll(wanted: readonly Target[]): Promise<void> {
  let passed = 0;
  const began = performance.now();
  const measure = async ({ name, bound }: Target): Promise<void> => {
    const started = performance.now();
    const { figure, pass } = await inProcess(name);
    if (pass) passed += 1;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    print(`${pass ? 'pass' : 'FAIL'}  ${name}: ${figure} (bound: ${bound}) [${seconds} s]`);
  };
  for (const target of wanted.filter(({ isTimed }) => isTimed)) await measure(target);
  const others = wanted.filter(({ isTimed }) => !isTimed);
  await inLanes(others.length, 2, async (index) => {
    const target = others[index];
    if (target !== undefined) await measure(target);
  });
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  print(`${passed} passed, ${wanted.length - passed} failed, in ${minutes} min`);
  process.exitCode = passed === wanted.length ? 0 : 1;
}

async function inProcess(name: string): Promise<Outcome> {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--expose-gc', self, '--alone', '--size', size, name], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patienceMs,
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const last = texts.out.trim().split('\n').at(-1) ?? '';
  if (code === 0 && last.startsWith('{')) return JSON.parse(last) as Outcome;
  const why = texts.err.trim().split('\n').slice(0, 6).join(' | ');
  return { figure: `it could not be measured (${signal ?? code}): ${why}`, pass: false };
}
