/** Providers let usage grow by 50 % in 15 minutes (OpenAI) or by a sixth each minute (Anthropic, as captured). */
const GROWTH_PER_MINUTE = 1.05;
const MINUTE = 60_000;
/**
 * It grows twice as fast each time that calls are served for so long; which takes twice as long each time that growing
 * was refused all the same, and half as long each time that nothing was served at all: that tells of no rate.
 */
const PATIENCE_MS = 1_000;
const MIN_PATIENCE_MS = 250;
const MAX_PATIENCE_MS = 300_000;
/** Fastest growth: twice the rate in a second. */
const MAX_GROWTH = 2 ** 60;
const BURST_MS = 5_000;
const CUT = 0.7;
/** The limit is dropped once the rate is this many times the refused one. */
const DONE = 4;
/** Of what was served, so that what has waited meanwhile can follow: less than providers let usage grow in a quarter of an hour. */
const ABOVE_SERVED = 1.2;
/** Longest interval between two attempts of a lane that is served nothing. */
const PROBE_MS = 2_000;

/** A refusal for growing too fast. */
export interface TooSteep {
  /** The limit the provider named, in units per minute. */
  readonly limit: number | undefined;
  /** Units per millisecond that were served in the last minute: providers ask to go back to that, and no further. */
  readonly served: number;
  /** Units per call. */
  readonly call: number;
}

/**
 * Input tokens per minute while a provider says that usage grows too fast: cut, then grown slowly, and faster as long as
 * nothing is refused.
 */
export class Acceleration {
  /** Units per millisecond. */
  rate: number;
  /** The rate that was too steep, cut once: if everything is refused at any rate, nothing is known of a slower one. */
  #target: number;
  #isServed = true;
  #level = 0;
  #growth = GROWTH_PER_MINUTE;
  #patienceMs = PATIENCE_MS / 2;
  /** Start of the current growth; undefined until a call is served. */
  #growsSince: number | undefined;
  #at: number;

  /** `sending`: units per millisecond being sent at the first refusal. */
  constructor(sending: number, served: number, now: number) {
    this.rate = Math.max(sending, served * ABOVE_SERVED);
    this.#target = this.rate;
    this.#at = now;
  }

  get done(): boolean {
    return this.rate > DONE * this.#target;
  }

  throttled({ limit, served, call }: TooSteep, now: number): void {
    if (limit !== undefined) this.#target = limit / MINUTE;
    else if (this.#isServed) this.#target = Math.max(this.rate * CUT, Math.min(this.rate, served * ABOVE_SERVED));
    const slowest = Math.min(this.#target, call / PROBE_MS);
    this.rate = this.#isServed || limit !== undefined ? this.#target : Math.max(slowest, this.rate * CUT);
    this.#patienceMs = this.#isServed
      ? Math.min(MAX_PATIENCE_MS, 2 * this.#patienceMs)
      : Math.max(MIN_PATIENCE_MS, this.#patienceMs / 2);
    this.#isServed = false;
    this.#growth = GROWTH_PER_MINUTE;
    this.#growsSince = undefined;
    this.#level = Math.min(0, this.#level);
    this.#at = now;
  }

  /** A call sent after the refusal was served. */
  succeeded(now: number): void {
    this.#refill(now);
    this.#growsSince ??= now;
    if (now - this.#growsSince >= this.#patienceMs) {
      this.#growsSince = now;
      this.#growth = Math.min(MAX_GROWTH, this.#growth ** 2);
    }
    if (this.#isServed) return;
    this.#isServed = true;
    this.rate = Math.max(this.rate, this.#target);
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
    this.rate *= this.#growth ** (elapsed / MINUTE);
    this.#level = Math.min(this.rate * BURST_MS, this.#level + elapsed * this.rate);
  }
}
