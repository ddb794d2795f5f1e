/**
 * A promise of docs/SECURITY.md as a command that prints its figure. `npm run verify` runs every target at full size,
 * the tests run each at a size that every run can afford. See targets.ts.
 */
export interface Target {
  /** One word or two with hyphens: what `npm run verify -- <name>` takes. */
  name: string;
  /** What must hold, in words. */
  bound: string;
  /** The bound is a time of a few milliseconds: nothing else may run beside it. */
  isTimed?: true;
  /** Measures. Throws only where it could not measure: a bound that is missed is `pass: false` with its figure. */
  run(size: Size): Promise<Outcome>;
}

export type Size = 'quick' | 'full';

export interface Outcome {
  /** What was measured, on one line. */
  figure: string;
  pass: boolean;
}

/**
 * How much longer than the bound something may take. The quick runs share two cores with other tests: there a time
 * tells a login that is starved or never cut from one that is not, and nothing more.
 */
export const slack = (size: Size): number => (size === 'full' ? 1 : 20);

/** The number that this share of the numbers does not exceed; NaN where there are none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** 12345 as "12,345", so that figures of all targets read alike. */
export const count = (number: number): string => Math.round(number).toLocaleString('en');

/** Does `work` for each index below `total`, `lanes` of them at a time. */
export async function inLanes(
  total: number,
  lanes: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Waits until `reached` says so; false where that does not come within the time. */
export async function within(
  milliseconds: number,
  reached: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    if (await reached()) return true;
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
