/** So often one was refused after another was served, and never with as few in flight, until it is believed. */
const ENOUGH = 6;

/** An attempt, by its place in the order of sending, and how many were in flight with it. */
interface Sent {
  readonly sequence: number;
  readonly inFlight: number;
}

/**
 * Whether refusals that name no limit come of how many attempts are in flight: all that were refused were more than all
 * that were served. Of a limit of how many may be sent in a time, some are refused with fewer in flight than were served.
 */
export class Crowding {
  #mostServed = 0;
  #leastRefused = Infinity;
  #turns = 0;
  /** The first that was refused after another was served. */
  #turnAt = 0;
  /** Whether one that was sent after it was served. */
  #wasServed = false;

  get believed(): boolean {
    return this.#turns >= ENOUGH;
  }

  /** An attempt was served. Returns whether that overturns what was believed. */
  served({ sequence, inFlight }: Sent): boolean {
    this.#mostServed = Math.max(this.#mostServed, inFlight);
    this.#wasServed ||= sequence > this.#turnAt;
    return this.#overturn();
  }

  /** The same of one that was refused. */
  refused({ sequence, inFlight }: Sent): boolean {
    this.#leastRefused = Math.min(this.#leastRefused, inFlight);
    if (this.#wasServed) {
      this.#turns++;
      this.#turnAt = sequence;
      this.#wasServed = false;
    }
    return this.#overturn();
  }

  /** Begins anew where as few were refused as served. Returns whether it was believed. */
  #overturn(): boolean {
    // One that has just ended at the provider still counts here: the same number may be served and refused.
    if (this.#leastRefused > 1 && this.#mostServed <= this.#leastRefused) return false;
    const { believed } = this;
    this.#mostServed = 0;
    this.#leastRefused = Infinity;
    this.#turns = 0;
    return believed;
  }
}
