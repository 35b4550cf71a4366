import { type BucketDimension, type Dimension, windowOf } from '../../core/dimensions.ts';
import type { LimitReading } from '../../core/outcome.ts';
import { parseCount, parseDate, parseUnits, serverNow } from './numbers.ts';

const DAY = 86_400_000;

/** The three headers of one limit. Built once: every response is checked for them. */
export interface LimitHeaders {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

/** As OpenAI names the headers of a limit. */
export const xNames = (name: string): LimitHeaders => ({
  limit: `x-ratelimit-limit-${name}`,
  remaining: `x-ratelimit-remaining-${name}`,
  reset: `x-ratelimit-reset-${name}`,
});

/** One limit as the headers describe it. */
export interface Bucket {
  readonly limit: number;
  readonly remaining: number | undefined;
  readonly resetMs: number | undefined;
  /** Whether the reset is exact enough to infer the window from it. */
  readonly fine: boolean;
  /** Whether the reset is a number without a unit. */
  readonly bare?: boolean;
}

/** A limit whose reset is a duration, or a time in seconds or milliseconds since 1970 as gateways write it. */
export function xRateLimit(headers: Headers, names: LimitHeaders, wallMs: number): Bucket | undefined {
  const limit = readLimit(headers, names);
  if (limit === undefined) return undefined;
  const reset = headers.get(names.reset);
  const seconds = parseCount(reset);
  return {
    limit,
    remaining: readRemaining(headers, names, limit),
    resetMs: seconds === undefined ? parseUnits(reset) : sinceEpoch(seconds, headers, wallMs),
    fine: reset !== null && seconds === undefined,
    bare: seconds !== undefined,
  };
}

/** Read as a duration this would be thirty years. */
const FIRST_EPOCH_SECONDS = 1e9;
const FIRST_EPOCH_MS = 1e12;

/** Milliseconds of a number of seconds, which may be counted from 1970. */
export function sinceEpoch(seconds: number, headers: Headers, wallMs: number): number | undefined {
  if (seconds < FIRST_EPOCH_SECONDS) return 1_000 * seconds;
  return Math.max(0, (seconds < FIRST_EPOCH_MS ? 1_000 * seconds : seconds) - serverNow(headers, wallMs));
}

/** A limit whose reset is a date; `now` is the server's. */
export function datedLimit(headers: Headers, names: LimitHeaders, now: number): Bucket | undefined {
  const limit = readLimit(headers, names);
  if (limit === undefined) return undefined;
  const reset = parseDate(headers.get(names.reset));
  return {
    limit,
    remaining: readRemaining(headers, names, limit),
    // An unused bucket reports 1970: full now.
    resetMs: reset === undefined ? undefined : Math.max(0, reset - now),
    fine: false,
  };
}

/** A limit of 0 or below is a sentinel (Azure's -1), not a limit. */
function readLimit(headers: Headers, { limit }: LimitHeaders): number | undefined {
  return parseCount(headers.get(limit)) || undefined;
}

function readRemaining(headers: Headers, names: LimitHeaders, limit: number): number | undefined {
  const remaining = parseCount(headers.get(names.remaining));
  return remaining === undefined ? undefined : Math.min(remaining, limit);
}

/** A limit that may be per day, depending on its reset. */
export function addWindowed(
  readings: LimitReading[],
  found: Bucket | undefined,
  perMinute: BucketDimension,
  perDay: BucketDimension,
): void {
  addLimit(readings, found, found && isPerDay(found) ? perDay : perMinute);
}

/** A limit per minute is full again within this time. */
const LONGEST_OF_A_MINUTE_MS = 600_000;
const DAY_TOLERANCE = 0.05;
const WHOLE_SECOND_MS = 1_000;

/**
 * The reset of a bucket is the time until it is full, so `reset * limit / used` is its window: for a limit per day
 * about a day. For a fixed window or a sliding log of a minute it may be anything, but the reset is within the minute.
 * Below 10 ms the header's rounding can be larger than the value: then it decides nothing.
 */
function isPerDay({ limit, remaining, resetMs, fine }: Bucket): boolean {
  if (!fine || resetMs === undefined || resetMs < 10 || remaining === undefined || remaining >= limit) return false;
  if (resetMs > LONGEST_OF_A_MINUTE_MS) return true;
  const rounding = resetMs % WHOLE_SECOND_MS === 0 ? WHOLE_SECOND_MS : 0;
  const windowMs = (ms: number): number => (ms * limit) / (limit - remaining);
  return (
    windowMs(resetMs + rounding) > (1 - DAY_TOLERANCE) * DAY && windowMs(resetMs - rounding) < (1 + DAY_TOLERANCE) * DAY
  );
}

/** A limit that is per day unless its reset refutes it; not added while that is undecided. */
export function addDaily(
  readings: LimitReading[],
  found: Bucket | undefined,
  perDay: BucketDimension,
  perMinute: BucketDimension,
): void {
  const isDaily = found && bearsOutDay(found);
  if (isDaily !== undefined) addLimit(readings, found, isDaily ? perDay : perMinute);
}

/** A reset below this fraction of the shortest possible refill of a day's bucket is not a day's. */
const REFUTING_SHARE = 0.5;
/**
 * A reset below this fraction of one unit's refill time is inconclusive: the unit is about to return, or it is not a
 * day's.
 */
const DOUBTFUL_SHARE = 0.01;
const FINE_ROUNDING_MS = 10;

/** The used fraction of a day's bucket refills in that fraction of a day; rounding may hide up to one unit. */
function bearsOutDay({ limit, remaining, resetMs, fine }: Bucket): boolean | undefined {
  if (!fine || resetMs === undefined || remaining === undefined) return true;
  const longest = resetMs + (resetMs % WHOLE_SECOND_MS === 0 ? WHOLE_SECOND_MS : FINE_ROUNDING_MS);
  const unitMs = DAY / limit;
  const used = limit - remaining;
  if (used === 0) return undefined;
  if (used > 1) return longest >= REFUTING_SHARE * (used - 1) * unitMs;
  return longest >= DOUBTFUL_SHARE * unitMs || undefined;
}

export function addLimit(
  readings: LimitReading[],
  found: Omit<Bucket, 'fine'> | undefined,
  dimension: Dimension,
): void {
  if (!found) return;
  const { limit, remaining } = found;
  const windowMs = windowOf(dimension)!;
  const resetMs = found.bare ? resetWithin(windowMs, found.resetMs) : found.resetMs;
  readings.push({ dimension, limit, remaining, resetMs, windowMs, source: 'header' });
}

/**
 * A number without a unit means seconds. Where that is longer than the window, it is milliseconds (Azure: `55964` of a
 * minute), or no reset at all.
 */
function resetWithin(windowMs: number, resetMs: number | undefined): number | undefined {
  if (resetMs === undefined || resetMs <= windowMs + WHOLE_SECOND_MS) return resetMs;
  return resetMs / 1_000 <= windowMs ? resetMs / 1_000 : undefined;
}
