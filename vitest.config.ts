import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Two cores are the smallest machine the suite must be honest on; real servers and Electron run beside it.
    maxWorkers: 2,
  },
});
