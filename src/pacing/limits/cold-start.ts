/** So many ask; while nobody answers, twice as many in each of these times. */
const FIRST = 4;
const DOUBLING_MS = 500;
/** Who was told to come back is late by no more. */
const LATE_MS = 50;
/** So many at once are let through by a limit that lets them through at all. */
const ENOUGH = 20_000;
/** A burst of so many is one of an application that waits for it; more are a batch. */
const MAX_AT_ONCE = 256;
/**
 * Those go so many times as fast as what is told comes back, and twice as fast each time: the limit may let through less at
 * once than it tells. A refusal then finds little on its way, and all of a minute has gone in a second.
 */
const FASTER = 16;
const PACE_DOUBLES_MS = 300;

/**
 * How many calls may go while it is not known what the provider lets through: a few that ask, more with each answer
 * that tells nothing, and more with time, so that slow answers hold nobody up for long.
 */
export class ColdStart {
  /** So many open at the same time. */
  sharers = 1;
  #base = FIRST;
  #sent = 0;
  #doublings = 0;
  #heldSince: number | undefined;
  #heldMs = 0;
  /** When the last went of those that may go at once, and in what time all comes back that went since. */
  #batchSince: number | undefined;
  #batchWorthMs = 0;

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
      return this.#sent < MAX_AT_ONCE ? 0 : this.#batchMs(now);
    }
    this.#heldSince ??= now;
    this.#heldMs = due * doublingMs;
    return this.#heldMs;
  }

  /** One goes. What it takes comes back in `refillMs`, by what is told. */
  take(refillMs: number): void {
    if (++this.#sent > MAX_AT_ONCE) this.#batchWorthMs += refillMs;
  }

  /** Whether so many more are a burst that an application waits for, beside those that went already. */
  isBurst(calls: number): boolean {
    return this.#sent < MAX_AT_ONCE && calls <= MAX_AT_ONCE;
  }

  #batchMs(now: number): number {
    this.#batchSince ??= now;
    const ahead = (Math.LN2 * this.#batchWorthMs) / FASTER / PACE_DOUBLES_MS;
    return Math.max(0, this.#batchSince + PACE_DOUBLES_MS * Math.log2(1 + ahead) - now);
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
