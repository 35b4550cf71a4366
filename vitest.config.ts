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

/**
 * Tests that leave the process as they found it, with the default guard and clock that it had: `test/untouched.ts` looks
 * for what shows. `bench` gives a package of others a virtual clock for good; what reads the lanes of the whole process
 * from its metrics would see those of other files.
 */
const SHARED = [
  'test/{core,cost,faults,fuzz,helpers,pacing,policies,providers,register,retry-layers,types}/**/*.test.ts',
  'test/{docs,package,simulator,supply,tools}/**/*.test.ts',
  'test/console/!(metrics-source).test.ts',
  'test/batch/{!(warm),warm-prefixes}.test.ts',
  'test/commands/!(console|demo|doctor|top).test.ts',
  'test/commands/batch/!(warm).test.ts',
  'test/commands/report/!(what-if).test.ts',
  'test/contract/{differential,fetch-requests,large-chunks,stack,traps}.test.ts',
  'test/demo/*.test.ts',
  'test/fleet/!(register).test.ts',
  'test/frameworks/!(openai-agents).test.ts',
  'test/hits/*.test.ts',
  'test/integration/user-functions.test.ts',
  'test/ops/!(alert-chain|emitted|one-name|render).test.ts',
  'test/telemetry/!(conventions|otel-api|otlp|own-setup|safety|start-telemetry).test.ts',
  'test/unguarded/!(notice).test.ts',
  'test/{errors,lane-registry,options}.test.ts',
];

/**
 * Tests over sockets of their own process, whose time is one that passes as soon as nothing moves on them
 * (`test/helpers/socket-clock.ts`), for the default guard too. They leave all else as it was, count no garbage, and wait
 * for no real moment in between.
 */
const SOCKETS = [
  'test/contract/!(collected-controllers|differential|fetch-requests|large-chunks|leaks|left-streams|stack|traps).test.ts',
  'test/integration/!(hostile-options|sdk-spans|user-functions).test.ts',
  'test/batch/warm.test.ts',
  'test/commands/batch/warm.test.ts',
  'test/commands/demo.test.ts',
  'test/commands/report/what-if.test.ts',
];

/** Tests that load modules anew, replace them, or want another zod than their importer finds. */
const BY_VITE = ['test/{default-guard,frameworks/openai-agents,telemetry/start-telemetry}.test.ts'];

/**
 * Node itself loads the modules: Vite's, where each name of another module is looked up at each use, takes a fifth more
 * for what computes. Without hooks there is no `vi.mock`.
 */
const NATIVE = { viteModuleRunner: false, nodeLoader: false } as const;

/** Files share a worker, and what they have imported. */
const TOGETHER = { isolate: false, experimental: NATIVE, setupFiles: ['test/untouched.ts'] };

/** Minutes of real time on real servers, on a quiet machine: npm run test:live. */
const LIVE = 'test/**/live-*.test.ts';

export default defineConfig({
  plugins: [zodOfAgents],
  test: {
    // They begin in the order of their names: what has processes of its own, and then waits most, before what fills the cores.
    projects: [
      {
        extends: true,
        test: {
          name: 'by-vite',
          include: BY_VITE,
        },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: SHARED,
          exclude: [...configDefaults.exclude, LIVE],
          ...TOGETHER,
        },
      },
      {
        extends: true,
        test: {
          name: 'sockets',
          include: SOCKETS,
          exclude: [...configDefaults.exclude, LIVE],
          ...TOGETHER,
        },
      },
      // A file, a process.
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, LIVE, ...SHARED, ...SOCKETS, ...BY_VITE],
          experimental: NATIVE,
        },
      },
    ],
    server: { deps: { inline: [/@openai\/agents-/] } },
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    // More than half of the time is waiting for servers on loopback and for programs: seven at once fill two cores.
    maxWorkers: 7,
    restoreMocks: true,
    // They end tests that hang, and prove nothing: a machine with much else to do needs ten times what a quiet one does.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
