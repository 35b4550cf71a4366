import { readFileSync } from 'node:fs';
import { configDefaults, defineConfig, type Plugin } from 'vitest/config';

const AGENTS = /\/node_modules\/@openai\/agents-[\w-]+\/dist\/.*\.mjs$/;

/**
 * The OpenAI Agents SDK wants zod 4, some of the SDKs under test want zod 3, and npm gives the root one of them. The
 * package that is there has both.
 */
const zodOfAgents: Plugin = {
  name: 'zod-of-agents',
  enforce: 'pre',
  resolveId(source, importer) {
    if (source !== 'zod' || !importer?.includes('/node_modules/@openai/agents-')) return null;
    return this.resolve('zod/v4', importer, { skipSelf: true });
  },
  // Their source maps name files that they do not bring.
  load(id) {
    if (!AGENTS.test(id)) return null;
    return readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  },
};

const UNITS = ['test/{core,cost,pacing,policies,providers}/**/*.test.ts'];

export default defineConfig({
  plugins: [zodOfAgents],
  test: {
    projects: [
      // Functions and classes that keep nothing for the process: files share a worker, and what they have imported.
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          // Live ones take minutes of real time on real servers, and mind a busy machine: npm run test:live.
          exclude: [...configDefaults.exclude, 'test/**/live-*.test.ts', ...UNITS],
        },
      },
    ],
    server: { deps: { inline: [/@openai\/agents-/] } },
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    // Much of the time is waiting for servers on loopback: three at once fit on two cores.
    maxWorkers: 3,
    restoreMocks: true,
    // They end tests that hang, and prove nothing: a machine with much else to do needs ten times what a quiet one does.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
