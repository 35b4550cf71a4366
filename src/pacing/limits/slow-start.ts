/**
 * How fast a lane may start that knows no limit yet: four calls at once, four in a second, then twice as many
 * each second of waiting for it, and more with each answer that says nothing of a limit. Ends with the first limit
 * that becomes known, the first refusal, or when it is so fast that it limits nothing.
 */
const FIRST_RATE = 4 / 1_000;
const BURST = 4;
const BURST_MS = 500;
const DOUBLING_MS = 1_000;
const STEP = 1 / 1_000;
const DONE = 1;

export class SlowStart {
  /** Calls per millisecond. */
  rate: number = FIRST_RATE;
  #level: number = BURST;
  #at: number;
  #heldSince: number | undefined;

  constructor(now: number) {
    this.#at = now;
  }

  /** Nothing limits calls, as far as answers tell. */
  get done(): boolean {
    return this.rate >= DONE;
  }

  /** A call succeeded, and nothing was said of a limit. */
  answered(): void {
    this.rate += STEP;
  }

  waitMs(now: number): number {
    if (this.#heldSince !== undefined) {
      // Only a lane that needs more gets more.
      this.rate = Math.min(DONE, this.rate * 2 ** ((now - this.#heldSince) / DOUBLING_MS));
      this.#heldSince = now;
    }
    const most = Math.max(BURST, this.rate * BURST_MS);
    this.#level = Math.min(most, this.#level + (now - this.#at) * this.rate);
    this.#at = now;
    if (this.#level >= 1) {
      this.#heldSince = undefined;
      return 0;
    }
    this.#heldSince ??= now;
    return (1 - this.#level) / this.rate;
  }

  take(): void {
    this.#level = Math.max(0, this.#level - 1);
  }
}
