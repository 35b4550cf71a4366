/**
 * Limit on how fast input tokens may grow ("acceleration", `slow_down`): a limit per minute that steps up.
 * Anthropic names the current and the next limit and steps at minute boundaries (captured 2026-03-23);
 * OpenAI's rule of thumb is at most 50 % more in 15 minutes once above 1 M input tokens per minute.
 */
export interface SimulatorRamp {
  /** Input tokens per minute at first. Minimum 1. */
  readonly startTokensPerMinute: number;
  /** Added at each step. Minimum 0. */
  readonly stepTokensPerMinute?: number;
  /**
   * Instead of a fixed step: at each boundary the limit becomes this many times what was used per minute,
   * but never less than the start. Minimum 1.
   */
  readonly growthFactor?: number;
  /** Milliseconds from step to step. Minimum 1; default 60 000 with `stepTokensPerMinute`, else 900 000. */
  readonly everyMs?: number;
}

export interface RampState {
  limit: number;
  periodStart: number;
  usedInPeriod: number;
}

export function createRamp(ramp: SimulatorRamp, now: number): RampState {
  return { limit: ramp.startTokensPerMinute, periodStart: now, usedInPeriod: 0 };
}

export function rampPeriodMs(ramp: SimulatorRamp): number {
  return ramp.everyMs ?? (ramp.stepTokensPerMinute === undefined ? 900_000 : 60_000);
}

/** The limit of the period after the current one, if nothing more is used. */
export function nextRampLimit(ramp: SimulatorRamp, state: RampState): number {
  if (ramp.growthFactor === undefined) return state.limit + (ramp.stepTokensPerMinute ?? 0);
  const usedPerMinute = (state.usedInPeriod * 60_000) / rampPeriodMs(ramp);
  return Math.max(ramp.startTokensPerMinute, ramp.growthFactor * usedPerMinute);
}

/** Advances over every boundary up to `now`; returns whether the limit changed. */
export function advanceRamp(ramp: SimulatorRamp, state: RampState, now: number): boolean {
  const before = state.limit;
  const period = rampPeriodMs(ramp);
  while (now >= state.periodStart + period) {
    const next = nextRampLimit(ramp, state);
    state.periodStart += period;
    if (next === state.limit && state.usedInPeriod === 0) {
      // Nothing changes any more: skip the idle periods.
      state.periodStart += Math.floor((now - state.periodStart) / period) * period;
    }
    state.limit = next;
    state.usedInPeriod = 0;
  }
  return state.limit !== before;
}
