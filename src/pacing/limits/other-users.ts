import type { LevelReport } from './level-report.ts';
import { Uncounted } from './uncounted.ts';

/** Time over which consumption is averaged. */
const AVERAGE_MS = 10_000;
/**
 * Other users that took nothing for `LATELY_MS` are gone; their average counts up to `LATELY` times what they took in
 * it.
 */
const LATELY_MS = 2_000;
const LATELY = 2;
const MIN_INTERVAL_MS = 1_000;
/** Usage by others below this fraction of the limit's rate is noise from rounding and reordered requests. */
const NOISE = 0.08;
/** A pause: no request of ours in this part of an interval in which at least `BUSY` were sent. */
const PAUSE = 0.5;
const BUSY = 8;
/** Share that remains ours whatever others take. Larger values let unequal processes converge faster. */
const MIN_SHARE = 0.015;
/** Samples older than this decay with this time constant. */
const STALE_MS = 8_000;

interface Sample extends LevelReport {
  /** When our previous request was counted: a header that is late by one answer shows that moment. */
  readonly previousAt: number;
  /** The part of `mark` that a provider that counts at the end had not counted yet. */
  readonly pending: number;
}

interface Interval {
  readonly own: number;
  /** Taken by others; negative where the provider counted less of ours than we did. */
  readonly taken: number;
}

/** Estimates other users' consumption: what is missing from `remaining` although we did not spend it. */
export class OtherUsers {
  #average = 0;
  #own = 0;
  #lately = 0;
  #firstAt = 0;
  #anchor: Sample | undefined;
  /** Whether at least one interval between answers has been measured. */
  gauged = false;
  /** Included in `mark` since the last sample. */
  readonly #uncounted = new Uncounted();

  /**
   * Our share of the limit: our fraction of all consumption, plus a little. 1 without other users. Whatever they leave
   * beyond that raises the level.
   */
  share(limitRate: number, now: number): number {
    if (!this.#anchor) return 1;
    const age = now - this.#anchor.at;
    const taken = age > STALE_MS ? this.#taken * Math.exp(1 - age / STALE_MS) : this.#taken;
    if (taken <= NOISE * limitRate) return 1;
    return MIN_SHARE + (1 - MIN_SHARE) * (this.#own / (this.#own + taken));
  }

  /**
   * `quantum`: step to which the provider rounds. `returnRate`: refill per millisecond, if it differs from the limit's
   * rate. Returns the consumption measured since the previous sample.
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
      // What is missing now may have been taken at any earlier time, so it implies no rate.
      this.#anchor = sample;
      this.#firstAt = sample.at;
      return undefined;
    }
    const elapsed = sample.at - anchor.at;
    if (elapsed < Math.max(MIN_INTERVAL_MS, (4 * quantum) / limitRate)) return undefined;
    this.gauged = true;
    const own = sample.mark - anchor.mark - this.#uncounted.take(sample.sequence);
    this.#anchor = sample;
    const plain = missing(limit, anchor.remaining + returnRate * elapsed, own + sample.remaining);
    const taken = isAfterPause(anchor, sample) ? this.#certain(plain, anchor, sample, own, limit, returnRate) : plain;
    this.#learn(taken / elapsed, Math.max(0, own) / elapsed, limitRate, sample.at, elapsed);
    return { own, taken: plain };
  }

  /**
   * What others have certainly taken if `sample` is the first after a pause of ours. It may show the level before the
   * pause, and calls then in flight may have been counted since: what lies between the two readings is explained.
   */
  #certain(plain: number, anchor: Sample, sample: Sample, own: number, limit: number, returnRate: number): number {
    const elapsed = Math.max(0, sample.previousAt - anchor.previousAt);
    const ended = own + anchor.pending - sample.pending;
    const other = missing(limit, anchor.remaining + returnRate * elapsed, ended + sample.remaining);
    if (plain * other <= 0) return 0;
    return Math.abs(other) < Math.abs(plain) ? other : plain;
  }

  /** The provider never counted `amount` of the request with this sequence number. */
  neverCounted(sequence: number, amount: number): void {
    if (!this.#anchor || sequence <= this.#anchor.sequence) return;
    if (!this.#uncounted.add(sequence, amount)) this.forget();
  }

  /** Discards the estimate: the limit changed, or answers have stopped. */
  forget(): void {
    this.#anchor = undefined;
    this.#uncounted.clear();
    this.#average = 0;
  }

  get #taken(): number {
    return Math.min(this.#average, LATELY * this.#lately);
  }

  #learn(taken: number, own: number, limitRate: number, now: number, elapsed: number): void {
    // A plain mean at first, so that other users are noticed from the start.
    const weight = elapsed / Math.max(elapsed, Math.min(AVERAGE_MS, now - this.#firstAt));
    this.#average += (Math.max(-limitRate, taken) - this.#average) * weight;
    this.#own += (own - this.#own) * weight;
    this.#lately += (Math.max(-limitRate, taken) - this.#lately) * Math.max(weight, Math.min(1, elapsed / LATELY_MS));
  }
}

/** Whether several of our requests were sent between the two, and then none for most of the time. */
function isAfterPause(anchor: Sample, { at, previousAt, sequence }: Sample): boolean {
  return sequence - anchor.sequence >= BUSY && at - previousAt >= PAUSE * (at - anchor.at);
}

function missing(limit: number, refilled: number, left: number): number {
  const amount = Math.min(limit, refilled) - left;
  // A full bucket refills our own consumption at once, which then looks uncounted.
  return refilled > limit ? Math.max(0, amount) : amount;
}
