import type { Dimension } from './dimensions.ts';

/** A time limit set by the caller: for the whole call, to a stream's first content, or between its chunks. */
export type TimeLimit = 'deadline' | 'first_content' | 'stall';

export type { Dimension };

/**
 * The failure vocabulary: one closed enum for retry, events, metrics and advice.
 */

/** How one attempt (one HTTP exchange) ended. */
export type Outcome =
  | 'ok'
  | 'throttled'
  | 'too_large'
  | 'quota_exhausted'
  | 'overloaded'
  | 'server_error'
  | 'timeout'
  | 'connection'
  | 'conflict'
  | 'auth'
  | 'bad_request'
  | 'cancelled';

/** Where a server's hint was found. */
export type HintSource = 'retry_after' | 'body' | 'reset_header';

/** A failed attempt, classified the same way for every provider. */
export interface Failure {
  readonly outcome: Exclude<Outcome, 'ok'>;
  /** The limit that was hit; set for `throttled`, `too_large` and `quota_exhausted`. */
  readonly dimension?: Dimension;
  /** HTTP status; absent if no response was received or the error came inside a stream. */
  readonly status?: number;
  /** The provider's own error code or type (`rate_limit_exceeded`, `overloaded_error`), for `error.type`. */
  readonly code?: string;
  /** Whether the same request may succeed if sent again, by its outcome and by `x-should-retry`. */
  readonly retryable: boolean;
  /** Milliseconds that the server asked to wait; never negative. */
  readonly hintMs?: number;
  readonly hintSource?: HintSource;
  /** True if only the server's `x-should-retry: true` makes the failure retryable. */
  readonly headerRequested?: boolean;
  /** The caller's time limit that expired; only with `timeout`. */
  readonly timeLimit?: TimeLimit;
  /** True if the caller's own deadline cut the attempt off, which says nothing about the provider. */
  readonly cutByCaller?: boolean;
  /** True for slow_down and ramp limits: the rate must be reduced, not just delayed. */
  readonly shrinkRate?: boolean;
  /** True if a tier or a model is out of capacity: neither a limit of the account nor a fault of the provider. */
  readonly noCapacity?: boolean;
  /** Numbers of the limit that was hit, if its message or headers state them. */
  readonly limit?: number;
  readonly remaining?: number;
  readonly requested?: number;
  readonly resetMs?: number;
  readonly windowMs?: number;
  /** The provider's own name of the limit that was hit: a model, or a pool of several. */
  readonly limitName?: string;
  /** One sentence: slow down requests, shrink tokens, raise the tier, or fix the key. */
  readonly advice: string;
}

/** One limit as response headers (or a 429 body) describe it. Values are never negative or NaN. */
export interface LimitReading {
  readonly dimension: Dimension;
  readonly limit: number;
  /** Undefined if only the limit is known. */
  readonly remaining?: number | undefined;
  /** Time until the bucket is full again. */
  readonly resetMs?: number | undefined;
  /** Length of the limit's window: 60 000 for a minute, 86 400 000 for a day. */
  readonly windowMs: number;
  readonly source: 'header' | 'body';
}

/** Tokens of one call as the provider counted them. `input` includes cached tokens. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of `inputTokens` that was read from a cache. */
  readonly cacheReadTokens: number;
  /** Part of `inputTokens` that was written to a cache. */
  readonly cacheWriteTokens: number;
  /** Part of `outputTokens` that was spent on reasoning. */
  readonly reasoningTokens: number;
}

/** Whether a failure says something about the provider's health. These open a circuit; 429 and other 4xx never do. */
export function isProviderFault({ outcome, cutByCaller, noCapacity }: Failure): boolean {
  if (cutByCaller || noCapacity) return false;
  return outcome === 'overloaded' || outcome === 'server_error' || outcome === 'timeout' || outcome === 'connection';
}
