/** Time over which consumption by others is averaged. */
const AVERAGE_MS = 10_000;
const LEAST_INTERVAL_MS = 1_000;
/** Below this share of the limit's rate it is noise: rounding, and requests that overtake each other. */
const NOISE = 0.03;

interface Sample {
  readonly at: number;
  readonly remaining: number;
  /** Our own consumption in all when the sample was taken, and what of it was found never to have counted. */
  readonly mark: number;
  readonly voided: number;
}

/**
 * Estimates what others take of a limit: what is missing from `remaining` though we did not spend it.
 * Negative where the provider counts less than we do; only what is taken slows us down.
 */
export class Foreign {
  #average = 0;
  #firstAt = 0;
  #anchor: Sample | undefined;

  /** Units per millisecond that others take. */
  rate(limitRate: number): number {
    return this.#average > NOISE * limitRate ? this.#average : 0;
  }

  /** `quantum` is the step to which the provider rounds. */
  observe(sample: Sample, limit: number, limitRate: number, quantum: number): void {
    const anchor = this.#anchor;
    if (!anchor) {
      this.#anchor = sample;
      this.#firstAt = sample.at;
      return;
    }
    const elapsed = sample.at - anchor.at;
    if (elapsed < Math.max(LEAST_INTERVAL_MS, (4 * quantum) / limitRate)) return;
    const own = sample.mark - anchor.mark - (sample.voided - anchor.voided);
    const expected = Math.min(limit, anchor.remaining + limitRate * elapsed) - own;
    const taken = (expected - sample.remaining) / elapsed;
    // The first samples count fully, so that a start beside others is noticed at once.
    const memory = Math.min(AVERAGE_MS, sample.at - this.#firstAt);
    this.#average += (taken - this.#average) * (1 - Math.exp(-elapsed / memory));
    this.#average = Math.min(limitRate, Math.max(-limitRate, this.#average));
    this.#anchor = sample;
  }

  /** The limit changed: what was expected of the old one says nothing. */
  forget(): void {
    this.#anchor = undefined;
  }
}
