import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { escapeMarkup } from '../../main/base/escape.ts';
import type { Figure, Result } from './rounds.ts';
import type { StartReport } from './start.ts';

export interface Facts {
  day: string;
  machine: string;
  /** Of the system over the last quarter of an hour: well above the number of processors, the figures are of a busy machine. */
  load: number;
  versions: string[];
  /** Seconds of each measurement, and how many rounds of them. */
  seconds: number;
  rounds: number;
}

const begin = '<!-- figures: made by npm run bench -- --docs -->';
const end = '<!-- end of figures -->';

/** @param programs each with the argument that has it print its version */
export function findFacts(
  seconds: number,
  rounds: number,
  programs: readonly (readonly [string | undefined, string])[],
): Facts {
  const gib = Math.round(totalmem() / 2 ** 30);
  const versions = programs.flatMap(([program, argument]) => {
    if (program === undefined) return [];
    const [line = ''] = execFileSync(program, [argument], { encoding: 'utf8' }).split('\n');
    return [line.trim()];
  });
  return {
    day: new Date().toISOString().slice(0, 10),
    load: loadavg()[2] ?? Number.NaN,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${gib} GiB, Linux ${release()}`,
    versions: [`Node.js ${process.version}`, ...versions],
    seconds,
    rounds,
  };
}

/** Puts the figures between the two marks of docs/BENCHMARKS.md, and the plot beside it. */
export function writeReport(
  docs: string,
  facts: Facts,
  results: readonly Result[],
  start: StartReport | undefined,
): void {
  const file = join(docs, 'BENCHMARKS.md');
  const text = readFileSync(file, 'utf8');
  const [before, rest] = [text.indexOf(begin), text.indexOf(end)];
  if (before === -1 || rest < before) throw new Error(`${file} has no place for the figures`);
  writeFileSync(
    file,
    text.slice(0, before) +
      [
        begin,
        section(facts, results),
        ...(start === undefined ? [] : [startText(start)]),
        text.slice(rest),
      ].join('\n\n'),
  );
  writeFileSync(join(docs, 'benchmarks.svg'), plot(results));
}

function section(
  { day, machine, load, versions, seconds, rounds }: Facts,
  results: readonly Result[],
): string {
  return [
    `Measured on ${day}: ${machine}, load ${load.toFixed(1)}. ${versions.join('; ')}. Medians of ${rounds} rounds of ${seconds} s each; in brackets the least and the most.`,
    '![Share of direct, and processor for a unit, of each proxy](benchmarks.svg)',
    ...results.map(table),
  ].join('\n\n');
}

function table({ title, unit, figures }: Result): string {
  const hasTimes = figures.some(({ milliseconds }) => milliseconds !== undefined);
  const rows = figures.map((figure) => [
    figure.name,
    figure.value.toFixed(0),
    spreadText(figure.share, 2),
    figure.processorMicroseconds === undefined ? '' : spreadText(figure.processorMicroseconds, 0),
    ...(hasTimes ? [timesText(figure)] : []),
  ]);
  const head = [title, unit, 'of direct', 'µs of processor each', ...(hasTimes ? ['p50, p99'] : [])];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Starts beside that of a bare Node.js, memory, and what happens while nothing is asked. */
function startText({ figures, memory, idle }: StartReport): string {
  const rows = figures.map(({ name, wallMs, wall, processorMs, processor }) => [
    name,
    wallMs.toFixed(0),
    spreadText(wall, 2),
    `${processorMs.toFixed(0)} ms, ${processor.median.toFixed(2)}`,
  ]);
  const head = ['start', 'ms', 'of a bare Node.js', 'processor'];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const megabytes = ({ rss, pss }: StartReport['memory']): string =>
    `${rss.toFixed(0)} MB (${pss.toFixed(0)} MB with what programs share counted in parts)`;
  const nothing =
    idle === undefined
      ? ''
      : ` With ${idle.sessions} sessions of which nobody wants anything: ${megabytes(idle.memory)}, and in a minute ${idle.ticks} ticks of the processor (10 ms each), ${idle.wakeUps} times that a thread woke up.`;
  return `${table}\n\nAfter all these, the broker holds ${megabytes(memory)}.${nothing}`;
}

function spreadText({ median, least, most }: Figure['share'], digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

function timesText({ milliseconds }: Figure): string {
  return milliseconds === undefined
    ? ''
    : `${milliseconds.p50.toFixed(1)} ms, ${milliseconds.p99.toFixed(1)} ms (${(milliseconds.p99 / milliseconds.p50).toFixed(1)} ×)`;
}

const colours: Record<string, string> = { Latchkey: '#0f766e', pgbouncer: '#b45309', haproxy: '#475569' };
const [barHeight, left, width] = [14, 150, 360];

/** Two bars for each proxy: its share of direct, and its processor as a part of the dearest one's. */
function plot(results: readonly Result[]): string {
  const parts: string[] = [];
  let y = 20;
  const text = (x: number, words: string, more = ''): void =>
    void parts.push(`<text x="${x}" y="${y + 11}" ${more}>${escapeMarkup(words)}</text>`);
  const bar = (x: number, length: number, colour: string): void =>
    void parts.push(
      `<rect x="${x}" y="${y + 2}" width="${Math.max(1, length).toFixed(1)}" height="${barHeight - 4}" fill="${colour}"/>`,
    );
  for (const { title, figures } of results) {
    text(10, title, 'font-weight="bold"');
    y += barHeight + 4;
    const dearest = Math.max(
      ...figures.map(({ processorMicroseconds }) => processorMicroseconds?.median ?? 0),
    );
    for (const { name, share, processorMicroseconds } of figures) {
      if (processorMicroseconds === undefined) continue;
      const colour = colours[name] ?? '#a1a1aa';
      text(20, name);
      bar(left, Math.min(share.median, 1.3) * (width / 1.3), colour);
      text(left + width + 6, `${share.median.toFixed(2)} of direct`);
      bar(left + width + 110, (processorMicroseconds.median / dearest) * 160, colour);
      text(left + width + 276, `${processorMicroseconds.median.toFixed(0)} µs`);
      y += barHeight;
    }
    y += 10;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="860" height="${y}" viewBox="0 0 860 ${y}" font-family="sans-serif" font-size="11">`,
    `<rect width="860" height="${y}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
