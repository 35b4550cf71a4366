import type { GuardOptions } from '../../src/options.ts';
import type { PacingOptions } from '../../src/options/pacing-options.ts';
import { mulberry32, type Random } from '../../src/simulator/random.ts';
import { quantile } from '../lib/quantile.ts';
import type { Target } from '../lib/targets.ts';
import { lowerBound } from './lower-bound.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { SimProcess, type Tally } from './sim-process.ts';
import { type ProviderSetup, SimProvider } from './sim-provider.ts';
import type { Job } from './workload.ts';

export interface Scenario {
  readonly name: string;
  readonly setup: ProviderSetup;
  readonly jobs: (random: Random) => readonly Job[];
  readonly processes?: number;
  readonly options?: Omit<GuardOptions, 'pacing'> & { readonly pacing?: PacingOptions };
  /** Maximum outstanding calls; for runs too long to queue at once. */
  readonly outstanding?: number;
  readonly target: Target;
}

export interface Result {
  readonly name: string;
  readonly seed: number;
  readonly calls: number;
  readonly succeeded: number;
  readonly wallMs: number;
  readonly boundMs: number;
  readonly ratio: number;
  /** The same up to the last sent call: the pacer's part, without the luck of the last answers. */
  readonly sentRatio: number;
  /** Unsuccessful attempts, of all attempts. */
  readonly waste: number;
  readonly throttled: number;
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  readonly interactiveP99Ms: number | undefined;
  readonly peakPerSecond: number;
  readonly realMs: number;
}

/** With a headroom of h, no steady run is done before 1 / (1 - h) of its bound. */
export async function runScenario(scenario: Scenario, seed: number, headroom: number): Promise<Result> {
  const startedAt = performance.now();
  const clock = new VirtualClock();
  const random = mulberry32(seed);
  const provider = new SimProvider(scenario.setup, clock, mulberry32(seed + 1));
  const options = { ...scenario.options, pacing: { headroom, ...scenario.options?.pacing } };
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const processes = Array.from(
    { length: scenario.processes ?? 1 },
    (_, index) =>
      new SimProcess(clock, mulberry32(seed + 100 + index), provider, scenario.setup.provider, options, tally),
  );
  const jobs = scenario.jobs(random);
  const progress = { next: 0, done: 0, succeeded: 0, endedAt: 0 };
  let failure: unknown;

  const start = (index: number): void => {
    const job = jobs[index]!;
    processes[index % processes.length]!.call(job).then(
      (ok) => {
        progress.done++;
        if (ok) progress.succeeded++;
        progress.endedAt = clock.now();
        if (scenario.outstanding !== undefined && progress.next < jobs.length) start(progress.next++);
      },
      (error: unknown) => (failure = error ?? new Error('unknown')),
    );
  };
  if (scenario.outstanding !== undefined) {
    while (progress.next < Math.min(scenario.outstanding, jobs.length)) start(progress.next++);
  } else {
    jobs.forEach((job, index) => {
      if (job.arriveMs === 0) start(index);
      else clock.after(job.arriveMs, () => start(index));
    });
  }
  await clock.run(() => progress.done === jobs.length || failure !== undefined);
  await Promise.all(processes.map(({ guard }) => guard.close()));
  if (failure !== undefined) throw failure as Error;

  const bound = lowerBound(scenario.setup, jobs);
  const waits = tally.waits.map((each) => each.ms).toSorted((a, b) => a - b);
  const interactive = tally.waits.filter((each) => each.priority === 'interactive').map((each) => each.ms);
  return {
    name: scenario.name,
    seed,
    calls: jobs.length,
    succeeded: progress.succeeded,
    wallMs: progress.endedAt,
    boundMs: bound.doneMs,
    ratio: progress.endedAt / bound.doneMs,
    sentRatio: tally.sent.at(-1)! / bound.sentMs,
    waste: tally.failedAttempts / tally.attempts,
    throttled: tally.throttled / tally.attempts,
    waitP50Ms: quantile(waits, 0.5),
    waitP99Ms: quantile(waits, 0.99),
    interactiveP99Ms:
      interactive.length > 0
        ? quantile(
            interactive.toSorted((a, b) => a - b),
            0.99,
          )
        : undefined,
    peakPerSecond: peak(tally.sent),
    realMs: performance.now() - startedAt,
  };
}

/** Most calls sent in any second. */
function peak(sent: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (let to = 0; to < sent.length; to++) {
    while (sent[to]! - sent[from]! >= 1_000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
