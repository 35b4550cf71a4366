/** Calls in a row that must be served while headers show less than each takes, or an unchanged level. */
const SERVED = 8;
/** The same if the level has ever moved: then it is probably real, and other users leave nothing of it. */
const SERVED_OF_MOVING = 64;
const MAX_SERVED = 512;
/** Other users must seem to take more than this fraction of the limit. */
const TAKEN = 0.5;

/**
 * The remaining amount in headers never changes or never suffices, as if other users took nearly the whole limit, and
 * yet call after call is served: the headers are stale, or describe something else, and are not enforced. Believed
 * until a call is refused or a higher level is shown; each time, the next belief needs more evidence.
 */
export class UnenforcedLevel {
  holds = false;
  #served = 0;
  #needed = SERVED;
  #shown: number | undefined;

  /** A call of `amount` was served while headers showed `remaining`. `ours`: our apparent share of the limit. */
  served(remaining: number, amount: number, ours: number): void {
    const before = this.#shown;
    this.#shown = remaining;
    if (remaining >= amount && remaining !== before) {
      if (before !== undefined) this.#needed = Math.max(SERVED_OF_MOVING, this.#needed);
      this.#overturn();
    } else if (!this.holds && ours < 1 - TAKEN && ++this.#served >= this.#needed) this.holds = true;
  }

  refused(): void {
    this.#overturn();
  }

  #overturn(): void {
    if (this.holds) this.#needed = Math.min(MAX_SERVED, 2 * this.#needed);
    this.#served = 0;
    this.holds = false;
  }
}
