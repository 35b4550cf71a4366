import type { Clock } from '../core/clock.ts';
import type { ResolvedRetry } from '../options/retry-options.ts';
import { SlidingWindow } from './sliding-window.ts';

/** How many retries one lane may add to its traffic. */
export interface RetryBudget {
  /** A call began. */
  deposit(): void;
  /** Takes one retry; false, and nothing taken, when there is none left. */
  withdraw(): boolean;
  /** Gives back a retry that was answered. */
  refund(): void;
  /** Whole retries left now; never negative. */
  balance(): number;
}

/**
 * Allows `minimum` retries a window plus `ratio` retries for each call of the window, so that an outage
 * multiplies the traffic by at most 1 + ratio. After Finagle's RetryBudget (`percentCanRetry` 0.2), with a
 * longer window, because calls of language models come in ones a second rather than in thousands. A retry that is
 * answered is given back, as the AWS SDKs' retry quota does: faults that strike one attempt in five are no outage.
 */
export function createRetryBudget(options: NonNullable<ResolvedRetry['budget']>, clock: Clock): RetryBudget {
  const { ratio, minimum, windowMs } = options;
  const window = new SlidingWindow(windowMs, clock);
  // The sum is rounded to whole retries with a little slack: 0.2 * 15 is 3, whatever the floating point says.
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
