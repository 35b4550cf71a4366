/** Providers let usage grow by 50 % in 15 minutes (OpenAI) or by a sixth each minute (Anthropic, as captured). */
const GROWTH_PER_MINUTE = 1.05;
const MINUTE = 60_000;
const BURST_MS = 5_000;
const CUT = 0.7;
/** This far above what once was too steep, it has nothing to say any more. */
const DONE = 4;

/** Input tokens per minute while a provider says that usage grows too fast: cut, then grown slowly. */
export class Acceleration {
  /** Units per millisecond. */
  rate: number;
  #first: number;
  #level = 0;
  #at: number;

  constructor(rate: number, now: number) {
    this.rate = rate;
    this.#first = rate;
    this.#at = now;
  }

  get done(): boolean {
    return this.rate > DONE * this.#first;
  }

  /** `limit` is what the provider named, in units per minute. */
  throttled(limit: number | undefined, now: number): void {
    this.rate = limit === undefined ? this.rate * CUT : limit / MINUTE;
    this.#first = this.rate;
    this.#level = Math.min(0, this.#level);
    this.#at = now;
  }

  waitMs(amount: number, now: number): number {
    this.#refill(now);
    return Math.max(0, (Math.min(amount, this.rate * BURST_MS) - this.#level) / this.rate);
  }

  take(amount: number): void {
    this.#level -= amount;
  }

  #refill(now: number): void {
    const elapsed = now - this.#at;
    if (elapsed <= 0) return;
    this.#at = now;
    this.rate *= GROWTH_PER_MINUTE ** (elapsed / MINUTE);
    this.#level = Math.min(this.rate * BURST_MS, this.#level + elapsed * this.rate);
  }
}
