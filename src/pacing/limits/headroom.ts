/** An unexpected surplus is spent gradually, doubling in each of these intervals: it may not exist. */
const DOUBLING_MS = 100;
const MAX_MARGIN = 0.02;

/** Units of a level that must not be spent: the headroom, and for a moment an unexpected surplus. */
export class Headroom {
  readonly share: number;
  #kept: number;
  #held = 0;
  #released = 0;
  #step = 0;
  #openMs = 0;

  /** `share` of the limit, from 0 up to, not including, 1. */
  constructor(share: number, limit: number) {
    this.share = share;
    this.#kept = share * limit;
  }

  /** Whether the headroom only covers inexact knowledge, and is nobody's share. */
  get isMargin(): boolean {
    return this.share <= MAX_MARGIN;
  }

  get kept(): number {
    return this.#kept + this.held;
  }

  /** The surplus still held back. */
  get held(): number {
    return Math.max(0, this.#held - this.#released);
  }

  /** Milliseconds until no more than `units` of it are held back. */
  heldMs(units: number): number {
    const released = this.#held - units;
    if (released <= this.#released) return 0;
    return Math.max(0, DOUBLING_MS * Math.log2(released / this.#step + 1) - this.#openMs);
  }

  /** `back` units came back, of which `spilled` found no room in a bucket of `full`: they count as unspent. */
  refilled(back: number, spilled: number, full: number, elapsedMs: number): void {
    this.#kept += this.share * back;
    // Of a bucket so small that the share of it is no more than a unit, all may go at once.
    const least = this.share * full > 1 ? this.share * full : 0;
    if (spilled > 0) this.#kept = Math.max(least, this.#kept - spilled);
    if (this.#held === 0) return;
    this.#openMs += elapsedMs;
    this.#released = this.#step * (2 ** (this.#openMs / DOUBLING_MS) - 1);
    if (this.#released >= this.#held) this.#held = 0;
  }

  /** A bucket that can hold `full` was found at `level`. */
  foundAt(level: number, full: number): void {
    this.#kept = Math.max(0, level - (1 - this.share) * full);
  }

  /** There are `units` more than assumed; `step` of them may be spent at once. */
  hold(units: number, step: number): void {
    this.#held = Math.max(0, this.#held - this.#released) + units - step;
    this.#step = step;
    this.#released = 0;
    this.#openMs = 0;
    if (this.#held <= 0) this.#held = 0;
  }

  /** There are `units` fewer than assumed: others have taken what was kept for them, of a bucket of `full`. */
  drop(units: number, full: number): void {
    this.#held = Math.max(0, this.#held - units);
    if (!this.isMargin) this.#kept = Math.max(Math.min(this.#kept, this.share * full), this.#kept - units);
  }

  /** The bucket holds no more than `full`. */
  keepAtMost(full: number): void {
    this.#kept = Math.min(this.#kept, this.share * full);
    if (this.#held - this.#released > full) this.#held = 0;
  }
}
