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
 * Tests of what keeps nothing for the process: no default guard or clock, variable of the environment, or global of
 * OpenTelemetry. They leave none of these changed, either; `bench` gives a package of others a virtual clock for good.
 */
const SHARED = [
  'test/{core,cost,pacing,policies,providers}/**/*.test.ts',
  'test/{console,simulator,tools}/**/*.test.ts',
  'test/fleet/!(register).test.ts',
  'test/hits/!(record-hits).test.ts',
  'test/ops/!(one-name|render).test.ts',
  'test/commands/{alert-message,alerts,cli,completion,dispatch,rules,top}.test.ts',
  'test/demo/{emails,options,readme,results,stack,workload}.test.ts',
  'test/docs/{commands,generated,links}.test.ts',
  'test/{errors,options}.test.ts',
];

/**
 * Tests over sockets of their own process, whose time is one that passes as soon as nothing moves on them
 * (`test/helpers/socket-clock.ts`), for the default guard too. They leave no global or variable changed, count no garbage, and wait for no real moment in between.
 */
const SOCKETS = [
  'test/contract/!(collected-controllers|differential|fetch-requests|large-chunks|leaks|left-streams|stack|traps).test.ts',
  'test/integration/!(hostile-options|sdk-spans|user-functions).test.ts',
];

/** Tests that compute for seconds, each in a process of its own. Those that start quickly lose by Node's loader. */
const COMPUTING = [
  'test/batch/{eta,key-table,recalled-limits}.test.ts',
  'test/bench/random.test.ts',
  'test/commands/batch/{dry-run,provider,provider-hostile}.test.ts',
  'test/commands/report/what-if.test.ts',
  'test/contract/{collected-controllers,differential,leaks,left-streams}.test.ts',
];

/**
 * Node itself loads the modules: Vite's, where each name of another module is looked up at each use, takes a fifth more
 * for what computes. Without hooks there is no `vi.mock`.
 */
const NATIVE = { viteModuleRunner: false, nodeLoader: false } as const;

/** Files share a worker, and what they have imported. */
const TOGETHER = { isolate: false, experimental: NATIVE } as const;

/** Minutes of real time on real servers, on a quiet machine: npm run test:live. */
const LIVE = 'test/**/live-*.test.ts';

export default defineConfig({
  plugins: [zodOfAgents],
  test: {
    projects: [
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
      {
        extends: true,
        test: {
          name: 'computing',
          include: COMPUTING,
          experimental: NATIVE,
        },
      },
      // A file, a process.
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, LIVE, ...SHARED, ...SOCKETS, ...COMPUTING],
        },
      },
    ],
    server: { deps: { inline: [/@openai\/agents-/] } },
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    // More than half of the time is waiting for servers on loopback and for programs: five at once fill two cores.
    maxWorkers: 5,
    restoreMocks: true,
    // They end tests that hang, and prove nothing: a machine with much else to do needs ten times what a quiet one does.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
