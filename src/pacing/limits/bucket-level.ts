import { Headroom } from './headroom.ts';

/** Fraction of an upward correction that one answer applies. */
const RAISE = 0.5;
const ERROR_WEIGHT = 0.1;

/**
 * A bucket's level, from what was sent and what answers reported: corrected downwards at once, upwards in steps.
 * Headroom is never spent, and an unexpected surplus only gradually.
 */
export class BucketLevel {
  readonly headroom: Headroom;
  /** Bucket size. */
  burst: number;
  value: number;
  /** Level according to answers alone, ignoring refusals. */
  claimed: number;
  /**
   * Refill credited here while the provider's bucket was still full, because it counts requests later than we do. Our
   * level exceeds the reported one, less what is uncounted, by this amount.
   */
  lead = 0;
  /** Highest level since a refusal last revealed the true one. */
  peak: number;
  /** Average difference between our level and the reported one. */
  error = 0;

  constructor(limit: number, headroomShare: number) {
    this.headroom = new Headroom(headroomShare, limit);
    this.burst = limit;
    this.value = limit;
    this.claimed = limit;
    this.peak = limit;
  }

  /** The part that may be spent. */
  get usable(): number {
    return this.value - this.headroom.kept;
  }

  /** `uncounted`: sent by us but not yet counted by the provider. */
  refill(back: number, elapsedMs: number, uncounted: number): void {
    const level = this.value + back;
    this.claimed = Math.min(this.burst, this.claimed + back);
    this.value = Math.min(this.burst, level);
    this.peak = Math.max(this.peak, this.value);
    const lost = Math.max(this.lead - (level - this.value), this.value + uncounted - this.burst);
    this.lead = Math.min(uncounted, Math.max(0, lost));
    this.headroom.refilled(back, level - this.value, this.burst, elapsedMs);
  }

  /** A promised reset is due: at least `level` is available. `anew`: the headroom starts over too. */
  collect(level: number, anew: boolean): void {
    const { headroom } = this;
    const gain = level - this.value;
    if (gain > 0) this.value = level;
    if (anew) headroom.keepAtMost(this.burst);
    else if (gain > 0 && !headroom.isMargin) headroom.refilled(gain, 0, this.burst, 0);
  }

  take(amount: number): void {
    this.value -= amount;
    this.claimed -= amount;
  }

  giveBack(amount: number): void {
    this.value = Math.min(this.burst, this.value + amount);
    this.claimed = Math.min(this.burst, this.claimed + amount);
  }

  /** A refusal revealed the level. */
  foundAt(level: number): void {
    this.value = level;
    this.peak = Math.max(0, level);
    this.headroom.foundAt(level, this.burst);
  }

  /** An answer reported the level, within `tolerance`. Up to `step` of a surplus may be spent at once. */
  correct(truth: number, tolerance: number, step: number): void {
    this.error += (Math.abs(truth - this.value) - this.error) * ERROR_WEIGHT;
    if (this.value > truth + tolerance) {
      this.headroom.drop(this.value - truth - tolerance, this.burst);
      this.value = truth + tolerance;
    } else if (this.value < truth - tolerance) {
      const gain = Math.min((truth - tolerance - this.value) * RAISE, this.burst - this.value);
      this.value += gain;
      if (gain > step) this.headroom.hold(gain, step);
    }
    this.value = Math.min(this.value, this.burst);
  }

  /** Changes the bucket size; the level stays the same. */
  resize(burst: number): void {
    this.burst = burst;
    this.peak = Math.min(burst, this.peak);
    this.value = Math.min(burst, this.value);
    this.claimed = Math.min(burst, this.claimed);
    this.headroom.keepAtMost(burst);
  }

  /** Changes the bucket size; the amount used stays the same. */
  moveTo(burst: number): void {
    const by = burst - this.burst;
    this.value += by;
    this.claimed += by;
    this.resize(burst);
  }
}
