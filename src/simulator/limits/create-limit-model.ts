import { FixedWindow } from './fixed-window.ts';
import type { LimitModel, LimitModelKind } from './limit-model.ts';
import { SlidingLog } from './sliding-log.ts';
import { TokenBucket } from './token-bucket.ts';

export interface LimitModelSetup {
  readonly kind: LimitModelKind;
  /** Units per `windowMs`. */
  readonly limit: number;
  readonly windowMs: number;
  /** The part of the window whose units can be spent at once; at most all of it. */
  readonly burstMs: number;
  /** Part of the capacity that is there at the start, 0 … 1. */
  readonly fill: number;
  readonly now: number;
  /** A time at which the clock's windows begin. */
  readonly clockStart: number;
}

export function createLimitModel({
  kind,
  limit,
  windowMs,
  burstMs,
  fill,
  now,
  clockStart,
}: LimitModelSetup): LimitModel {
  const capacity = capacityOf(limit, windowMs, burstMs);
  if (kind === 'bucket') return new TokenBucket(capacity, limit / windowMs, fill, now);
  // A window of one unit lasts as long as the limit takes to grant one.
  const lengthMs = (capacity * windowMs) / limit;
  return kind === 'fixed'
    ? new FixedWindow(capacity, lengthMs, clockStart, fill, now)
    : new SlidingLog(capacity, lengthMs, fill, now);
}

/** Units that can be spent at once: at least one, or nothing would ever be admitted. */
export function capacityOf(limit: number, windowMs: number, burstMs: number): number {
  return Math.max(1, (limit * Math.min(burstMs, windowMs)) / windowMs);
}
