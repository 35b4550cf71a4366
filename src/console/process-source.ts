import { BELIEFS } from '../core/beliefs.ts';
import type { Clock } from '../core/clock.ts';
import type { DimensionSnapshot, LaneSnapshot } from '../core/snapshot.ts';
import type { HasRuns } from '../core/live-runs.ts';
import { type LaneReading, MAX_HITS, type ObservedGuard, type Reading, type Source, Tally } from './reading.ts';
import type { BatchState, HitState, LimitState } from './state.ts';

const MAX_BATCHES = 20;

/** A guard of this process: its snapshot, and what its events add up to. */
export function processSource(guard: ObservedGuard, clock: Clock): Source {
  const tally = new Tally();
  const hits: HitState[] = [];
  const stops = [
    guard.on('call.end', ({ call, usage, costUsd }) => {
      tally.add('calls', call.lane, '');
      if (usage) tally.add('tokens', call.lane, '', usage.inputTokens + usage.outputTokens);
      if (typeof costUsd === 'number') tally.add('usd', call.lane, '', costUsd);
    }),
    guard.on('retry', ({ call, reason }) => tally.add('retries', call.lane, reason)),
    guard.on('rate_limited', ({ call, dimension, limit, remaining, resetMs, requested, advice }) => {
      tally.add('refused', call.lane, dimension);
      hits.unshift({
        at: clock.wall(),
        lane: call.lane,
        model: call.model ?? '',
        dimension,
        limit,
        used: limit === undefined || remaining === undefined ? undefined : limit - remaining,
        requested,
        waitMs: resetMs,
        advice,
      });
      if (hits.length > MAX_HITS) hits.pop();
    }),
  ];
  return {
    name: 'this process',
    kind: 'process',
    look(): Reading {
      const lanes = guard.snapshot().map(readLane);
      tally.keep(new Set(lanes.map(({ label }) => label)));
      return { lanes, counters: tally.counters(), batches: batchesOf(guard) };
    },
    hits: () => hits,
    close() {
      for (const stop of stops) stop();
    },
  };
}

function batchesOf(guard: object): BatchState[] {
  const batches: BatchState[] = [];
  for (const read of (guard as Partial<HasRuns>).runs ?? []) {
    const run = read();
    if (!run) continue;
    const { done, failed, inFlight, total, eta } = run;
    const secondsLeft = eta && eta.toSeconds < Infinity ? eta.toSeconds : undefined;
    batches.push({ name: `batch ${batches.length + 1}`, done, failed, inFlight, total, secondsLeft });
    if (batches.length === MAX_BATCHES) break;
  }
  return batches;
}

function readLane(lane: LaneSnapshot): LaneReading {
  return {
    label: lane.lane,
    provider: lane.provider,
    group: lane.group,
    limits: lane.dimensions.map(readLimit),
    inFlight: lane.inFlight,
    maxConcurrent: lane.maxConcurrent,
    queued: lane.queued,
    maxQueued: lane.maxQueued,
    oldestWaitMs: lane.oldestWaitMs,
    pausedForMs: lane.pausedForMs,
    circuit: lane.circuit,
    busiestShare: lane.waiting.busiestShare,
    fleet: lane.shared && {
      mode: lane.shared.mode,
      processes: lane.shared.processes,
      active: lane.shared.active,
      exchangeMs: lane.shared.exchangeMs,
      dimensions: lane.shared.dimensions.map(({ dimension, leased, free }) => ({ dimension, leased, free })),
    },
  };
}

function readLimit({ beliefs = [], remaining, limit, utilization, ...rest }: DimensionSnapshot): LimitState {
  return {
    dimension: rest.dimension,
    limit,
    remaining,
    used: usedShare(limit, remaining, utilization),
    resetMs: rest.resetMs,
    source: rest.source,
    ratePerSecond: rest.ratePerSecond,
    observedAgeMs: rest.observedAgeMs,
    beliefs: beliefs.map((belief) => ({ belief, because: BELIEFS[belief] })),
  };
}

/** Our own count if there is one: what the provider last said is left may be long out of date. */
export function usedShare(
  limit: number,
  remaining: number | undefined,
  utilization: number | undefined,
): number | undefined {
  if (utilization !== undefined) return utilization;
  return remaining === undefined || limit <= 0 ? undefined : Math.max(0, 1 - remaining / limit);
}
