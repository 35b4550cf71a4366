/** Time over which consumption is averaged. */
const AVERAGE_MS = 10_000;
/** Whoever took nothing for so long has gone; what they took in it counts so many times at most. */
const LATELY_MS = 2_000;
const LATELY = 2;
const MIN_INTERVAL_MS = 1_000;
/** Without answers there is nothing to compare with. */
const MAX_UNCOUNTED = 10_000;
/** Up to this share of the limit's rate it is noise: rounding, and requests that overtake each other. */
const NOISE = 0.08;
/** Whatever others take, this share stays ours: more of it moves processes that started unequal closer together. */
const MIN_SHARE = 0.015;
/** What was seen this long ago is forgotten in as long again. */
const STALE_MS = 8_000;

interface Sample {
  readonly at: number;
  readonly remaining: number;
  /** Order of sending of the request that was answered, and our consumption in all up to it. */
  readonly sequence: number;
  readonly mark: number;
}

interface Interval {
  readonly own: number;
  /** By others; negative where the provider counted less of ours than we did. */
  readonly taken: number;
}

interface Uncounted {
  readonly sequence: number;
  readonly amount: number;
}

/** Estimates what others take of a limit: what is missing from `remaining` though we did not spend it. */
export class Foreign {
  #average = 0;
  #own = 0;
  #lately = 0;
  #firstAt = 0;
  #anchor: Sample | undefined;
  /** Whether answers have told of at least one interval. */
  gauged = false;
  /** Parts of `mark` after the last sample that turned out never to have counted. */
  #uncounted: Uncounted[] = [];

  /**
   * The part of the limit that is ours beside others: what we have of all that is taken, and a little more.
   * 1 when nobody else is there. What others leave beyond that shows in the level.
   */
  share(limitRate: number, now: number): number {
    if (!this.#anchor) return 1;
    const age = now - this.#anchor.at;
    const taken = age > STALE_MS ? this.#taken * Math.exp(1 - age / STALE_MS) : this.#taken;
    if (taken <= NOISE * limitRate) return 1;
    return MIN_SHARE + (1 - MIN_SHARE) * (this.#own / (this.#own + taken));
  }

  /**
   * `quantum` is the step to which the provider rounds, `returnRate` what comes back a millisecond, where that is not
   * the limit's rate. Returns what an interval between two answers told.
   */
  observe(
    sample: Sample,
    limit: number,
    limitRate: number,
    quantum: number,
    returnRate: number = limitRate,
  ): Interval | undefined {
    const anchor = this.#anchor;
    if (!anchor) {
      // What is missing now may have been taken at any time before: it says nothing of a rate.
      this.#anchor = sample;
      this.#firstAt = sample.at;
      return undefined;
    }
    const elapsed = sample.at - anchor.at;
    if (elapsed < Math.max(MIN_INTERVAL_MS, (4 * quantum) / limitRate)) return undefined;
    this.gauged = true;
    const own = sample.mark - anchor.mark - this.#takeUncounted(sample.sequence);
    this.#anchor = sample;
    const refilled = anchor.remaining + returnRate * elapsed;
    const missing = Math.min(limit, refilled) - own - sample.remaining;
    // In a full bucket our own consumption is refilled at once, and looks as if it was not counted.
    const taken = refilled > limit ? Math.max(0, missing) : missing;
    this.#learn(taken / elapsed, Math.max(0, own) / elapsed, limitRate, sample.at, elapsed);
    return { own, taken };
  }

  /** Of the request with this place in the order of sending, the provider never counted `amount`. */
  neverCounted(sequence: number, amount: number): void {
    if (!this.#anchor || sequence <= this.#anchor.sequence) return;
    if (this.#uncounted.push({ sequence, amount }) > MAX_UNCOUNTED) this.forget();
  }

  /** What was expected says nothing any more: the limit changed, or answers stay away. */
  forget(): void {
    this.#anchor = undefined;
    this.#uncounted = [];
    this.#average = 0;
  }

  /** What was not counted up to a place in the order. */
  #takeUncounted(sequence: number): number {
    let sum = 0;
    const later: Uncounted[] = [];
    for (const each of this.#uncounted) {
      if (each.sequence <= sequence) sum += each.amount;
      else later.push(each);
    }
    this.#uncounted = later;
    return sum;
  }

  get #taken(): number {
    return Math.min(this.#average, LATELY * this.#lately);
  }

  #learn(taken: number, own: number, limitRate: number, now: number, elapsed: number): void {
    // The mean of all that was seen at first, so that a start beside others is noticed at once.
    const weight = elapsed / Math.max(elapsed, Math.min(AVERAGE_MS, now - this.#firstAt));
    this.#average += (Math.max(-limitRate, taken) - this.#average) * weight;
    this.#own += (own - this.#own) * weight;
    this.#lately += (Math.max(-limitRate, taken) - this.#lately) * Math.max(weight, Math.min(1, elapsed / LATELY_MS));
  }
}
