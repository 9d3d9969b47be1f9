// End-to-end suites share one cluster on this machine: one file at a time, in name order.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    sequence: { concurrent: false, shuffle: false },
    testTimeout: 180_000,
    hookTimeout: 300_000,
    reporters: ['verbose'],
    globalSetup: './cluster.setup.ts',
  },
});
