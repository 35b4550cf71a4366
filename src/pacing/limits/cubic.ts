/** The slowest limits are three requests a minute; less would only follow our own slowness down. */
const LEAST_RATE = 1 / 20_000;

/**
 * CUBIC rate control for a provider that says nothing but "no". The formulas are those of the AWS SDK's
 * `DefaultRateLimiter` (smithy-lang/smithy-typescript, packages/core/src/submodules/retry, Apache-2.0):
 * `K = cbrt(Wmax * (1 - beta) / C)`, `rate = C * (t - K)^3 + Wmax`, and `Wmax * beta` after a throttle.
 *
 * Two differences. It measures what was accepted, between two refusals: the bucket was empty at both, so that is
 * the limit itself. And C follows from the rate, so that the old rate is reached again after K = 15 s at any rate:
 * the limits are per minute, and what is not used in between is banked, not lost.
 */
export class Cubic {
  static readonly BETA = 0.7;
  static readonly K_MS = 15_000;
  /** Units per millisecond. */
  rate: number;
  throttledAt: number;
  #most: number;
  #accepted = 0;

  /** `measured`: units per millisecond sent before the first refusal. */
  constructor(measured: number, now: number) {
    this.#most = Math.max(measured, LEAST_RATE);
    this.rate = this.#most * Cubic.BETA;
    this.throttledAt = now;
  }

  /** What was sent, and with a negative amount what was refused. */
  accepted(amount: number): void {
    this.#accepted += amount;
  }

  throttled(now: number): void {
    // Nothing accepted means less than one in that time, not none for ever.
    this.#most = Math.max(Math.min(this.#measured(now), this.rate), this.rate / 4, LEAST_RATE);
    this.rate = this.#most * Cubic.BETA;
    this.throttledAt = now;
    this.#accepted = 0;
  }

  /** `recent`: units per millisecond sent in the last seconds: the mean since the refusal lags behind. */
  advance(now: number, recent: number): void {
    const x = (now - this.throttledAt) / Cubic.K_MS - 1;
    const grown = this.#most * (1 + (1 - Cubic.BETA) * x * x * x);
    // A lane with little to do proves nothing about more than twice as much.
    this.rate = Math.min(grown, 2 * Math.max(recent, this.#measured(now), this.#most));
  }

  /** Units per millisecond accepted since the last refusal. */
  #measured(now: number): number {
    return Math.max(0, this.#accepted) / Math.max(1_000, now - this.throttledAt);
  }
}
