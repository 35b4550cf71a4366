import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes of real time on real servers, and sensitive to a busy machine: npm run test:live.
    exclude: [...configDefaults.exclude, 'test/**/live-*.test.ts'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
