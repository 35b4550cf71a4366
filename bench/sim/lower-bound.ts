import { limitRules } from '../../src/simulator/limit-rules.ts';
import { LIMIT_KINDS, type SimulatorLimits } from '../../src/simulator/limits.ts';
import { FIRST_TOKEN_MS, ONE_WAY_MS, type ProviderSetup, TOKEN_MS } from './sim-provider.ts';
import type { Job } from './workload.ts';

export interface LowerBound {
  /** For each limit, the time at which its bucket and its refill cover what the calls finally cost, with nothing wasted. */
  readonly sentMs: number;
  /** And an average answer to the last call; with luck a client gets a shorter one, without it a longer one. */
  readonly doneMs: number;
}

/** No client has sent its last call earlier, nor has its answer but by luck. Knows changes of limits and the neighbour. */
export function lowerBound(setup: ProviderSetup, jobs: readonly Job[]): LowerBound {
  const rules = limitRules(setup.provider, 'realtime');
  let sentMs = jobs.reduce((latest, job) => Math.max(latest, job.arriveMs), 0);
  for (const { name, windowMs } of LIMIT_KINDS) {
    if (setup.limits[name] === undefined) continue;
    let total = 0;
    let largestRecent = 0;
    for (const job of jobs) {
      const usage = { inputTokens: job.inputTokens, cachedTokens: 0, outputTokens: job.outputTokens };
      const request = { account: '', model: '', inputTokens: job.inputTokens, maxOutputTokens: job.maxOutputTokens };
      total += rules.actual(name, usage) ?? rules.cost(name, request, largestRecent)?.charge ?? 0;
      largestRecent = Math.max(largestRecent, job.outputTokens);
    }
    const limitAt = (limits: SimulatorLimits): number => limits[name] ?? Infinity;
    sentMs = Math.max(sentMs, timeToCover(total, windowMs, setup, limitAt));
  }
  const tokens = jobs.reduce((sum, job) => sum + job.outputTokens, 0) / jobs.length;
  return { sentMs, doneMs: sentMs + 2 * ONE_WAY_MS + (setup.slowness ?? 1) * (FIRST_TOKEN_MS + tokens * TOKEN_MS) };
}

function timeToCover(
  total: number,
  windowMs: number,
  setup: ProviderSetup,
  limitAt: (limits: SimulatorLimits) => number,
): number {
  const free = 1 - (setup.neighbour ?? 0);
  let limit = limitAt(setup.limits);
  const bucketMs = windowMs === 60_000 ? (setup.bucketSeconds ?? 60) * 1_000 : windowMs;
  let covered = ((setup.fill ?? 1) * limit * bucketMs) / windowMs;
  let at = 0;
  for (const change of setup.changes ?? []) {
    const gained = ((change.atMs - at) * limit * free) / windowMs;
    if (covered + gained >= total) break;
    covered += gained;
    at = change.atMs;
    const next = limitAt(change.limits);
    // What was used stays used: the level moves by the difference of the buckets.
    covered += ((next - limit) * bucketMs) / windowMs;
    limit = next;
  }
  return at + (Math.max(0, total - covered) * windowMs) / (limit * free);
}
