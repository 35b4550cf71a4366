/** Burst, as time at the pace, while other users share the limit: they hold back as much. */
const SHARED_MS = 500;
/** The same in `smooth` mode: a lane may catch up on one second. */
const SMOOTH_MS = 1_000;

/** Spreads a limit over time: evenly in `smooth` mode, and at our share's pace if the limit has other users. */
export class RateSmoother {
  #level = 1;
  #most = 1;
  /** Units per millisecond; Infinity where nothing is spread. */
  #rate = Infinity;
  readonly #smooth: boolean;

  constructor(smooth: boolean) {
    this.#smooth = smooth;
  }

  /** `rate`: that of the limit. `share`: the fraction of it that we use; undefined without other users. */
  refill(elapsedMs: number, rate: number, share: number | undefined): void {
    if (share === undefined && !this.#smooth) {
      this.#rate = Infinity;
      return;
    }
    const begins = this.#rate === Infinity;
    this.#rate = rate * (share ?? 1);
    this.#most = Math.max(1, this.#rate * (share === undefined ? SMOOTH_MS : SHARED_MS));
    this.#level = begins ? this.#most : Math.min(this.#most, this.#level + elapsedMs * this.#rate);
  }

  take(amount: number): void {
    if (this.#rate < Infinity) this.#level -= amount;
  }

  add(amount: number): void {
    if (this.#rate < Infinity) this.#level = Math.min(this.#most, this.#level + amount);
  }

  /** Milliseconds until `amount` may go; an amount above the burst waits for a full burst. */
  waitMs(amount: number): number {
    return this.#rate === Infinity ? 0 : Math.max(0, (Math.min(amount, this.#most) - this.#level) / this.#rate);
  }
}
