import { Headroom } from './headroom.ts';

/** Part of a level's shortfall that one answer corrects. */
const RAISE = 0.5;
const ERROR_WEIGHT = 0.1;

/**
 * What is in a bucket, by what was sent and what answers told: they correct it downwards at once, upwards step by step.
 * Headroom stays in it, and for a moment what nobody expected to be there.
 */
export class BucketLevel {
  readonly headroom: Headroom;
  /** Size of the bucket. */
  burst: number;
  value: number;
  /** Level by answers alone, whatever refusals say. */
  claimed: number;
  /**
   * What came back for us while the provider's bucket was full, since it counts later: so much less is missing than what
   * it has not counted yet.
   */
  lead = 0;
  /** Highest level since a refusal showed the true one. */
  peak: number;
  /** How far the level was off from what answers stated. */
  error = 0;

  constructor(limit: number, headroomShare: number) {
    this.headroom = new Headroom(headroomShare, limit);
    this.burst = limit;
    this.value = limit;
    this.claimed = limit;
    this.peak = limit;
  }

  /** What may be spent. */
  get usable(): number {
    return this.value - this.headroom.kept;
  }

  /** `uncounted`: taken by us, but not by the provider's count yet. */
  refill(back: number, elapsedMs: number, uncounted: number): void {
    const level = this.value + back;
    this.claimed = Math.min(this.burst, this.claimed + back);
    this.value = Math.min(this.burst, level);
    this.peak = Math.max(this.peak, this.value);
    const lost = Math.max(this.lead - (level - this.value), this.value + uncounted - this.burst);
    this.lead = Math.min(uncounted, Math.max(0, lost));
    this.headroom.refilled(back, level - this.value, this.burst, elapsedMs);
  }

  /** So much is there by what was promised; `anew` where nothing is left of what was kept before. */
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

  /** A refusal showed that no more is there. */
  foundAt(level: number): void {
    this.value = level;
    this.peak = Math.max(0, level);
    this.headroom.foundAt(level, this.burst);
  }

  /** An answer told the level, give or take `tolerance`. Of what is there against expectation `step` may go at once. */
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

  /** A bucket of another size; what was used stays used. */
  moveTo(burst: number): void {
    const by = burst - this.burst;
    this.burst = burst;
    this.peak = Math.min(burst, this.peak);
    this.value += by;
    this.claimed += by;
    this.headroom.keepAtMost(burst);
  }
}
