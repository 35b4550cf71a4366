import type { DimensionSnapshot } from '../../core/snapshot.ts';
import type { Acceleration } from './growth-limit.ts';
import type { HiddenLimit } from './hidden-limit.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { Limit } from './limit.ts';
import type { LimitSet } from './limit-set.ts';

const MINUTE = 60_000;

/** Everything that currently limits a lane, as plain data. */
export function snapshotLimits(
  { buckets, admitted }: Pick<LimitSet, 'buckets' | 'admitted'>,
  concurrency: ConcurrencyLimit,
  hidden: HiddenLimit,
  acceleration: Acceleration | undefined,
  active: number,
  now: number,
): DimensionSnapshot[] {
  const rows = buckets.map((bucket): DimensionSnapshot => {
    const row = bucket.snapshot(now);
    return { ...row, utilization: utilization(bucket, row, admitted.of(bucket.kind.unit, now)) };
  });
  const slots = concurrency.current(now);
  if (slots < Infinity) {
    rows.push({
      dimension: 'concurrency',
      limit: slots,
      remaining: Math.max(0, slots - active),
      utilization: active / slots,
      resetMs: undefined,
      windowMs: 0,
      source: concurrency.isLearned ? 'learned' : concurrency.source,
      observedAgeMs: undefined,
      ratePerSecond: undefined,
    });
  }
  const { belief, ratePerMs } = hidden;
  if (ratePerMs !== undefined) {
    rows.push({ ...learned('unknown', ratePerMs), beliefs: belief === 'none' ? [] : [belief] });
  }
  if (acceleration) rows.push(learned('acceleration', acceleration.rate));
  return rows;
}

/**
 * What we admit per minute over the believed refill. For a day, which is longer than a process remembers, what is used.
 */
function utilization(
  { kind, limitRate }: Limit,
  { limit, remaining = 0 }: DimensionSnapshot,
  admitted: number,
): number {
  return kind.perDay ? 1 - remaining / limit : admitted / (limitRate * MINUTE);
}

function learned(dimension: 'unknown' | 'acceleration', ratePerMs: number): DimensionSnapshot {
  return {
    dimension,
    limit: ratePerMs * MINUTE,
    remaining: undefined,
    resetMs: undefined,
    windowMs: MINUTE,
    source: 'learned',
    observedAgeMs: undefined,
    ratePerSecond: ratePerMs * 1_000,
  };
}
