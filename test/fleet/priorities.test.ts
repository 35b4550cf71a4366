import { expect, it } from 'vitest';
import { RemoteStore } from '../../bench/fleet/remote-store.ts';
import { SimProcess, type Tally } from '../../bench/sim/sim-process.ts';
import { SimProvider } from '../../bench/sim/sim-provider.ts';
import { type Job, makeJobs } from '../../bench/sim/workload.ts';
import { Fleet } from '../../src/fleet/fleet.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

interface Planned {
  readonly job: Job;
  readonly atMs: number;
  /** Number of the process that makes it. */
  readonly by: number;
}

const setup = {
  provider: 'openai',
  bucketSeconds: 1,
  limits: { requestsPerMinute: 600, tokensPerMinute: 2_000_000 },
} as const;
const OTHERS = 4;

const jobs = (priority: Job['priority'], count: number): Job[] =>
  makeJobs({ count, shape: 'uniform', random: mulberry32(3) }).map((job) => ({ ...job, priority }));

/** @returns The duration of each call in milliseconds. */
async function run(plan: readonly Planned[], processes: number): Promise<number[]> {
  const clock = new VirtualClock();
  const provider = new SimProvider(setup, clock, mulberry32(8));
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const store = new RemoteStore(clock, { delayMs: 1 });
  const made = Array.from({ length: processes }, (_, index) => {
    const fleet =
      processes === 1 ? undefined : new Fleet({ store, processes: 2, account: undefined }, `process ${index}`);
    return new SimProcess(clock, mulberry32(100 + index), provider, setup.provider, {}, tally, fleet);
  });
  const took: number[] = [];
  let done = 0;
  plan.forEach(({ job, atMs, by }, index) => {
    clock.after(atMs, () => {
      void made[by % processes]!.call(job).then(() => {
        took[index] = clock.now() - atMs;
        done++;
      });
    });
  });
  await clock.run(() => done === plan.length);
  await Promise.all(made.map(({ guard }) => guard.close()));
  return took;
}

it('interactive calls of one process precede batch calls of others, as within one process', async () => {
  const urgent = jobs('interactive', 40).map((job, index) => ({ job, atMs: 10_000 + index * 500, by: 0 }));
  const backlog = jobs('batch', 400).map((job, index) => ({ job, atMs: 0, by: 1 + (index % OTHERS) }));
  const plan = [...urgent, ...backlog];
  const mean = (took: readonly number[]): number =>
    took.slice(0, urgent.length).reduce((sum, ms) => sum + ms, 0) / urgent.length;
  const [fleet, one] = [await run(plan, 1 + OTHERS), await run(plan, 1)];
  expect(mean(fleet)).toBeLessThan(mean(one) + 500);
  expect(Math.max(...fleet)).toBeGreaterThan(5 * mean(fleet));
});
