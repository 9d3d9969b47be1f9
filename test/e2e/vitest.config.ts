// End-to-end suites share one cluster on this machine: one file at a time, in name order.
import { BaseSequencer } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** The last suite takes the cluster down: order matters. */
class ByName extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer['sort']>[0]): ReturnType<BaseSequencer['sort']> {
    return [...files].sort((a, b) => a.moduleId.localeCompare(b.moduleId));
  }
}

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    sequence: { concurrent: false, shuffle: false, sequencer: ByName },
    testTimeout: 180_000,
    hookTimeout: 300_000,
    reporters: ['verbose'],
    globalSetup: './cluster.setup.ts',
  },
});
