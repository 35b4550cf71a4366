import type { Priority } from './core/admission.ts';
import { type PriceFunction, type Prices, resolvePrices } from './cost/prices.ts';
import { LIMIT_OPTIONS, type LimitOption } from './core/dimensions.ts';
import { TidegateOptionError } from './errors.ts';
import { isSharedLimits, type SharedLimits } from './fleet/shared-limits.ts';

/** Options of a guard. Every field is optional; the defaults need no tuning. */
export interface GuardOptions {
  /** Retries of failed attempts; `false` sends every call once. */
  readonly retry?: RetryOptions | false;
  /** Circuit breaker of each lane; `false` turns it off. */
  readonly breaker?: BreakerOptions | false;
  /** Concurrency and queue length of each lane. */
  readonly bulkhead?: BulkheadOptions;
  /** Pacing by the limits of the account; `false` turns it off: only order, concurrency and pauses remain. */
  readonly pacing?: PacingOptions | false;
  /** Milliseconds that a call may take in all, waits and retries included. Minimum 1, default: none. */
  readonly deadlineMs?: number;
  /**
   * Milliseconds from sending a stream's request to its first content; a later one is a failed attempt, and sent again.
   * Minimum 1, default: none.
   */
  readonly firstContentTimeoutMs?: number;
  /**
   * Milliseconds that a stream may be silent after its first content before it is interrupted; comments and pings do not
   * break the silence. Minimum 1, default: none.
   */
  readonly stallTimeoutMs?: number;
  /** What happens to response bodies. */
  readonly body?: BodyOptions;
  /** Spans and metrics; `false` emits none. */
  readonly telemetry?: TelemetryOptions | false;
  /**
   * Maps a model to the group whose limits it shares; default: the model itself.
   * Called once a call with the model (undefined when the request names none).
   */
  readonly limitGroup?: (model: string | undefined) => string;
  /**
   * What follows where flex processing has no capacity for a call (`service_tier: 'flex'`): the call is retried as it
   * is, with backoff, or sent again with the standard tier, at its price and within its limits. Default 'retry'.
   */
  readonly onFlexUnavailable?: 'retry' | 'standard';
  /**
   * Tells of every request of the process to a provider that no guard sent, by an event, a counter and one warning.
   * One guard is told: the first that has it. Default true for the default guard under `tidegate/register`, else false.
   */
  readonly unguardedNotice?: boolean;
  /**
   * Prices by model, or a function that gives what was used a price: `await loadPrices()` has those of a package. With them calls
   * tell what they have cost, in their events, spans and metrics. Default: none.
   */
  readonly prices?: Prices;
  /** Where all processes of an account share its limits: `redisStore(client)` of tidegate/redis. Default: none. */
  readonly shared?: SharedLimits;
}

export interface RetryOptions {
  /** Attempts in all, the first included; waiting out a rate limit does not count. 1 … 100, default 6. */
  readonly maxAttempts?: number;
  /** Delay before the first retry where the server gave none, in milliseconds. 0 … 60 000, default 500. */
  readonly initialDelayMs?: number;
  /** Longest delay of the backoff, in milliseconds. 1 … 2^31-1, default 60 000. */
  readonly maxDelayMs?: number;
  /** Longest wait that a server may ask for; a longer one fails the call at once. 0 … 2^31-1, default 120 000. */
  readonly maxHintMs?: number;
  /** Retries that a lane may add to its traffic; `false` for no limit. Rate-limit waits are not charged. */
  readonly budget?: RetryBudgetOptions | false;
}

export interface RetryBudgetOptions {
  /** Share of the lane's recent calls that may be added as retries. 0 … 10, default 0.2. */
  readonly ratio?: number;
  /** Retries that are always allowed within the window. 0 … 10 000, default 20. */
  readonly minimum?: number;
  /** Length of the window in milliseconds. 1 000 … 3 600 000, default 60 000. */
  readonly windowMs?: number;
}

export interface BreakerOptions {
  /** Share of failed calls that opens the circuit; a retried call counts once. Above 0, below 1; default 0.5. */
  readonly threshold?: number;
  /** Calls that the window must hold before the circuit can open; as many failures in a row open it. 1 … 1 000, default 10. */
  readonly minimumAttempts?: number;
  /** Length of the window in milliseconds. 1 000 … 3 600 000, default 60 000. */
  readonly windowMs?: number;
  /**
   * First time the circuit stays open, in milliseconds. A probe that has not been answered for as long no longer
   * keeps the next one from being sent. 1 … 3 600 000, default 5 000.
   */
  readonly halfOpenAfterMs?: number;
  /**
   * Longest time it stays open while probes fail, in milliseconds: it doubles from `halfOpenAfterMs` up to this.
   * From `halfOpenAfterMs` to 2^31-1; default 5 000, or `halfOpenAfterMs` where that is longer. A lane is back
   * that soon after an outage; one probe in five seconds is no load.
   */
  readonly maxHalfOpenAfterMs?: number;
  /** Whether calls wait for the probe of an open circuit or fail at once. Default 'wait'. */
  readonly onOpen?: 'wait' | 'fail';
  /** Longest wait for an open circuit, in milliseconds. 0 … 2^31-1, default 60 000. */
  readonly maxWaitMs?: number;
}

export interface BulkheadOptions {
  /** Calls in flight in a lane; a slot is held until the response body has ended. 1 … 1 000 000, default 500. */
  readonly maxConcurrent?: number;
  /** Calls waiting in a lane; one more fails at once. 0 … 10 000 000, default 100 000. */
  readonly maxQueued?: number;
}

export interface PacingOptions {
  /** Limits to start with; response headers correct them within one response. All above 0, default: unknown. */
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly inputTokensPerMinute?: number;
  readonly outputTokensPerMinute?: number;
  readonly requestsPerDay?: number;
  readonly tokensPerDay?: number;
  /** Calls that the account may have in flight. At least 1, default: unknown. */
  readonly maxConcurrent?: number;
  /** Share of the limits to leave unused. 0 … 0.9, default 0.01. */
  readonly headroom?: number;
  /** 'burst' spends what the provider has banked; 'smooth' spreads calls evenly. Default 'burst'. */
  readonly mode?: 'burst' | 'smooth';
  /** Counts the input tokens of a request body; default: an estimate by bytes that corrects itself. */
  readonly countTokens?: (body: unknown) => number;
}

export interface BodyOptions {
  /** Milliseconds without a read after which an unfinished body counts as abandoned. 1 … 2^31-1, default 600 000. */
  readonly idleTimeoutMs?: number;
  /**
   * Whether a stream without its final event (`message_stop`, `response.completed`, a finish reason or `[DONE]`) is
   * unfinished. 'learn' takes it for so until a server other than the providers' own has shown that it never sends one.
   * Default 'learn'.
   */
  readonly finalEvent?: 'learn' | 'required' | 'optional';
}

export interface TelemetryOptions {
  /** A TracerProvider of OpenTelemetry. Default: the one registered globally with @opentelemetry/api. */
  readonly tracerProvider?: { getTracer(name: string, version?: string): object };
  /** A MeterProvider of OpenTelemetry. Default: the one registered globally with @opentelemetry/api. */
  readonly meterProvider?: { getMeter(name: string, version?: string): object };
  /** Added to every span and metric point; keys may not collide with tidegate's own. Keep the values few. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** Default true. */
  readonly spans?: boolean;
  /** Default true. */
  readonly metrics?: boolean;
  /** What to do with the spans that an SDK emits itself (Anthropic). Default 'suppress'. */
  readonly sdkSpans?: 'suppress' | 'nest';
  /** GenAI conventions to follow. Default 'compat', or what OTEL_SEMCONV_STABILITY_OPT_IN asks for. */
  readonly semconv?: 'compat' | 'latest' | 'dup';
  /**
   * Whether the metrics of these conventions (`gen_ai.client.*`) are recorded beside tidegate's own. Default true, but false
   * where `startTelemetry` serves them to Prometheus alone: no rule or dashboard reads them, and they double the series.
   */
  readonly genAiMetrics?: boolean;
  /**
   * Also record the histograms of the GenAI conventions that neither rules nor panels of tidegate read: the tokens of each
   * call (`gen_ai.client.token.usage`), and the time between the chunks of a stream. Default false.
   */
  readonly detailedHistograms?: boolean;
  /** Models to create zero series for at start. Default none. */
  readonly models?: readonly string[];
  /** Distinct model labels before further ones become `_OTHER`. 1 … 1 000, default 20. */
  readonly maxModels?: number;
}

/** Options of the calls made inside `withCall`. */
export interface CallOptions {
  /** Who goes first when a lane has a queue. Default 'normal'. */
  readonly priority?: Priority;
  /** Calls of different tenants share a lane fairly. Default: one tenant. */
  readonly tenant?: string;
  /** Milliseconds that each call may take in all. Minimum 1. */
  readonly deadlineMs?: number;
  /** As the guard's options of these names, for the streams among the calls. */
  readonly firstContentTimeoutMs?: number;
  readonly stallTimeoutMs?: number;
}

export interface ResolvedRetry {
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxHintMs: number;
  readonly budget: { readonly ratio: number; readonly minimum: number; readonly windowMs: number } | undefined;
}

export interface ResolvedBreaker {
  readonly threshold: number;
  readonly minimumAttempts: number;
  readonly windowMs: number;
  readonly halfOpenAfterMs: number;
  readonly maxHalfOpenAfterMs: number;
  readonly onOpen: 'wait' | 'fail';
  readonly maxWaitMs: number;
}

export interface ResolvedPacing extends Readonly<Record<LimitOption, number | undefined>> {
  readonly maxConcurrent: number | undefined;
  readonly headroom: number;
  readonly mode: 'burst' | 'smooth';
  readonly countTokens: ((body: unknown) => number) | undefined;
}

export interface ResolvedOptions {
  readonly retry: ResolvedRetry;
  readonly breaker: ResolvedBreaker | undefined;
  readonly bulkhead: { readonly maxConcurrent: number; readonly maxQueued: number };
  readonly pacing: ResolvedPacing | undefined;
  readonly deadlineMs: number | undefined;
  readonly firstContentTimeoutMs: number | undefined;
  readonly stallTimeoutMs: number | undefined;
  readonly bodyIdleTimeoutMs: number;
  readonly finalEvent: 'learn' | 'required' | 'optional';
  readonly telemetry: TelemetryOptions | undefined;
  readonly limitGroup: ((model: string | undefined) => string) | undefined;
  readonly onFlexUnavailable: 'retry' | 'standard';
  readonly unguardedNotice: boolean | undefined;
  readonly shared: SharedLimits | undefined;
  readonly priceOf: PriceFunction | undefined;
}

const MAX_MS = 2 ** 31 - 1;

/** Checks options and fills in the defaults. @throws TidegateOptionError naming the option's path. */
export function resolveOptions(options: GuardOptions = {}): ResolvedOptions {
  const root = section(options, 'options', ROOT_KEYS);
  const retry = root.retry === false ? { maxAttempts: 1 } : section(orEmpty(root.retry), 'retry', RETRY_KEYS);
  const breaker = root.breaker === false ? undefined : section(orEmpty(root.breaker), 'breaker', BREAKER_KEYS);
  const bulkhead = section(orEmpty(root.bulkhead), 'bulkhead', BULKHEAD_KEYS);
  const body = section(orEmpty(root.body), 'body', BODY_KEYS);
  const resolvedBreaker = breaker && resolveBreaker(breaker);
  return {
    retry: resolveRetry(retry),
    breaker: resolvedBreaker,
    bulkhead: {
      maxConcurrent: integer(bulkhead.maxConcurrent, 'bulkhead.maxConcurrent', 1, 1_000_000, 500),
      maxQueued: integer(bulkhead.maxQueued, 'bulkhead.maxQueued', 0, 10_000_000, 100_000),
    },
    pacing: root.pacing === false ? undefined : resolvePacing(section(orEmpty(root.pacing), 'pacing', PACING_KEYS)),
    deadlineMs: optionalMs(root, 'deadlineMs'),
    firstContentTimeoutMs: optionalMs(root, 'firstContentTimeoutMs'),
    stallTimeoutMs: optionalMs(root, 'stallTimeoutMs'),
    bodyIdleTimeoutMs: integer(body.idleTimeoutMs, 'body.idleTimeoutMs', 1, MAX_MS, 600_000),
    finalEvent:
      body.finalEvent === undefined
        ? 'learn'
        : oneOf(body.finalEvent, 'body.finalEvent', ['learn', 'required', 'optional']),
    telemetry:
      root.telemetry === false
        ? undefined
        : resolveTelemetry(section(orEmpty(root.telemetry), 'telemetry', TELEMETRY_KEYS)),
    limitGroup: optionalFunction(root.limitGroup, 'limitGroup'),
    onFlexUnavailable:
      root.onFlexUnavailable === undefined
        ? 'retry'
        : oneOf(root.onFlexUnavailable, 'onFlexUnavailable', ['retry', 'standard']),
    unguardedNotice: optionalBoolean(root.unguardedNotice, 'unguardedNotice'),
    shared: resolveShared(root.shared),
    priceOf: root.prices === undefined ? undefined : resolvePrices(root.prices, 'prices'),
  };
}

/** Checks the options of `withCall`. @throws TidegateOptionError */
export function resolveCallOptions(options: CallOptions): CallOptions {
  const call = section(options, 'callOptions', ['priority', 'tenant', ...TIMES]);
  if (call.priority !== undefined) oneOf(call.priority, 'priority', ['interactive', 'normal', 'batch']);
  if (call.tenant !== undefined && typeof call.tenant !== 'string') {
    throw new TidegateOptionError('tenant', 'a string', call.tenant);
  }
  for (const time of TIMES) optionalMs(call, time);
  return call;
}

/** Times that an option sets for every call, and `withCall` for some. */
const TIMES = ['deadlineMs', 'firstContentTimeoutMs', 'stallTimeoutMs'] as const;
const ROOT_KEYS = [
  'retry',
  'breaker',
  'bulkhead',
  'pacing',
  ...TIMES,
  'body',
  'telemetry',
  'limitGroup',
  'onFlexUnavailable',
  'unguardedNotice',
  'prices',
  'shared',
] as const;
const RETRY_KEYS = ['maxAttempts', 'initialDelayMs', 'maxDelayMs', 'maxHintMs', 'budget'] as const;
const BUDGET_KEYS = ['ratio', 'minimum', 'windowMs'] as const;
const BREAKER_KEYS = [
  'threshold',
  'minimumAttempts',
  'windowMs',
  'halfOpenAfterMs',
  'maxHalfOpenAfterMs',
  'onOpen',
  'maxWaitMs',
] as const;
const BULKHEAD_KEYS = ['maxConcurrent', 'maxQueued'] as const;
const BODY_KEYS = ['idleTimeoutMs', 'finalEvent'] as const;
const PACING_KEYS = [...LIMIT_OPTIONS, 'maxConcurrent', 'headroom', 'mode', 'countTokens'];
const TELEMETRY_KEYS = [
  'tracerProvider',
  'meterProvider',
  'attributes',
  'spans',
  'metrics',
  'sdkSpans',
  'semconv',
  'genAiMetrics',
  'detailedHistograms',
  'models',
  'maxModels',
] as const;

function resolveRetry(retry: RetryOptions): ResolvedRetry {
  const budget = retry.budget === false ? undefined : section(orEmpty(retry.budget), 'retry.budget', BUDGET_KEYS);
  return {
    maxAttempts: integer(retry.maxAttempts, 'retry.maxAttempts', 1, 100, 6),
    initialDelayMs: number(retry.initialDelayMs, 'retry.initialDelayMs', 0, 60_000, 500),
    maxDelayMs: number(retry.maxDelayMs, 'retry.maxDelayMs', 1, MAX_MS, 60_000),
    maxHintMs: number(retry.maxHintMs, 'retry.maxHintMs', 0, MAX_MS, 120_000),
    budget: budget && {
      ratio: number(budget.ratio, 'retry.budget.ratio', 0, 10, 0.2),
      minimum: integer(budget.minimum, 'retry.budget.minimum', 0, 10_000, 20),
      windowMs: number(budget.windowMs, 'retry.budget.windowMs', 1_000, 3_600_000, 60_000),
    },
  };
}

function resolveBreaker(breaker: BreakerOptions): ResolvedBreaker {
  const threshold = number(breaker.threshold, 'breaker.threshold', 0, 1, 0.5);
  if (threshold <= 0 || threshold >= 1) {
    throw new TidegateOptionError('breaker.threshold', 'a number above 0 and below 1', threshold);
  }
  const halfOpenAfterMs = number(breaker.halfOpenAfterMs, 'breaker.halfOpenAfterMs', 1, 3_600_000, 5_000);
  return {
    threshold,
    minimumAttempts: integer(breaker.minimumAttempts, 'breaker.minimumAttempts', 1, 1_000, 10),
    windowMs: number(breaker.windowMs, 'breaker.windowMs', 1_000, 3_600_000, 60_000),
    halfOpenAfterMs,
    maxHalfOpenAfterMs: number(
      breaker.maxHalfOpenAfterMs,
      'breaker.maxHalfOpenAfterMs',
      halfOpenAfterMs,
      MAX_MS,
      Math.max(5_000, halfOpenAfterMs),
    ),
    onOpen: breaker.onOpen === undefined ? 'wait' : oneOf(breaker.onOpen, 'breaker.onOpen', ['wait', 'fail']),
    maxWaitMs: number(breaker.maxWaitMs, 'breaker.maxWaitMs', 0, MAX_MS, 60_000),
  };
}

function resolvePacing(pacing: PacingOptions): ResolvedPacing {
  const limit = (key: LimitOption): number | undefined => {
    const value = optionalNumber(pacing[key], `pacing.${key}`, 0, Number.MAX_SAFE_INTEGER);
    if (value === 0) throw new TidegateOptionError(`pacing.${key}`, 'a number above 0', value);
    return value;
  };
  return {
    ...(Object.fromEntries(LIMIT_OPTIONS.map((key) => [key, limit(key)])) as Record<LimitOption, number | undefined>),
    maxConcurrent:
      pacing.maxConcurrent === undefined
        ? undefined
        : integer(pacing.maxConcurrent, 'pacing.maxConcurrent', 1, 1_000_000, 1),
    headroom: number(pacing.headroom, 'pacing.headroom', 0, 0.9, 0.01),
    mode: pacing.mode === undefined ? 'burst' : oneOf(pacing.mode, 'pacing.mode', ['burst', 'smooth']),
    countTokens: optionalFunction(pacing.countTokens, 'pacing.countTokens'),
  };
}

function resolveTelemetry(telemetry: TelemetryOptions): TelemetryOptions {
  for (const key of ['spans', 'metrics', 'genAiMetrics', 'detailedHistograms'] as const)
    optionalBoolean(telemetry[key], `telemetry.${key}`);
  withMethods(telemetry.tracerProvider, 'telemetry.tracerProvider', 'a tracer provider', ['getTracer']);
  withMethods(telemetry.meterProvider, 'telemetry.meterProvider', 'a meter provider', ['getMeter']);
  if (telemetry.sdkSpans !== undefined) oneOf(telemetry.sdkSpans, 'telemetry.sdkSpans', ['suppress', 'nest']);
  if (telemetry.semconv !== undefined) oneOf(telemetry.semconv, 'telemetry.semconv', ['compat', 'latest', 'dup']);
  const models: unknown = telemetry.models;
  if (models !== undefined && !(Array.isArray(models) && models.every((model) => typeof model === 'string'))) {
    throw new TidegateOptionError('telemetry.models', 'an array of strings', models);
  }
  integer(telemetry.maxModels, 'telemetry.maxModels', 1, 1_000, 20);
  return telemetry;
}

/** Checks that an object of another maker, where there is one, has the methods that are called. */
export function withMethods(value: unknown, path: string, expected: string, methods: readonly string[]): void {
  if (value === undefined) return;
  const object = (typeof value === 'object' || typeof value === 'function' ? value : null) as Record<
    string,
    unknown
  > | null;
  if (object && methods.every((method) => typeof object[method] === 'function')) return;
  throw new TidegateOptionError(path, expected, value);
}

function resolveShared(shared: unknown): SharedLimits | undefined {
  if (shared === undefined || isSharedLimits(shared)) return shared;
  throw new TidegateOptionError('shared', 'what redisStore() returns', shared);
}

function orEmpty<T extends object>(value: T | undefined): T {
  return value === undefined ? ({} as T) : value;
}

/** Checks that a value is an object of known keys, and copies it: what a getter answers later was not checked. */
export function section<T extends object>(
  value: T,
  path: string,
  keys: readonly string[],
  expected: string = `an object with the keys ${keys.join(', ')}`,
): T {
  const given: unknown = value;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TidegateOptionError(path, 'an object', given);
  }
  for (const key of Object.keys(given)) {
    if (!keys.includes(key)) {
      throw new TidegateOptionError(path, expected, `key ${key}`);
    }
  }
  return Object.fromEntries(keys.filter((key) => key in given).map((key) => [key, value[key as keyof T]])) as T;
}

function number(value: unknown, path: string, min: number, max: number, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new TidegateOptionError(path, `a number from ${min} to ${max}`, value);
  }
  return value;
}

function optionalNumber(value: unknown, path: string, min: number, max: number): number | undefined {
  return value === undefined ? undefined : number(value, path, min, max, min);
}

function optionalMs<K extends string>(options: Readonly<Partial<Record<K, number>>>, key: K): number | undefined {
  return optionalNumber(options[key], key, 1, Number.MAX_SAFE_INTEGER);
}

function integer(value: unknown, path: string, min: number, max: number, fallback: number): number {
  if (value !== undefined && !Number.isInteger(value)) {
    throw new TidegateOptionError(path, `an integer from ${min} to ${max}`, value);
  }
  return number(value, path, min, max, fallback);
}

function oneOf<T extends string>(value: unknown, path: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) {
    throw new TidegateOptionError(path, `one of ${allowed.map((each) => `'${each}'`).join(', ')}`, value);
  }
  return value as T;
}

function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new TidegateOptionError(path, 'a boolean', value);
}

function optionalFunction<T>(value: T, path: string): T {
  if (value !== undefined && typeof value !== 'function') throw new TidegateOptionError(path, 'a function', value);
  return value;
}
