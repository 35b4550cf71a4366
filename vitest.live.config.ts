import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/live-*.test.ts'],
    restoreMocks: true,
    fileParallelism: false,
    // Side by side they mostly wait.
    maxConcurrency: 4,
  },
});
