/** An unexpected surplus may not exist, so it is spent gradually: the amount doubles in this time. */
const DOUBLING_MS = 100;
const MAX_MARGIN = 0.02;

/** The part of a level that must not be spent: the headroom, and briefly an unexpected surplus. */
export class Headroom {
  readonly share: number;
  #kept: number;
  #held = 0;
  #released = 0;
  #step = 0;
  #openMs = 0;

  /** `share` of the limit, at least 0 and below 1. */
  constructor(share: number, limit: number) {
    this.share = share;
    this.#kept = share * limit;
  }

  /** Whether the headroom is only a margin of error, not a share left to other users. */
  get isMargin(): boolean {
    return this.share <= MAX_MARGIN;
  }

  get kept(): number {
    return this.#kept + this.held;
  }

  /** Surplus still held back. */
  get held(): number {
    return Math.max(0, this.#held - this.#released);
  }

  /** Milliseconds until at most `units` of the surplus are held back. */
  heldMs(units: number): number {
    const released = this.#held - units;
    if (released <= this.#released) return 0;
    return Math.max(0, DOUBLING_MS * Math.log2(released / this.#step + 1) - this.#openMs);
  }

  /** `back` units were refilled; `spilled` of them overflowed a bucket of size `full` and count as unspent headroom. */
  refilled(back: number, spilled: number, full: number, elapsedMs: number): void {
    this.#kept += this.share * back;
    // A bucket whose headroom is at most one unit may be spent entirely.
    const least = this.share * full > 1 ? this.share * full : 0;
    if (spilled > 0) this.#kept = Math.max(least, this.#kept - spilled);
    if (this.#held === 0) return;
    this.#openMs += elapsedMs;
    this.#released = this.#step * (2 ** (this.#openMs / DOUBLING_MS) - 1);
    if (this.#released >= this.#held) this.#held = 0;
  }

  /** A bucket of size `full` turned out to be at `level`. */
  foundAt(level: number, full: number): void {
    this.#kept = Math.max(0, level - (1 - this.share) * full);
  }

  /** The level is `units` higher than assumed; `step` of them may be spent at once. */
  hold(units: number, step: number): void {
    this.#held = Math.max(0, this.#held - this.#released) + units - step;
    this.#step = step;
    this.#released = 0;
    this.#openMs = 0;
    if (this.#held <= 0) this.#held = 0;
  }

  /** The level is `units` lower than assumed: others have taken what a bucket of size `full` kept for them. */
  drop(units: number, full: number): void {
    this.#held = Math.max(0, this.#held - units);
    if (!this.isMargin) this.#kept = Math.max(Math.min(this.#kept, this.share * full), this.#kept - units);
  }

  /** The bucket holds at most `full`. */
  keepAtMost(full: number): void {
    this.#kept = Math.min(this.#kept, this.share * full);
    if (this.#held - this.#released > full) this.#held = 0;
  }
}
