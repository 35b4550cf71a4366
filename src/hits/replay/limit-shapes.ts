import type { LimitLine } from '../hit-line.ts';
import type { SimulatorLimits } from '../../simulator/limits/limits.ts';

type LimitOption = keyof SimulatorLimits;

/** How the limits of a pool are counted, as far as a record shows. */
export interface LimitShapes {
  /** Seconds of the limit that may be spent at once. */
  readonly requestSeconds: number;
  readonly tokenSeconds: number;
  /** Windows that begin with the clock's minute instead of buckets that refill. */
  readonly fixedWindow: boolean;
  /** By limit: refill per minute as a share of the stated number. */
  readonly factors: Readonly<Partial<Record<LimitOption, number>>>;
  /** For all limits, as a share of their stated or learned value. Default 1. */
  readonly rate?: number;
}

/** Assumption about a limit of which nothing else is known. */
export const WHOLE_MINUTES: LimitShapes = { requestSeconds: 60, tokenSeconds: 60, fixedWindow: false, factors: {} };

const MINUTE_SECONDS = 60;
/** Learned values are slightly off. */
const NEAR = 1.05;

/** From the last lines of each limit per minute. */
export function shapesOf(lines: ReadonlyMap<LimitOption, LimitLine>): LimitShapes {
  const factors: Partial<Record<LimitOption, number>> = {};
  const seconds = { requests: MINUTE_SECONDS, tokens: MINUTE_SECONDS };
  let fixedWindow = false;
  for (const [option, { limit, atOnce = limit, perMinute = limit, fixedWindow: fixed }] of lines) {
    if (!option.endsWith('PerMinute')) continue;
    if (fixed === true) fixedWindow = true;
    if (perMinute > limit * NEAR) factors[option] = perMinute / limit;
    const ofWindow = (MINUTE_SECONDS * atOnce) / Math.max(perMinute, limit);
    const unit = option === 'requestsPerMinute' ? 'requests' : 'tokens';
    if (ofWindow * NEAR < MINUTE_SECONDS) seconds[unit] = Math.min(seconds[unit], ofWindow);
  }
  return { requestSeconds: seconds.requests, tokenSeconds: seconds.tokens, fixedWindow, factors };
}

/** Limits as they are enforced. */
export function enforced(limits: SimulatorLimits, { factors, rate = 1 }: LimitShapes): SimulatorLimits {
  const scaled = Object.entries(limits).map(([name, limit]) => [
    name,
    (limit as number) * (factors[name as LimitOption] ?? 1) * rate,
  ]);
  return Object.fromEntries(scaled) as SimulatorLimits;
}
