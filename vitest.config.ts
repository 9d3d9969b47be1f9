// Test runner settings. Suites that need root, real containers or real clients live in test/ and run
// from tools/test.ts after the unit suites, one file at a time.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/robustness/*.test.ts', 'test/history/*.test.ts', 'test/fuzz/*.test.ts', 'test/store/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
