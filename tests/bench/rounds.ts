/** One way to the same database. */
export interface Way {
  name: string;
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** Seconds of processor that what stands between client and database has taken so far. */
  processor?: () => number;
}

/** What is measured over all its ways. */
export interface Kind {
  title: string;
  unit: string;
  ways: Way[];
  /** How many in a second; with how long each took, where that is measured. */
  measure(way: Way): Promise<number | { rate: number; milliseconds: number[] }>;
}

export interface Figure {
  name: string;
  /** Median of the rounds, in the kind's unit. */
  value: number;
  /** Share of the first way, round by round: median, least and most. */
  share: { median: number; least: number; most: number };
  /** Microseconds of processor for one unit: median, least and most of the rounds; undefined for the database alone. */
  processorMicroseconds?: { median: number; least: number; most: number };
  /** Of all units of all rounds. */
  milliseconds?: { p50: number; p99: number };
}

export interface Result {
  title: string;
  unit: string;
  figures: Figure[];
}

/**
 * Measures each kind over all its ways, in turn and again, so that what disturbs the machine disturbs all of them. Each round
 * begins with another way: connections of the way before stay in the system's tables for a minute, and the next has to live
 * with them.
 */
export async function interleaved(
  kinds: readonly Kind[],
  rounds: number,
  print: (line: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const kind of kinds) {
    const measured = kind.ways.map((way) => ({
      way,
      values: [] as number[],
      costs: [] as number[],
      times: [] as number[],
    }));
    for (let round = 0; round < rounds; round += 1) {
      const first = round % measured.length;
      for (const { way, values, costs, times } of [...measured.slice(first), ...measured.slice(0, first)]) {
        const before = way.processor?.() ?? 0;
        const began = performance.now();
        const result = await kind.measure(way);
        const value = typeof result === 'number' ? result : result.rate;
        if (!(value > 0)) throw new Error(`${kind.title}, ${way.name}: nothing was measured`);
        values.push(value);
        if (typeof result !== 'number') times.push(...result.milliseconds);
        const units = (value * (performance.now() - began)) / 1000;
        costs.push((((way.processor?.() ?? 0) - before) * 1e6) / units);
      }
    }
    const base = measured[0]?.values ?? [];
    const figures = measured.map(({ way, values, costs, times }): Figure => {
      const shares = values.map((value, round) => value / (base[round] ?? Number.NaN));
      return {
        name: way.name,
        value: median(values),
        share: spread(shares),
        ...(way.processor === undefined ? {} : { processorMicroseconds: spread(costs) }),
        ...(times.length === 0
          ? {}
          : { milliseconds: { p50: quantile(times, 0.5), p99: quantile(times, 0.99) } }),
      };
    });
    results.push({ title: kind.title, unit: kind.unit, figures });
    print(`${kind.title} [${kind.unit}]`);
    for (const figure of figures) print(`  ${line(figure)}`);
  }
  return results;
}

function line({ name, value, share, processorMicroseconds: cost, milliseconds: times }: Figure): string {
  const parts = [
    `${name.padEnd(16)} ${value.toFixed(0).padStart(8)}`,
    `${share.median.toFixed(2)} of direct (${share.least.toFixed(2)} to ${share.most.toFixed(2)})`,
  ];
  if (cost !== undefined)
    parts.push(
      `${cost.median.toFixed(0)} µs of processor each (${cost.least.toFixed(0)} to ${cost.most.toFixed(0)})`,
    );
  if (times !== undefined)
    parts.push(
      `p50 ${times.p50.toFixed(1)} ms, p99 ${times.p99.toFixed(1)} ms (${(times.p99 / times.p50).toFixed(1)} ×)`,
    );
  return parts.join('  ');
}

function spread(values: readonly number[]): { median: number; least: number; most: number } {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
