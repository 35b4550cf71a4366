/** Providers let usage grow by 50 % in 15 minutes (OpenAI) or by a sixth each minute (Anthropic, as captured). */
const GROWTH_PER_MINUTE = 1.05;
const MINUTE = 60_000;
/**
 * The growth rate doubles whenever calls have been served for this long. The time doubles with each refused growth, and
 * halves with each refusal when nothing was served at all, which says nothing about the rate.
 */
const PATIENCE_MS = 1_000;
const MIN_PATIENCE_MS = 250;
const MAX_PATIENCE_MS = 300_000;
/** Fastest growth per minute: doubling every second. */
const MAX_GROWTH = 2 ** 60;
const BURST_MS = 5_000;
const CUT = 0.7;
/** The limit is dropped once the rate is this multiple of the target. */
const DONE = 4;
/**
 * Target over the served rate, to drain the queue meanwhile: less than the growth that providers allow in 15 minutes.
 */
const ABOVE_SERVED = 1.2;
/** Longest interval between attempts while nothing is served. */
const PROBE_MS = 2_000;

/** A refusal for growing too fast. */
export interface TooSteep {
  /** The limit the provider named, in units per minute. */
  readonly limit: number | undefined;
  /** Units per millisecond served in the last minute. Providers ask clients to return to that rate. */
  readonly served: number;
  /** Units per call. */
  readonly call: number;
}

/**
 * Rate of input tokens while a provider refuses because usage grows too fast: cut at first, then grown slowly, and
 * faster as long as nothing is refused.
 */
export class Acceleration {
  /** Units per millisecond. */
  rate: number;
  /** The refused rate, cut once. Not cut again while nothing is served, since that says nothing about slower rates. */
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
