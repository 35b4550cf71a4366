import { type PriceFunction, type Prices, resolvePrices } from './cost/prices.ts';
import { TidegateOptionError } from './errors.ts';
import { isSharedLimits, type SharedLimits } from './fleet/shared-limits.ts';
import { type BodyOptions, resolveBody, type ResolvedBody } from './options/body-options.ts';
import { type BreakerOptions, resolveBreaker, type ResolvedBreaker } from './options/breaker-options.ts';
import { type BulkheadOptions, resolveBulkhead, type ResolvedBulkhead } from './options/bulkhead-options.ts';
import { oneOf, optionalBoolean, optionalFunction, optionalMs, section, type Keys } from './options/checks.ts';
import { type PacingOptions, resolvePacing, type ResolvedPacing } from './options/pacing-options.ts';
import { resolveRetry, type ResolvedRetry, type RetryOptions } from './options/retry-options.ts';
import { resolveTelemetry, type TelemetryOptions } from './options/telemetry-options.ts';

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
  /** Total milliseconds that a call may take, waits and retries included. Minimum 1, default: none. */
  readonly deadlineMs?: number;
  /**
   * Maximum milliseconds from sending a stream's request to its first content; after that the attempt has failed and is
   * retried. For server-sent events. Minimum 1, default: none.
   */
  readonly firstContentTimeoutMs?: number;
  /**
   * Maximum milliseconds between two pieces of a stream's content before it is interrupted; comments and pings are not
   * content. For server-sent events. Minimum 1, default: none.
   */
  readonly stallTimeoutMs?: number;
  /** What happens to response bodies. */
  readonly body?: BodyOptions;
  /** Spans and metrics; `false` emits none. */
  readonly telemetry?: TelemetryOptions | false;
  /**
   * Maps a model to the group whose limits it shares; default: the model itself.
   * Called once per call with the model (undefined if the request names none).
   */
  readonly limitGroup?: (model: string | undefined) => string;
  /**
   * What happens if flex processing has no capacity for a call (`service_tier: 'flex'`): the call is retried with
   * backoff, or sent with the standard tier, at its price and within its limits. Default 'retry'.
   */
  readonly onFlexUnavailable?: 'retry' | 'standard';
  /**
   * Reports every request to a provider that bypasses all guards of the process: by an event, a counter and one warning.
   * Only the first guard with this option reports. Default true for the default guard under `tidegate/register`, else false.
   */
  readonly unguardedNotice?: boolean;
  /**
   * Prices by model, or a function from usage to a price: `await loadPrices()` has those of a package. With prices, the
   * events, spans and metrics of calls include their cost. Default: none.
   */
  readonly prices?: Prices;
  /** Store through which the processes of an account share its limits: `redisStore(client)` of tidegate/redis. Default: none. */
  readonly shared?: SharedLimits;
}

export interface ResolvedOptions extends ResolvedBody {
  readonly retry: ResolvedRetry;
  readonly breaker: ResolvedBreaker | undefined;
  readonly bulkhead: ResolvedBulkhead;
  readonly pacing: ResolvedPacing | undefined;
  readonly deadlineMs: number | undefined;
  readonly firstContentTimeoutMs: number | undefined;
  readonly stallTimeoutMs: number | undefined;
  readonly telemetry: TelemetryOptions | undefined;
  readonly limitGroup: ((model: string | undefined) => string) | undefined;
  readonly onFlexUnavailable: 'retry' | 'standard';
  readonly unguardedNotice: boolean | undefined;
  readonly shared: SharedLimits | undefined;
  readonly priceOf: PriceFunction | undefined;
}

/** Checks options and fills in the defaults. @throws TidegateOptionError naming the option's path. */
export function resolveOptions(options: GuardOptions = {}): ResolvedOptions {
  const root = section(options, 'options', ROOT_KEYS);
  return {
    retry: resolveRetry(root.retry),
    breaker: resolveBreaker(root.breaker),
    bulkhead: resolveBulkhead(root.bulkhead),
    pacing: resolvePacing(root.pacing),
    deadlineMs: optionalMs(root, 'deadlineMs'),
    firstContentTimeoutMs: optionalMs(root, 'firstContentTimeoutMs'),
    stallTimeoutMs: optionalMs(root, 'stallTimeoutMs'),
    ...resolveBody(root.body),
    telemetry: resolveTelemetry(root.telemetry),
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

const ROOT_KEYS: Keys<GuardOptions> = {
  retry: true,
  breaker: true,
  bulkhead: true,
  pacing: true,
  deadlineMs: true,
  firstContentTimeoutMs: true,
  stallTimeoutMs: true,
  body: true,
  telemetry: true,
  limitGroup: true,
  onFlexUnavailable: true,
  unguardedNotice: true,
  prices: true,
  shared: true,
};

function resolveShared(shared: unknown): SharedLimits | undefined {
  if (shared === undefined || isSharedLimits(shared)) return shared;
  throw new TidegateOptionError('shared', 'what redisStore() returns', shared);
}
