import { TidegateOptionError } from '../errors.ts';
import { MAX_MS, integer, number, oneOf, orEmpty, section, type Keys } from './checks.ts';

export interface BreakerOptions {
  /** Share of failed calls that opens the circuit; a retried call counts once. Above 0, below 1; default 0.5. */
  readonly threshold?: number;
  /** Calls in the window before the circuit can open; as many failures in a row open it. 1 … 1 000, default 10. */
  readonly minimumAttempts?: number;
  /** Length of the window in milliseconds. 1 000 … 3 600 000, default 60 000. */
  readonly windowMs?: number;
  /**
   * How long the circuit stays open at first, in milliseconds. A probe that is unanswered for this long no longer
   * delays the next one. 1 … 3 600 000, default 5 000.
   */
  readonly halfOpenAfterMs?: number;
  /**
   * Maximum time it stays open while probes fail, in milliseconds; the time doubles from `halfOpenAfterMs` up to this.
   * From `halfOpenAfterMs` to 2^31-1; default 5 000, or `halfOpenAfterMs` if that is longer. A lane recovers this soon
   * after an outage, and a probe every five seconds is no load.
   */
  readonly maxHalfOpenAfterMs?: number;
  /** Whether calls wait for the probe of an open circuit or fail at once. Default 'wait'. */
  readonly onOpen?: 'wait' | 'fail';
  /** Maximum wait for an open circuit, in milliseconds. 0 … 2^31-1, default 60 000. */
  readonly maxWaitMs?: number;
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

const BREAKER_KEYS: Keys<BreakerOptions> = {
  threshold: true,
  minimumAttempts: true,
  windowMs: true,
  halfOpenAfterMs: true,
  maxHalfOpenAfterMs: true,
  onOpen: true,
  maxWaitMs: true,
};

export function resolveBreaker(given: BreakerOptions | false | undefined): ResolvedBreaker | undefined {
  if (given === false) return undefined;
  const breaker = section(orEmpty(given), 'breaker', BREAKER_KEYS);
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
