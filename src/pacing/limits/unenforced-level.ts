/** So many calls in a row must be served with less shown than one of them takes. */
const SERVED = 8;
/** As many where the level that is shown has moved: it is a true one, and others leave nothing of it. */
const SERVED_OF_MOVING = 64;
const MAX_SERVED = 512;
/** Others seem to take more than this part of the limit. */
const TAKEN = 0.5;

/**
 * What headers show as left never changes, or is never enough for a call, as if others took nearly all of the limit; and
 * yet call after call is served. They are stale, or of something else, and what they show is not enforced. Believed until
 * a call is refused or more is shown, and after longer and longer evidence then.
 */
export class UnenforcedLevel {
  holds = false;
  #served = 0;
  #needed = SERVED;
  #shown: number | undefined;

  /** A call of `amount` was served, and `remaining` is shown to be left. `ours`: the part of the limit that seems to be ours. */
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
