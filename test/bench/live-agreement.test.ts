import { beforeAll, describe, expect, it } from 'vitest';
import { CONTESTANTS } from '../../bench/pacing/contestants.ts';
import { type Job, makeJobs } from '../../bench/pacing/jobs.ts';
import { run } from '../../bench/pacing/run.ts';
import { SCENARIOS } from '../../bench/pacing/http-scenarios.ts';
import { toVirtual } from '../../bench/pacing/to-virtual.ts';
import { type Result, runScenario } from '../../bench/sim/run-scenario.ts';
import { resolveOptions } from '../../src/options.ts';

const SEED = 7;
/** Which requests meet a fault is drawn by the provider: no two runs are alike. */
const shared = SCENARIOS.filter(({ faults }) => faults?.rates === undefined);
const tidegate = CONTESTANTS.find(({ name }) => name.startsWith('tidegate'))!;

describe('the virtual clock takes as long as real time over HTTP', () => {
  const virtual = new Map<string, { readonly jobs: readonly Job[]; readonly result: Result }>();

  beforeAll(async () => {
    for (const scenario of shared) {
      const jobs = await makeJobs(scenario.loads, scenario.simulator, SEED);
      const result = await runScenario(toVirtual(scenario, jobs), SEED, resolveOptions({}).pacing!.headroom);
      virtual.set(scenario.name, { jobs, result });
    }
  }, 60_000);

  it.concurrent.each(shared)('$words', { timeout: 120_000 }, async (scenario) => {
    const { jobs, result } = virtual.get(scenario.name)!;
    const row = await run(scenario, tidegate, { jobs, seed: SEED, length: 1, cap: 3 });
    expect(row.succeeded).toBe(result.succeeded);
    expect(row.wallMs / result.wallMs).toBeGreaterThan(0.97);
    expect(row.wallMs / result.wallMs).toBeLessThan(1.03);
  });
});
