import { mulberry32 } from '../../../src/simulator/random.ts';
import { VirtualClock, WALL_START } from '../../../src/hits/replay/virtual-clock.ts';
import type { Tally } from '../sim-process.ts';
import { type Case, processOf } from './case.ts';
import type { Client } from './contestant.ts';
import { CONTESTANTS, type ContestantName } from './contestants.ts';
import { unavoidableFaults } from './drawn-fault.ts';
import { RandomProvider } from './random-provider.ts';
import { reference } from './reference.ts';
import { leastRefused, type Disclosure, disclosureOf } from './disclosure.ts';
import { UsageWatch } from './usage-watch.ts';

export interface CaseResult {
  readonly case: Case;
  readonly contestant: ContestantName;
  readonly calls: number;
  readonly lost: number;
  readonly wallMs: number;
  readonly boundMs: number;
  /** The minimum time until something is known. */
  readonly firstAnswerMs: number;
  /** Wall time over bound; infinite if a call was lost, since dropping work is not faster. */
  readonly ratio: number;
  /** Wall time over a bound that includes the first answer, which a client without knowledge has to wait for. */
  readonly askedRatio: number;
  /** Share of attempts that failed, without the faults that every client meets. */
  readonly waste: number;
  readonly throttled: number;
  readonly disclosure: Disclosure;
  /** The minimum of `waste` for any client, since unstated limits must be probed. */
  readonly leastWaste: number;
  /** Time in which calls waited and less than 90 % of the limits was used. */
  readonly slowMs: number;
  readonly realMs: number;
}

export interface RunOptions {
  /** Called at this interval of virtual milliseconds. */
  readonly everyMs?: number;
  readonly onTick?: (now: number, provider: RandomProvider, clients: readonly Client[], tally: Tally) => void;
}

/** Stops after this many bounds: unfinished calls are lost. */
const PATIENCE = 30;
const MIN_PATIENCE_MS = 120_000;

export async function runCase(each: Case, contestant: ContestantName, watch: RunOptions = {}): Promise<CaseResult> {
  const startedAt = performance.now();
  const { provider: spec, seed } = each;
  const jobs = each.jobs(mulberry32(seed));
  const bound = reference(each, jobs);
  const clock = new VirtualClock({ wall: WALL_START + (spec.minuteMs ?? 0) });
  const provider = new RandomProvider(spec, clock, seed);
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const processes = processOf(each, jobs.length - 1) + 1;
  const clients = Array.from({ length: Math.max(processes, each.processes ?? 1) }, (_, index) =>
    CONTESTANTS[contestant]({
      clock,
      seed: seed + 100 + index,
      provider,
      spec,
      options: each.options ?? {},
      tally,
      processes: each.processes ?? processes,
      index,
      jobs,
    }),
  );
  const usage = new UsageWatch(provider, spec, jobs, clock);
  const progress = { done: 0, succeeded: 0, endedAt: 0 };
  let failure: unknown;
  let wronged = 0;
  const start = (index: number): void => {
    clients[processOf(each, index)]!.call(jobs[index]!).then(
      (ok) => {
        progress.done++;
        if (ok) progress.succeeded++;
        else if (provider.wronged.has(jobs[index]!)) wronged++;
        progress.endedAt = clock.now();
        if (progress.done === jobs.length) usage.stop();
      },
      (error: unknown) => (failure = error ?? new Error('unknown')),
    );
  };
  jobs.forEach((job, index) => {
    if (job.arriveMs === 0) start(index);
    else clock.after(job.arriveMs, () => start(index));
  });
  const { everyMs, onTick } = watch;
  if (everyMs !== undefined && onTick) {
    const tick = (): void => {
      onTick(clock.now(), provider, clients, tally);
      if (progress.done < jobs.length) clock.after(everyMs, tick);
    };
    clock.after(everyMs, tick);
  }
  const patienceMs = Math.max(MIN_PATIENCE_MS, PATIENCE * bound.doneMs);
  await clock.run(() => progress.done === jobs.length || failure !== undefined || clock.now() > patienceMs);
  await Promise.all(clients.map(async (client) => client.close?.()));
  if (failure !== undefined) throw failure as Error;

  const { measuredFromMs = 0 } = each;
  // A call that is told so may fail; others may not.
  const lost = jobs.length - progress.succeeded - wronged;
  const complete = progress.done === jobs.length;
  const wallMs = (complete ? progress.endedAt : clock.now()) - measuredFromMs;
  const boundMs = bound.doneMs - measuredFromMs;
  const unavoidable = jobs.reduce((sum, job) => sum + unavoidableFaults(spec, job).attempts, 0);
  const firstAnswerMs = 2 * spec.oneWayMs + Math.min(...jobs.map((job) => job.latencyMs));
  const asked = leastRefused(each, bound.bindings);
  return {
    case: each,
    contestant,
    calls: jobs.length,
    lost,
    wallMs,
    boundMs,
    ratio: lost > 0 ? Infinity : wallMs / boundMs,
    firstAnswerMs,
    askedRatio: lost > 0 ? Infinity : wallMs / (boundMs + firstAnswerMs),
    waste: Math.max(0, tally.failedAttempts - unavoidable) / tally.attempts,
    throttled: tally.throttled / tally.attempts,
    disclosure: disclosureOf(each, bound.bindings),
    leastWaste: asked / (asked + jobs.length + unavoidable),
    slowMs: usage.slowMs,
    realMs: performance.now() - startedAt,
  };
}
