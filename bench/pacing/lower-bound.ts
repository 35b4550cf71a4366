import { limitRules } from '../../src/simulator/limit-rules.ts';
import { LIMIT_KINDS, type SimulatorLimits } from '../../src/simulator/limits.ts';
import type { Job } from './jobs.ts';
import type { Scenario } from './scenarios.ts';

/**
 * No client is done earlier, but by luck with the last answer: for each limit the time at which its bucket and its
 * refill cover what the calls finally cost, with nothing wasted, and then an average answer. Knows the change of a
 * tier, the neighbour's share and outages. Limits of output that are drained by the answer can be overdrawn by what is in
 * flight at the end, so that there a little less than 1 is possible.
 */
export function lowerBoundMs(scenario: Scenario, jobs: readonly Job[]): number {
  const { provider, limits = {}, outputCounting = 'realtime', latency } = scenario.simulator;
  const rules = limitRules(provider, outputCounting);
  let admitted = jobs.reduce((latest, job) => Math.max(latest, job.arriveMs), 0);
  for (const { name, unit, windowMs } of LIMIT_KINDS) {
    if (limits[name] === undefined) continue;
    const total = jobs.reduce(
      (sum, { cost, usage }) =>
        sum + (rules.actual(name, usage) ?? rules.cost(name, { account: '', model: '', ...cost }, 0)?.charge ?? 0),
      0,
    );
    const bucketMs = windowMs === 60_000 ? burstSeconds(scenario, unit) * 1_000 : windowMs;
    const limitOf = (limits: SimulatorLimits): number => limits[name] ?? Infinity;
    admitted = Math.max(admitted, timeToCover(total, windowMs, bucketMs, scenario, limitOf));
  }
  const tokens = jobs.reduce((sum, job) => sum + job.usage.outputTokens, 0) / jobs.length;
  return admitted + (latency?.baseMs ?? 0) + tokens * (latency?.perTokenMs ?? 0);
}

function burstSeconds({ simulator: { bucketSeconds = 60 } }: Scenario, unit: string): number {
  if (typeof bucketSeconds === 'number') return bucketSeconds;
  return (unit === 'requests' ? bucketSeconds.requests : bucketSeconds.tokens) ?? 60;
}

function timeToCover(
  total: number,
  windowMs: number,
  bucketMs: number,
  { simulator, faults = {} }: Scenario,
  limitOf: (limits: SimulatorLimits) => number,
): number {
  const free = 1 - (faults.neighbour?.share ?? 0);
  const change = faults.tierChange;
  let limit = limitOf(simulator.limits ?? {});
  let covered = ((limit * bucketMs) / windowMs) * (simulator.initialFill ?? 1);
  let at = 0;
  if (change) {
    const gained = (change.atMs * limit * free) / windowMs;
    if (covered + gained < total) {
      const next = limitOf(change.limits ?? {});
      // What was used stays used: the level moves by the difference of the buckets.
      covered += gained + ((next - limit) * bucketMs) / windowMs;
      at = change.atMs;
      limit = next;
    }
  }
  const coveredAt = at + (Math.max(0, total - covered) * windowMs) / (limit * free);
  const { fromMs = 0, untilMs = fromMs } = faults.outage ?? {};
  if (coveredAt <= fromMs) return coveredAt;
  // What is refilled meanwhile is there afterwards, but not more than a bucket of it.
  return Math.max(untilMs, coveredAt + Math.max(0, untilMs - fromMs - bucketMs));
}
