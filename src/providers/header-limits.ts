import type { Dimension, LimitReading } from '../core/outcome.ts';
import { parseCount, parseDate, parseDuration, serverNow } from './numbers.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Reads `x-ratelimit-*` of OpenAI. Its `requests` may be a limit per day; the reset tells. */
export function readOpenAILimits(headers: Headers): LimitReading[] {
  const tokens = ['tokens', 'project-tokens', 'tokens_usage_based']
    .map((name) => xRateLimit(headers, name))
    .filter((bucket) => bucket !== undefined)
    // A project's limit and the organization's bind together: the smaller one is where calls are refused.
    .toSorted((a, b) => a.limit - b.limit)[0];
  return [
    ...windowed(xRateLimit(headers, 'requests'), 'requests', 'requests_day'),
    ...windowed(tokens, 'tokens', 'tokens_day'),
  ];
}

/** Azure sends the reset in whole seconds, too coarse to tell the window; its limits are per minute. */
export function readAzureLimits(headers: Headers): LimitReading[] {
  return [
    ...reading(xRateLimit(headers, 'requests'), 'requests', MINUTE),
    ...reading(xRateLimit(headers, 'tokens'), 'tokens', MINUTE),
  ];
}

/** Groq's `requests` are always per day and its `tokens` always per minute; its other limits have no header. */
export function readGroqLimits(headers: Headers): LimitReading[] {
  return [
    ...reading(xRateLimit(headers, 'requests'), 'requests_day', DAY),
    ...reading(xRateLimit(headers, 'tokens'), 'tokens', MINUTE),
  ];
}

/**
 * Reads `anthropic-ratelimit-*`. `tokens` is a sum of the two others, so it counts only where it stands alone.
 * Priority and fast-mode headers describe other pools and are left out.
 */
export function readAnthropicLimits(headers: Headers, wallMs: number): LimitReading[] {
  const now = serverNow(headers, wallMs);
  const input = reading(anthropicBucket(headers, 'input-tokens', now), 'input_tokens', MINUTE);
  const output = reading(anthropicBucket(headers, 'output-tokens', now), 'output_tokens', MINUTE);
  const split = [...input, ...output];
  return [
    ...reading(anthropicBucket(headers, 'requests', now), 'requests', MINUTE),
    ...(split.length > 0 ? split : reading(anthropicBucket(headers, 'tokens', now), 'tokens', MINUTE)),
  ];
}

interface Bucket {
  readonly limit: number;
  readonly remaining: number | undefined;
  readonly resetMs: number | undefined;
  /** Whether the reset is exact enough to infer the window from it. */
  readonly fine: boolean;
}

function xRateLimit(headers: Headers, name: string): Bucket | undefined {
  const reset = headers.get(`x-ratelimit-reset-${name}`);
  return bucket(
    parseCount(headers.get(`x-ratelimit-limit-${name}`)),
    parseCount(headers.get(`x-ratelimit-remaining-${name}`)),
    parseDuration(reset),
    reset !== null && /[a-zµμ]/.test(reset),
  );
}

function anthropicBucket(headers: Headers, name: string, now: number): Bucket | undefined {
  const prefix = `anthropic-ratelimit-${name}`;
  const reset = parseDate(headers.get(`${prefix}-reset`));
  return bucket(
    parseCount(headers.get(`${prefix}-limit`)),
    parseCount(headers.get(`${prefix}-remaining`)),
    // An unused bucket reports 1970: full now.
    reset === undefined ? undefined : Math.max(0, reset - now),
    false,
  );
}

/** A limit of 0 or below is a sentinel (Azure's -1), not a limit. */
function bucket(
  limit: number | undefined,
  remaining: number | undefined,
  resetMs: number | undefined,
  fine: boolean,
): Bucket | undefined {
  if (limit === undefined || limit === 0) return undefined;
  return { limit, remaining: remaining === undefined ? undefined : Math.min(remaining, limit), resetMs, fine };
}

function windowed(found: Bucket | undefined, perMinute: Dimension, perDay: Dimension): LimitReading[] {
  return found && isPerDay(found) ? reading(found, perDay, DAY) : reading(found, perMinute, MINUTE);
}

/**
 * The reset is the time until the bucket is full, so `reset * limit / used` is its window: about a minute or
 * about a day. Below 10 ms the header's rounding can be larger than the value: then it decides nothing.
 */
function isPerDay({ limit, remaining, resetMs, fine }: Bucket): boolean {
  if (!fine || resetMs === undefined || resetMs < 10 || remaining === undefined || remaining >= limit) return false;
  return (resetMs * limit) / (limit - remaining) > Math.sqrt(MINUTE * DAY);
}

function reading(found: Bucket | undefined, dimension: Dimension, windowMs: number): LimitReading[] {
  if (!found) return [];
  const { limit, remaining, resetMs } = found;
  return [
    {
      dimension,
      limit,
      ...(remaining === undefined ? {} : { remaining }),
      ...(resetMs === undefined ? {} : { resetMs }),
      windowMs,
      source: 'header',
    },
  ];
}
