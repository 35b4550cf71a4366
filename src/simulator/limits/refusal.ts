import type { Refusal } from './limit-engine-types.ts';
import type { RejectedBy } from './limits.ts';
import { nextRampLimit, type RampState, rampPeriodMs, type SimulatorRamp } from './ramp.ts';

export function refusal(
  by: RejectedBy,
  limit: number,
  used: number,
  requested: number,
  tooLarge: boolean,
  waitMs: number | undefined,
): Refusal {
  return { admitted: false, by, limit, used, requested, tooLarge, waitMs };
}

/** Undefined where the growth is allowed. */
export function rampRefusal(
  ramp: SimulatorRamp,
  state: RampState,
  requested: number,
  now: number,
): Refusal | undefined {
  const { limit, usedInPeriod, periodStart } = state;
  const period = rampPeriodMs(ramp);
  // The limit is per minute and scales to the length of the period.
  if (usedInPeriod + requested <= (limit * period) / 60_000) return undefined;
  return {
    ...refusal('acceleration', limit, usedInPeriod, requested, false, periodStart + period - now),
    nextLimit: nextRampLimit(ramp, state),
  };
}
