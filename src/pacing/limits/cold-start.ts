/** Number of calls that probe first, and the time in which it doubles while no response comes. */
const FIRST = 4;
const DOUBLING_MS = 500;
/** A call told to come back is at most this late. */
const LATE_MS = 50;
/** A limit that admits this many calls at once admits any burst. */
const ENOUGH = 20_000;
/** Largest burst that an application waits for; more calls are a batch. */
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
  /** Number of processes that start at the same time. */
  sharers = 1;
  #base = FIRST;
  #sent = 0;
  #doublings = 0;
  #heldSince: number | undefined;
  #heldMs = 0;
  /** When the last call of the initial burst went, and the time in which all that was sent since comes back. */
  #batchSince: number | undefined;
  #batchWorthMs = 0;

  get done(): boolean {
    return this.#base * 2 ** this.#doublings > ENOUGH;
  }

  /** Milliseconds until one more may go. Refusals come sooner than answers; `doublingMs` says how soon, if known. */
  waitMs(now: number, doublingMs: number = DOUBLING_MS): number {
    if (this.#heldSince !== undefined) {
      // Not while something else holds the calls too: a call that would not have gone shows nothing.
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

  /** A call goes. What it takes comes back in `refillMs`, by the stated limits. */
  take(refillMs: number): void {
    if (++this.#sent > MAX_AT_ONCE) this.#batchWorthMs += refillMs;
  }

  /** Whether this many more calls are still a burst that an application waits for, counting those already sent. */
  isBurst(calls: number): boolean {
    return this.#sent < MAX_AT_ONCE && calls <= MAX_AT_ONCE;
  }

  #batchMs(now: number): number {
    this.#batchSince ??= now;
    const ahead = (Math.LN2 * this.#batchWorthMs) / FASTER / PACE_DOUBLES_MS;
    return Math.max(0, this.#batchSince + PACE_DOUBLES_MS * Math.log2(1 + ahead) - now);
  }

  /** A call got through without a stated limit: this many more may go. */
  answered(more: number): void {
    this.#base += more / 2 ** this.#doublings;
  }

  /** What the stated level admits if `sharers` processes start together. */
  allow(calls: number): void {
    this.#base = Math.max(this.#base, (this.#sent + calls) / 2 ** this.#doublings);
  }
}
