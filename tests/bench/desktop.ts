/**
 * What the desktop application costs beside an Electron that shows one line: until tray and window are there, and with its
 * window closed, when it only waits. Both run on the same Electron with the same switches, one after the other in each round.
 *
 * Run in a desktop session, after `npm run build`: `node tests/bench/desktop.ts [--rounds 3] [--idle 60]`. Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { desktopParts } from '../e2e/parts.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, idle: { type: 'string', default: '60' } },
});
const rounds = Number(options.rounds);
const idleMs = Number(options.idle) * 1000;
/** Until what a start and a close leave behind is done: V8 clears up once, half a minute later. */
const settleMs = 45_000;
const executable = desktopParts.electron.path;
if (executable === undefined) throw new Error(desktopParts.electron.remedy);
const project = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-desktop-'));

/** Loaded into both before their own code: says when something shows, and closes the window when told to. */
const hook = join(folder, 'hook.cjs');
writeFileSync(
  hook,
  `const electron = require('electron');
const { app, BrowserWindow } = electron;
const say = (what) => process.stderr.write('BENCH ' + what + '\\n');
app.on('browser-window-created', (_event, window) => window.once('show', () => say('window')));
const { setToolTip } = electron.Tray.prototype;
electron.Tray.prototype.setToolTip = function (text) { setToolTip.call(this, text); say('tray'); };
process.on('SIGUSR2', () => BrowserWindow.getAllWindows().forEach((window) => window.close()));
`,
);
writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'hello', main: 'main.js' }));
writeFileSync(
  join(folder, 'main.js'),
  `const { app, BrowserWindow, Menu, Tray } = require('electron');
let tray;
app.on('window-all-closed', () => {});
app.whenReady().then(() => {
  tray = new Tray(${JSON.stringify(join(project, 'assets/tray/signed-out-22.png'))});
  tray.setContextMenu(Menu.buildFromTemplate([{ role: 'quit' }]));
  tray.setToolTip('Hello');
  const window = new BrowserWindow({ show: false, width: 1040, height: 720, webPreferences: { sandbox: true } });
  window.once('ready-to-show', () => window.show());
  window.loadURL('data:text/html,<p>Hello, world</p>');
});
`,
);

interface Process {
  pid: number;
  name: string;
  pssKb: number;
}

interface Measured {
  trayMs: number;
  windowMs: number;
  processes: Process[];
  /** How often a thread of each kind of process was given the processor while nothing was to do. */
  wakeUps: Map<string, number>;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

/** The process and all that it has started, by their parents. */
function family(root: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(/\nPPid:\t(\d+)/.exec(read(`/proc/${name}/status`))?.[1])]),
  );
  const found = [root];
  for (const pid of found)
    for (const [child, parent] of parents) if (parent === pid && !found.includes(child)) found.push(child);
  return found;
}

function nameOf(pid: number, root: number): string {
  if (pid === root) return 'main';
  const words = read(`/proc/${pid}/cmdline`).split(/[\0 ]/);
  const kind = words.find((word) => word.startsWith('--type='))?.slice(7);
  const service = words.find((word) => word.startsWith('--utility-sub-type='))?.replace(/^.*=|\..*$/g, '');
  return service ?? kind ?? (words[0] ?? '').replace(/^.*\//, '');
}

const pssOf = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);

/** Of all its threads; schedstat's third number is how often each was run. */
function turnsOf(pid: number): number {
  let turns = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      turns += Number(read(`/proc/${pid}/task/${thread}/schedstat`).trim().split(' ')[2] ?? 0);
  } catch {
    // It has ended.
  }
  return turns;
}

async function measure(args: string[], env: NodeJS.ProcessEnv, isFirst: boolean): Promise<Measured> {
  const began = performance.now();
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const child: ChildProcess = spawn(executable ?? '', [...sandbox, '-r', hook, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const seen = new Map<string, number>();
  const pid = child.pid ?? 0;
  if (child.stderr === null) throw new Error('no stderr');
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, what] = /^BENCH (\w+)$/.exec(line) ?? [];
    if (what !== undefined && !seen.has(what)) seen.set(what, performance.now() - began);
  });
  const exited = new Promise((resolved) => child.once('exit', resolved));
  try {
    const limit = performance.now() + 60_000;
    while (seen.size < 2) {
      if (performance.now() > limit)
        throw new Error(`only ${[...seen.keys()].join(', ')} of ${args.join(' ')} has shown`);
      await sleep(50);
    }
    await sleep(3000);
    process.kill(pid, 'SIGUSR2');
    await sleep(isFirst ? 1000 : settleMs);
    const members = family(pid);
    const before = new Map(members.map((each) => [each, turnsOf(each)]));
    await sleep(isFirst ? 0 : idleMs);
    const wakeUps = new Map<string, number>();
    for (const each of members) {
      const name = nameOf(each, pid);
      wakeUps.set(name, (wakeUps.get(name) ?? 0) + turnsOf(each) - (before.get(each) ?? 0));
    }
    const processes = family(pid).map((each) => ({ pid: each, name: nameOf(each, pid), pssKb: pssOf(each) }));
    return { trayMs: seen.get('tray') ?? 0, windowMs: seen.get('window') ?? 0, processes, wakeUps };
  } finally {
    child.kill('SIGTERM');
    const gone = await Promise.race([exited, sleep(10_000, 'late')]);
    if (gone === 'late') child.kill('SIGKILL');
  }
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const all: Record<'hello' | 'latchkey', Measured[]> = { hello: [], latchkey: [] };
const home = join(folder, 'home');
try {
  for (let round = 0; round < rounds + 1; round += 1) {
    const isFirst = round === 0;
    const hello = await measure([folder, `--user-data-dir=${join(folder, 'hello')}`], process.env, isFirst);
    const env = { ...process.env, XDG_CONFIG_HOME: join(folder, 'config') };
    const latchkey = await measure([project, '--home', home], env, isFirst);
    // The first start makes what a home has, and fills the caches of both.
    if (isFirst) continue;
    all.hello.push(hello);
    all.latchkey.push(latchkey);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const sum = ({ processes }: Measured): number => processes.reduce((all, { pssKb }) => all + pssKb, 0) / 1024;
const turns = ({ wakeUps }: Measured): number => [...wakeUps.values()].reduce((all, each) => all + each, 0);
function row(name: string, of: (measured: Measured) => number, unit: string): void {
  const [hello, latchkey] = [all.hello.map(of), all.latchkey.map(of)];
  const ratios = latchkey.map((value, index) => value / (hello[index] ?? Number.NaN));
  const figures = [median(hello), median(latchkey)].map((value) => value.toFixed(0)).join(' | ');
  process.stdout.write(`| ${name} | ${figures} | ${unit} | ${median(ratios).toFixed(2)} |\n`);
}
process.stdout.write('| | hello | Latchkey | | ratio |\n|---|---|---|---|---|\n');
row('tray shown', ({ trayMs }) => trayMs, 'ms');
row('window shown', ({ windowMs }) => windowMs, 'ms');
row('PSS, window closed', sum, 'MiB');
row('processes, window closed', ({ processes }) => processes.length, '');
row(`wake-ups in ${idleMs / 1000} s, window closed`, turns, '');
for (const [name, measured] of Object.entries(all)) {
  const last = measured.at(-1);
  for (const { name: kind, pssKb } of last?.processes ?? [])
    process.stdout.write(`${name}: ${kind} ${(pssKb / 1024).toFixed(1)} MiB\n`);
  for (const [kind, count] of last?.wakeUps ?? [])
    process.stdout.write(`${name}: ${kind} woke ${count} times\n`);
}
