/** Fraction of the limit that must be missing for its reset to be conclusive. */
const MISSING = 0.2;
/** A reset sooner than this fraction of the refill time implies a smaller bucket. */
const EARLY = 0.5;
/** A level above this fraction of the limit implies a bucket of the whole window. */
const WHOLE = 0.8;

/**
 * Whether `remaining` is the level of a bucket smaller than its window's limit: 3,000 a minute, but never more than 50
 * at once. Misread as the rest of the minute, such a level looks as if other users took nearly everything. The time
 * until the bucket is full tells the two apart; a level above the assumed size overturns the belief.
 */
export class ShortBucket {
  /** Bucket size, as far as answers have shown; undefined for a bucket of the whole window. */
  capacity: number | undefined;
  #largest = 0;
  /** Whether the size follows from the scale of the reported levels. */
  #isScaled = false;

  /** The limit changed, or the scale of the reported levels: those of a bucket `scale` times as large. */
  restart(limit: number, scale: number): void {
    this.#isScaled = scale > 1;
    this.capacity = this.#isScaled ? limit / scale : undefined;
    this.#largest = 0;
  }

  /** A call of `amount` got through, so the bucket holds at least that much. */
  accepted(amount: number): void {
    this.#largest = Math.max(this.#largest, amount);
    if (this.capacity !== undefined) this.capacity = Math.max(this.capacity, amount);
  }

  /** An answer reported the level and the time until the bucket is full. */
  observe(remaining: number, resetMs: number | undefined, limit: number, limitRate: number): void {
    if (this.#isScaled) return;
    this.#largest = Math.max(this.#largest, remaining);
    const missing = limit - remaining;
    if (this.#largest >= WHOLE * limit) this.capacity = undefined;
    else if (this.capacity !== undefined) this.capacity = Math.max(this.capacity, remaining + 1);
    else if (resetMs !== undefined && missing >= MISSING * limit && resetMs < (EARLY * missing) / limitRate) {
      this.capacity = this.#largest + 1;
    }
  }
}
