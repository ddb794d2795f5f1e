import { defineConfig } from 'vitest/config';
import { alone, apart, measured, quick, whole } from './tests/support/kinds.ts';
import { LongestFirst } from './tests/support/order.ts';

/** Two cores are the smallest machine the suite must be honest on; much of it waits for servers and browsers. */
const workers = { many: 3, few: 2, one: 1 };

/** Projects of one `groupOrder` run side by side, and those of the next one after them. */
const project = (
  name: string,
  include: readonly string[],
  maxWorkers: number,
  groupOrder: number,
  isolate = true,
) => ({
  extends: true as const,
  test: { name, include: [...include], maxWorkers, isolate, sequence: { groupOrder } },
});

export default defineConfig({
  test: {
    globalSetup: ['tests/support/run-folder.ts'],
    maxWorkers: workers.many,
    sequence: { sequencer: LongestFirst },
    // As long as something may take that comes at once on a machine with nothing else to do.
    expect: { poll: { timeout: 15_000, interval: 50 } },
    testTimeout: 60_000,
    hookTimeout: 180_000,
    projects: [
      // They leave nothing in their process, so that a worker imports what they share once.
      project('whole', whole, workers.many, 0, false),
      project('quick', quick, workers.many, 0, false),
      project('apart', apart, workers.many, 0),
      project('measured', measured, workers.few, 1),
      project('alone', alone, workers.one, 2),
    ],
  },
});
