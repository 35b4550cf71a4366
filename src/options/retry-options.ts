import { MAX_MS, integer, number, orEmpty, section, type Keys } from './checks.ts';

export interface RetryOptions {
  /** Maximum attempts, including the first; waiting out a rate limit does not count. 1 … 100, default 6. */
  readonly maxAttempts?: number;
  /** Delay before the first retry if the server named none, in milliseconds. 0 … 60 000, default 500. */
  readonly initialDelayMs?: number;
  /**
   * Maximum backoff delay, in milliseconds; 8 000 at most while other calls of the lane get through. 1 … 2^31-1,
   * default 60 000.
   */
  readonly maxDelayMs?: number;
  /**
   * Maximum wait a server may request (`Retry-After` and the like), in milliseconds; a longer one fails the call
   * immediately. 0 … 2^31-1, default 120 000.
   */
  readonly maxHintMs?: number;
  /**
   * Caps the extra traffic a lane may create by retrying; `false` removes the cap. Waiting out a rate limit is free,
   * and a successful retry is refunded.
   */
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

export interface ResolvedRetry {
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxHintMs: number;
  readonly budget: { readonly ratio: number; readonly minimum: number; readonly windowMs: number } | undefined;
}

const RETRY_KEYS: Keys<RetryOptions> = {
  maxAttempts: true,
  initialDelayMs: true,
  maxDelayMs: true,
  maxHintMs: true,
  budget: true,
};

const BUDGET_KEYS: Keys<RetryBudgetOptions> = { ratio: true, minimum: true, windowMs: true };

export function resolveRetry(given: RetryOptions | false | undefined): ResolvedRetry {
  const retry: RetryOptions = given === false ? { maxAttempts: 1 } : section(orEmpty(given), 'retry', RETRY_KEYS);
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
