import type { Clock } from '../core/clock.ts';

interface Attempt {
  readonly startedAt: number;
}

/**
 * Attempts that have not ended. Where failures come sooner than answers, as of long generations, failures alone would
 * look like an outage: what was sent as early and is still in flight speaks against one.
 */
export class InFlight {
  /** When the attempt was sent that failed last. */
  failedFrom = 0;
  readonly #clock: Clock;
  /** In the order of sending. */
  readonly #attempts = new Set<Attempt>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(fn: () => Promise<T>): Promise<T> {
    const attempt = { startedAt: this.#clock.now() };
    this.#attempts.add(attempt);
    try {
      return await fn();
    } catch (error) {
      this.failedFrom = attempt.startedAt;
      throw error;
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  /** Those that were sent from `since` on and before the one that failed last; counts up to `most`. */
  outlasting(since: number, most: number): number {
    let count = 0;
    for (const { startedAt } of this.#attempts) {
      if (startedAt > this.failedFrom || count === most) break;
      if (startedAt >= since) count++;
    }
    return count;
  }
}
