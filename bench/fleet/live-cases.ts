import { setTimeout as wait } from 'node:timers/promises';
import { COMMON as MINUTE_BUCKETS, type Scenario } from '../pacing/http-scenarios.ts';
import type { LiveCase, LiveRun } from './run-case.ts';

const COMMON = { provider: 'openai', ...MINUTE_BUCKETS } as const;
const RPM = { requestsPerMinute: 2_400, tokensPerMinute: 20_000_000 };
const TPM = { requestsPerMinute: 60_000, tokensPerMinute: 1_400_000 };
const NONE = { ratio: Infinity, waste: 1 };
const STEADY = { ratio: 1.03, waste: 0.005 };

function scenario(name: string, simulator: Partial<Scenario['simulator']>, loads: Scenario['loads']): Scenario {
  return { name, words: name, simulator: { ...COMMON, ...simulator }, loads, target: NONE };
}

const rpm = (count: number): Scenario =>
  scenario('RPM', { limits: RPM }, [{ count, emails: 'short', maxOutputTokens: 64 }]);

/** Each lasts for about a minute. */
export const LIVE_CASES: readonly LiveCase[] = [
  { name: '8 processes, RPM-bound', scenario: rpm(2_500), processes: 8, target: STEADY },
  {
    name: '8 processes, TPM-bound',
    scenario: scenario('TPM', { limits: TPM }, [{ count: 1_500, emails: 'whole', maxOutputTokens: 256 }]),
    processes: 8,
    target: STEADY,
  },
  {
    name: '8 processes, buckets of 1 s',
    scenario: scenario('RPM, 1 s', { limits: RPM, bucketSeconds: 1, initialFill: 1 }, [
      { count: 2_400, emails: 'short', maxOutputTokens: 64 },
    ]),
    processes: 8,
    target: STEADY,
  },
  {
    name: '8 processes that join and leave',
    scenario: rpm(2_500),
    processes: 8,
    disturb: joinAndLeave,
    target: { ratio: 1.06, waste: 0.01 },
  },
  {
    name: 'Redis killed and restarted',
    scenario: rpm(2_500),
    processes: 8,
    disturb: async (_run, { servers }, boundMs) => {
      await wait(boundMs / 3);
      await servers[0]!.kill();
      await wait(3_000);
      await servers[0]!.start();
    },
    target: { ratio: 1.1, waste: 0.02 },
  },
  {
    name: 'Redis failed over',
    scenario: rpm(2_500),
    processes: 8,
    sentinels: true,
    disturb: async (_run, { servers }, boundMs) => {
      await wait(boundMs / 3);
      await servers[0]!.kill();
    },
    target: { ratio: 1.1, waste: 0.02 },
  },
  {
    name: 'a process killed that holds leases',
    scenario: rpm(2_500),
    processes: 8,
    disturb: async (run, _stores, boundMs) => {
      await wait(boundMs / 3);
      run.kill();
    },
    target: { ratio: 1.05, waste: 0.01 },
  },
];

/** One joins and another leaves every second. */
async function joinAndLeave(run: LiveRun, _stores: unknown, boundMs: number): Promise<void> {
  const until = performance.now() + 0.8 * boundMs;
  while (performance.now() < until) {
    const [worker] = await Promise.all([run.start(), wait(1_000)]);
    run.feed(worker);
    run.leave();
  }
}
