import { type BucketDimension, type Dimension, windowOf } from '../core/dimensions.ts';
import type { LimitReading } from '../core/outcome.ts';
import { parseCount, parseDate, parseDuration, serverNow } from './parse/numbers.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Reads `x-ratelimit-*` of OpenAI. Its `requests` may be a limit per day; the reset tells. */
export function readOpenAILimits(headers: Headers): LimitReading[] {
  const readings: LimitReading[] = [];
  windowed(readings, xRateLimit(headers, REQUESTS), 'requests', 'requests_day');
  windowed(readings, xRateLimit(headers, TOKENS) ?? xRateLimit(headers, OLD_TOKENS), 'tokens', 'tokens_day');
  // A project's limit binds beside the organization's, whichever is larger: others may have used either up.
  add(readings, xRateLimit(headers, PROJECT_TOKENS), 'project_tokens');
  return readings;
}

/** Azure sends the reset in whole seconds, too coarse to tell the window; its limits are per minute. */
export function readAzureLimits(headers: Headers): LimitReading[] {
  const readings: LimitReading[] = [];
  add(readings, xRateLimit(headers, REQUESTS), 'requests');
  add(readings, xRateLimit(headers, TOKENS), 'tokens');
  return readings;
}

/** Groq's `requests` are always per day and its `tokens` always per minute; its other limits have no header. */
export function readGroqLimits(headers: Headers): LimitReading[] {
  const readings: LimitReading[] = [];
  add(readings, xRateLimit(headers, REQUESTS), 'requests_day');
  add(readings, xRateLimit(headers, TOKENS), 'tokens');
  // With transcriptions only, and per hour.
  add(readings, xRateLimit(headers, AUDIO), 'audio_seconds');
  return readings;
}

/**
 * Reads `anthropic-ratelimit-*`. `tokens` is a sum of the two others, so it counts only where it stands alone.
 * Fast mode has limits of its own, and headers that come with its answers only; those of priority describe no limit
 * of a call and are left out.
 */
export function readAnthropicLimits(headers: Headers, wallMs: number): LimitReading[] {
  const now = serverNow(headers, wallMs);
  const fastInput = anthropicBucket(headers, FAST_INPUT, now);
  const fastOutput = anthropicBucket(headers, FAST_OUTPUT, now);
  const isFast = fastInput !== undefined || fastOutput !== undefined;
  const input = isFast ? fastInput : anthropicBucket(headers, ANTHROPIC_INPUT, now);
  const output = isFast ? fastOutput : anthropicBucket(headers, ANTHROPIC_OUTPUT, now);
  const readings: LimitReading[] = [];
  add(readings, anthropicBucket(headers, ANTHROPIC_REQUESTS, now), 'requests');
  add(readings, input, 'input_tokens');
  add(readings, output, 'output_tokens');
  if (!input && !output) add(readings, anthropicBucket(headers, ANTHROPIC_TOKENS, now), 'tokens');
  return readings;
}

/** The three headers of one limit. Named once: every response is asked for them. */
interface Names {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

const xNames = (name: string): Names => ({
  limit: `x-ratelimit-limit-${name}`,
  remaining: `x-ratelimit-remaining-${name}`,
  reset: `x-ratelimit-reset-${name}`,
});

const REQUESTS = xNames('requests');
const TOKENS = xNames('tokens');
const PROJECT_TOKENS = xNames('project-tokens');
const AUDIO = xNames('audio-seconds');
const OLD_TOKENS = xNames('tokens_usage_based');

const anthropicNames = (name: string): Names => ({
  limit: `anthropic-${name}-limit`,
  remaining: `anthropic-${name}-remaining`,
  reset: `anthropic-${name}-reset`,
});

const ANTHROPIC_REQUESTS = anthropicNames('ratelimit-requests');
const ANTHROPIC_TOKENS = anthropicNames('ratelimit-tokens');
const ANTHROPIC_INPUT = anthropicNames('ratelimit-input-tokens');
const ANTHROPIC_OUTPUT = anthropicNames('ratelimit-output-tokens');
const FAST_INPUT = anthropicNames('fast-input-tokens');
const FAST_OUTPUT = anthropicNames('fast-output-tokens');

interface Bucket {
  readonly limit: number;
  readonly remaining: number | undefined;
  readonly resetMs: number | undefined;
  /** Whether the reset is exact enough to infer the window from it. */
  readonly fine: boolean;
}

function xRateLimit(headers: Headers, names: Names): Bucket | undefined {
  const limit = readLimit(headers, names);
  if (limit === undefined) return undefined;
  const reset = headers.get(names.reset);
  return {
    limit,
    remaining: readRemaining(headers, names, limit),
    resetMs: parseDuration(reset),
    fine: reset !== null && /[a-zµμ]/.test(reset),
  };
}

function anthropicBucket(headers: Headers, names: Names, now: number): Bucket | undefined {
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
function readLimit(headers: Headers, { limit }: Names): number | undefined {
  return parseCount(headers.get(limit)) || undefined;
}

function readRemaining(headers: Headers, names: Names, limit: number): number | undefined {
  const remaining = parseCount(headers.get(names.remaining));
  return remaining === undefined ? undefined : Math.min(remaining, limit);
}

function windowed(
  readings: LimitReading[],
  found: Bucket | undefined,
  perMinute: BucketDimension,
  perDay: BucketDimension,
): void {
  add(readings, found, found && isPerDay(found) ? perDay : perMinute);
}

/**
 * The reset is the time until the bucket is full, so `reset * limit / used` is its window: about a minute or
 * about a day. Below 10 ms the header's rounding can be larger than the value: then it decides nothing.
 */
function isPerDay({ limit, remaining, resetMs, fine }: Bucket): boolean {
  if (!fine || resetMs === undefined || resetMs < 10 || remaining === undefined || remaining >= limit) return false;
  return (resetMs * limit) / (limit - remaining) > Math.sqrt(MINUTE * DAY);
}

function add(readings: LimitReading[], found: Bucket | undefined, dimension: Dimension): void {
  if (!found) return;
  const { limit, remaining, resetMs } = found;
  readings.push({ dimension, limit, remaining, resetMs, windowMs: windowOf(dimension)!, source: 'header' });
}
