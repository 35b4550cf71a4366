/** Changes from served to refused, each with more in flight than was ever served, until concurrency is believed. */
const ENOUGH = 6;

/** An attempt: its sequence number, and how many were in flight, itself included. */
interface Sent {
  readonly sequence: number;
  readonly inFlight: number;
}

/**
 * Whether unnamed refusals are due to the number of attempts in flight: every refusal then has more in flight than any
 * success. A rate limit also refuses some with fewer in flight than were served.
 */
export class Crowding {
  #mostServed = 0;
  #leastRefused = Infinity;
  #turns = 0;
  /** Sequence number of the latest refusal that followed a success. */
  #turnAt = 0;
  /** Whether an attempt sent after it was served. */
  #wasServed = false;

  get believed(): boolean {
    return this.#turns >= ENOUGH;
  }

  /** An attempt was served. Returns whether that overturns the belief. */
  served({ sequence, inFlight }: Sent): boolean {
    this.#mostServed = Math.max(this.#mostServed, inFlight);
    this.#wasServed ||= sequence > this.#turnAt;
    return this.#overturn();
  }

  /** An attempt was refused. Returns whether that overturns the belief. */
  refused({ sequence, inFlight }: Sent): boolean {
    this.#leastRefused = Math.min(this.#leastRefused, inFlight);
    if (this.#wasServed) {
      this.#turns++;
      this.#turnAt = sequence;
      this.#wasServed = false;
    }
    return this.#overturn();
  }

  /** Starts over if a refusal had no more in flight than a success. Returns whether the belief was held. */
  #overturn(): boolean {
    // An attempt that has just ended at the provider still counts here, so the same number may be served and refused.
    if (this.#leastRefused > 1 && this.#mostServed <= this.#leastRefused) return false;
    const { believed } = this;
    this.#mostServed = 0;
    this.#leastRefused = Infinity;
    this.#turns = 0;
    return believed;
  }
}
