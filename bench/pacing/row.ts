import { quantile } from '../lib/quantile.ts';
import type { Contestant } from './contestants.ts';
import type { SimulatorAnswer, Tally } from './messages.ts';
import type { Scenario } from './http-scenarios.ts';

/** The result of one run; written to bench/results/pacing.json. */
export interface Row {
  readonly scenario: string;
  readonly contestant: string;
  readonly seed: number;
  readonly calls: number;
  readonly succeeded: number;
  /** Failed calls, by the error's name and status. */
  readonly failed: Readonly<Record<string, number>>;
  /** Calls without a result when the run was stopped. */
  readonly unfinished: number;
  readonly boundMs: number;
  /** Until the last call was decided. */
  readonly wallMs: number;
  readonly ratio: number;
  readonly attempts: number;
  /** Attempts without an answer, of all attempts. */
  readonly waste: number;
  /** Attempts that a limit refused, of all attempts. */
  readonly throttled: number;
  /** From submitting a call to its answer, for successful calls; for interactive ones if there are any. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly interactiveP50Ms: number | undefined;
  readonly interactiveP99Ms: number | undefined;
  readonly peakPerSecond: number;
  /** 99th percentiles of event loop delays. */
  readonly workerLoopDelayMs: number;
  readonly simulatorLoopDelayMs: number;
  readonly misses: readonly string[];
}

export interface Finished {
  readonly scenario: Scenario;
  readonly contestant: Contestant;
  readonly seed: number;
  readonly boundMs: number;
  readonly calls: number;
  readonly tallies: readonly Tally[];
  readonly before: Extract<SimulatorAnswer, { type: 'stats' }>;
  readonly after: Extract<SimulatorAnswer, { type: 'stats' }>;
}

export function rowOf({ scenario, contestant, seed, boundMs, calls, tallies, before, after }: Finished): Row {
  const startedAt = Math.min(...tallies.map((tally) => tally.startedAt));
  const wallMs = Math.max(...tallies.map((tally) => tally.endedAt)) - startedAt;
  const interactive = sorted(tallies.flatMap((tally) => tally.interactiveMs));
  const all = sorted(tallies.flatMap((tally) => [...tally.batchMs, ...tally.interactiveMs]));
  const failed = sum(tallies.map((tally) => tally.failed));
  const attempts = after.stats.requests - before.stats.requests;
  const measured = {
    succeeded: all.length,
    ratio: wallMs / boundMs,
    waste: attempts === 0 ? 0 : Math.max(0, 1 - all.length / attempts),
  };
  return {
    scenario: scenario.name,
    contestant: contestant.name,
    seed,
    calls,
    ...measured,
    failed,
    unfinished: calls - all.length - Object.values(failed).reduce((total, each) => total + each, 0),
    boundMs,
    wallMs,
    attempts,
    throttled: (after.stats.rejected - before.stats.rejected) / Math.max(1, attempts),
    p50Ms: quantile(all, 0.5),
    p99Ms: quantile(all, 0.99),
    interactiveP50Ms: interactive.length > 0 ? quantile(interactive, 0.5) : undefined,
    interactiveP99Ms: interactive.length > 0 ? quantile(interactive, 0.99) : undefined,
    peakPerSecond: after.stats.peakRequestsPerSecond,
    workerLoopDelayMs: Math.max(...tallies.map((tally) => tally.loopDelayMs)),
    simulatorLoopDelayMs: after.loopDelayMs,
    misses: missesOf(scenario, calls, measured),
  };
}

/** The scenario's targets that a run missed. */
export function missesOf(
  { target }: Pick<Scenario, 'target'>,
  calls: number,
  { succeeded, ratio, waste }: { readonly succeeded: number; readonly ratio: number; readonly waste: number },
): string[] {
  const misses: string[] = [];
  if (succeeded < calls) misses.push(`${calls - succeeded} of ${calls} calls lost`);
  if (ratio > target.ratio) misses.push(`wall ${ratio.toFixed(3)}, target ${target.ratio.toFixed(2)}`);
  if (waste > target.waste)
    misses.push(`waste ${(100 * waste).toFixed(1)} %, target ${(100 * target.waste).toFixed(0)} %`);
  return misses;
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) for (const [key, count] of Object.entries(each)) total[key] = (total[key] ?? 0) + count;
  return total;
}
