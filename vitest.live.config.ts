import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/ops/live-*.test.ts'], restoreMocks: true, fileParallelism: false },
});
