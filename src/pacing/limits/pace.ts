/** Beside others no more than this is saved up: they hold as much back. */
const SHARED_MS = 500;
/** Spread evenly, a lane may catch up with one second. */
const SMOOTH_MS = 1_000;

/** How a limit is spread over time: evenly where that is wanted, and at our share's pace beside others. */
export class Pace {
  #level = 1;
  #most = 1;
  /** Units per millisecond; Infinity where nothing is spread. */
  #rate = Infinity;
  readonly #smooth: boolean;

  constructor(smooth: boolean) {
    this.#smooth = smooth;
  }

  /** `rate` is that of the limit, `share` the part of it at which we go; undefined when nobody else is there. */
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

  /** Milliseconds until `amount` may go; more than may be saved up needs all of it. */
  waitMs(amount: number): number {
    return this.#rate === Infinity ? 0 : Math.max(0, (Math.min(amount, this.#most) - this.#level) / this.#rate);
  }
}
