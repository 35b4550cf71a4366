/** So many ask; while nobody answers, twice as many in each of these times. */
const FIRST = 4;
const DOUBLING_MS = 500;
/** Who was told to come back is late by no more. */
const LATE_MS = 50;
/** So many at once are let through by a limit that lets them through at all. */
const ENOUGH = 20_000;

/**
 * How many calls may go while it is not known what the provider lets through: a few that ask, more with each answer
 * that tells nothing, and more with time, so that slow answers hold nobody up for long.
 */
export class Opening {
  /** So many open at the same time. */
  sharers = 1;
  #base = FIRST;
  #sent = 0;
  #doublings = 0;
  #heldSince: number | undefined;
  #heldMs = 0;

  get done(): boolean {
    return this.#base * 2 ** this.#doublings > ENOUGH;
  }

  /** Milliseconds until one more may go. Refusals come sooner than answers; `doublingMs` says how soon, where it is known. */
  waitMs(now: number, doublingMs: number = DOUBLING_MS): number {
    if (this.#heldSince !== undefined) {
      // Not while something else holds them too: what would not have gone tells nothing.
      this.#doublings += Math.min(now - this.#heldSince, this.#heldMs + LATE_MS) / doublingMs;
      this.#heldSince = now;
    }
    const due = Math.log2((this.sharers * this.#sent + 1) / this.#base) - this.#doublings;
    if (due <= 0) {
      this.#heldSince = undefined;
      return 0;
    }
    this.#heldSince ??= now;
    this.#heldMs = due * doublingMs;
    return this.#heldMs;
  }

  take(): void {
    this.#sent++;
  }

  /** A call got through, and nothing was said of a limit: so many more may go. */
  answered(more: number): void {
    this.#base += more / 2 ** this.#doublings;
  }

  /** As much as is told to be there, were there `sharers` who start together. */
  allow(calls: number): void {
    this.#base = Math.max(this.#base, (this.#sent + calls) / 2 ** this.#doublings);
  }
}
