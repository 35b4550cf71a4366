import type { Failure } from '../core/outcome.ts';
import type { ErrorDetails } from '../errors.ts';

/** What the application learns about a failure. */
export function errorDetails(failure: Failure, attempts: number, waitedMs: number): ErrorDetails {
  return {
    outcome: failure.outcome,
    dimension: failure.dimension,
    attempts,
    waitedMs,
    limit: failure.limit,
    remaining: failure.remaining,
    resetMs: failure.resetMs ?? failure.hintMs,
    advice: failure.advice,
  };
}
