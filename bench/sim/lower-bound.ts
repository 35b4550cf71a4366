import { limitRules } from '../../src/simulator/limits/limit-rules.ts';
import { LIMIT_KINDS, type SimulatorLimits } from '../../src/simulator/limits/limits.ts';
import { type ProviderSetup, SLOW } from './sim-provider.ts';
import type { Job } from './workload.ts';

export interface LowerBound {
  /** For each limit, the time at which its bucket and its refill cover what the calls finally cost, without waste. */
  readonly sentMs: number;
  /** Plus an average answer to the last call, which may be shorter or longer by chance. */
  readonly doneMs: number;
}

/**
 * No client has sent its last call earlier, nor received its answer except by chance. Takes changes of the limits, the
 * neighbour's share and outages into account. Output limits that drain during the answer can be overdrawn by what is in
 * flight at the end, so that slightly less than 1 is possible there.
 */
export function lowerBound(setup: ProviderSetup, jobs: readonly Job[]): LowerBound {
  const rules = limitRules(setup.provider, 'realtime');
  let sentMs = jobs.reduce((latest, job) => Math.max(latest, job.arriveMs), 0);
  for (const { name, windowMs } of LIMIT_KINDS) {
    if (setup.limits[name] === undefined) continue;
    let total = 0;
    let largestRecent = 0;
    for (const { inputTokens, arrivalTokens, maxOutputTokens, outputTokens } of jobs) {
      const usage = { inputTokens, cachedTokens: 0, outputTokens };
      const request = { account: '', model: '', inputTokens: arrivalTokens, maxOutputTokens };
      total += rules.actual(name, usage) ?? rules.cost(name, request, largestRecent)?.charge ?? 0;
      largestRecent = Math.max(largestRecent, outputTokens);
    }
    const limitAt = (limits: SimulatorLimits): number => limits[name] ?? Infinity;
    sentMs = Math.max(sentMs, timeToCover(total, windowMs, setup, limitAt));
  }
  const tokens = jobs.reduce((sum, job) => sum + job.outputTokens, 0) / jobs.length;
  const { oneWayMs, baseMs, perTokenMs } = setup.latency ?? SLOW;
  return { sentMs, doneMs: sentMs + 2 * oneWayMs + baseMs + tokens * perTokenMs };
}

function timeToCover(
  total: number,
  windowMs: number,
  setup: ProviderSetup,
  limitAt: (limits: SimulatorLimits) => number,
): number {
  const { neighbour = 0, fill = 1, changes = [], outage, bucketSeconds = 60 } = setup;
  const free = 1 - neighbour;
  const bucketMs = windowMs === 60_000 ? bucketSeconds * 1_000 : windowMs;
  let limit = limitAt(setup.limits);
  let covered = (fill * limit * bucketMs) / windowMs;
  let at = 0;
  for (const change of changes) {
    const gained = ((change.atMs - at) * limit * free) / windowMs;
    if (covered + gained >= total) break;
    covered += gained;
    at = change.atMs;
    const next = limitAt(change.limits);
    // Usage stays: the level moves by the difference of the buckets.
    covered += ((next - limit) * bucketMs) / windowMs;
    limit = next;
  }
  const coveredAt = at + (Math.max(0, total - covered) * windowMs) / (limit * free);
  if (!outage || coveredAt <= outage.fromMs) return coveredAt;
  // What is refilled meanwhile is available afterwards, up to a full bucket.
  return Math.max(outage.untilMs, coveredAt + Math.max(0, outage.untilMs - outage.fromMs - bucketMs));
}
