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
  /** How many in a second. */
  measure(way: Way): Promise<number>;
}

export interface Figure {
  name: string;
  /** Median of the rounds, in the kind's unit. */
  value: number;
  /** Share of the first way, round by round: median, least and most. */
  share: { median: number; least: number; most: number };
  /** Microseconds of processor for one unit; undefined for the database alone. */
  processorMicroseconds?: number;
}

export interface Result {
  title: string;
  unit: string;
  figures: Figure[];
}

/** Measures each kind over all its ways, in turn and again, so that what disturbs the machine disturbs all of them. */
export async function interleaved(
  kinds: readonly Kind[],
  rounds: number,
  print: (line: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const kind of kinds) {
    const measured = kind.ways.map((way) => ({ way, values: [] as number[], costs: [] as number[] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const { way, values, costs } of measured) {
        const before = way.processor?.() ?? 0;
        const began = performance.now();
        const value = await kind.measure(way);
        if (!(value > 0)) throw new Error(`${kind.title}, ${way.name}: nothing was measured`);
        values.push(value);
        const units = (value * (performance.now() - began)) / 1000;
        costs.push((((way.processor?.() ?? 0) - before) * 1e6) / units);
      }
    }
    const base = measured[0]?.values ?? [];
    const figures = measured.map(({ way, values, costs }): Figure => {
      const shares = values.map((value, round) => value / (base[round] ?? Number.NaN));
      return {
        name: way.name,
        value: median(values),
        share: { median: median(shares), least: Math.min(...shares), most: Math.max(...shares) },
        ...(way.processor === undefined ? {} : { processorMicroseconds: median(costs) }),
      };
    });
    results.push({ title: kind.title, unit: kind.unit, figures });
    print(`${kind.title} [${kind.unit}]`);
    for (const figure of figures) print(`  ${line(figure)}`);
  }
  return results;
}

function line({ name, value, share, processorMicroseconds }: Figure): string {
  const spread = `${share.least.toFixed(2)} to ${share.most.toFixed(2)}`;
  const cost =
    processorMicroseconds === undefined ? '' : `  ${processorMicroseconds.toFixed(0)} µs of processor each`;
  return `${name.padEnd(16)} ${value.toFixed(0).padStart(8)}  ${share.median.toFixed(2)} of direct (${spread})${cost}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
