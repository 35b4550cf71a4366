import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/live-*.test.ts'],
    restoreMocks: true,
    fileParallelism: false,
    // Real time, on a machine that may be busy for a moment.
    retry: 1,
    testTimeout: 60_000,
    // Side by side they mostly wait.
    maxConcurrency: 4,
  },
});
