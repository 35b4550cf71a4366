import type { CallLine } from '../hit-line.ts';
import type { SimulatorLimits } from '../../simulator/limits/limits.ts';
import type { LimitShapes } from './limit-shapes.ts';

const MINUTE_MS = 60_000;

/** Calls per minute that succeeded, for a limit that refusals say nothing about. */
export function paceOf(calls: readonly CallLine[]): number | undefined {
  let [from, until] = [Infinity, 0];
  for (const { at, durationMs } of calls) {
    from = Math.min(from, Date.parse(at));
    until = Math.max(until, Date.parse(at) + durationMs);
  }
  const tookMs = until - from;
  const served = calls.filter(({ outcome }) => outcome.startsWith('success')).length;
  return served > 0 && tookMs > 0 ? Math.max(1, Math.round((served * MINUTE_MS) / tookMs)) : undefined;
}

export function withPace(limits: SimulatorLimits, pace: number | undefined): SimulatorLimits {
  if (pace === undefined) return limits;
  return { ...limits, requestsPerMinute: Math.min(pace, limits.requestsPerMinute ?? Infinity) };
}

/** A pace that was measured call by call allows no burst. */
export function withoutBurst(shapes: LimitShapes, pace: number | undefined): LimitShapes {
  return pace === undefined ? shapes : { ...shapes, requestSeconds: Math.min(1, shapes.requestSeconds) };
}
