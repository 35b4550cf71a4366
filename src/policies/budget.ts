import type { Clock } from '../core/clock.ts';
import type { ResolvedRetry } from '../options/retry-options.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Limits the retries that a lane may add to its traffic. */
export interface RetryBudget {
  /** A call has started. */
  deposit(): void;
  /** Takes one retry; returns false if none is left. */
  withdraw(): boolean;
  /** Refunds a retry that was answered. */
  refund(): void;
  /** Whole retries left; never negative. */
  balance(): number;
}

/**
 * Allows `minimum` retries per window plus `ratio` retries per call in the window, so that an outage multiplies the
 * traffic by at most 1 + ratio. Modelled on Finagle's RetryBudget (`percentCanRetry` 0.2), with a longer window,
 * because language models are called about once a second rather than thousands of times. An answered retry is refunded,
 * as in the AWS SDKs' retry quota: faults that hit one attempt in five are not an outage.
 */
export function createRetryBudget(options: NonNullable<ResolvedRetry['budget']>, clock: Clock): RetryBudget {
  const { ratio, minimum, windowMs } = options;
  const window = new SlidingWindow(windowMs, clock);
  // Rounded to whole retries with some slack for floating-point error: 0.2 * 15 must be 3.
  const left = (): number => Math.floor(ratio * window.first() + minimum + 1e-9) - window.second();
  return {
    deposit: () => window.addFirst(),
    withdraw() {
      if (left() < 1) return false;
      window.addSecond();
      return true;
    },
    refund: () => window.addSecond(-1),
    balance: () => Math.max(0, left()),
  };
}
