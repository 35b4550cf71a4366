/** This much of the limit must be missing before a reset can tell what is missing. */
const MISSING = 0.2;
/** A reset that comes in less than this part of the time in which the missing would refill tells of a smaller bucket. */
const EARLY = 0.5;
/** A bucket that shows more than this part of the limit is one of the whole window. */
const WHOLE = 0.8;

/**
 * Whether `remaining` counts what is in a bucket shorter than the window of its limit: 3,000 a minute, of which never
 * more than 50 are there at once. Read as what is left of the minute, such a level says that others take nearly all.
 * Time until the bucket is full tells them apart, and a level above what was believed overturns the belief.
 */
export class ShortBucket {
  /** Units that the bucket holds, as far as answers have shown; undefined where it is one of the whole window. */
  capacity: number | undefined;
  #largest = 0;

  /** The limit changed: a bucket of another size may be behind it. */
  forget(): void {
    this.capacity = undefined;
    this.#largest = 0;
  }

  /** A call of so much was let through: it holds as much at least. */
  accepted(amount: number): void {
    this.#largest = Math.max(this.#largest, amount);
    if (this.capacity !== undefined) this.capacity = Math.max(this.capacity, amount);
  }

  /** Takes what an answer showed of the level, and of the time until it is full. */
  observe(remaining: number, resetMs: number | undefined, limit: number, limitRate: number): void {
    this.#largest = Math.max(this.#largest, remaining);
    const missing = limit - remaining;
    if (this.#largest >= WHOLE * limit) this.capacity = undefined;
    else if (this.capacity !== undefined) this.capacity = Math.max(this.capacity, remaining + 1);
    else if (resetMs !== undefined && missing >= MISSING * limit && resetMs < (EARLY * missing) / limitRate) {
      this.capacity = this.#largest + 1;
    }
  }
}
