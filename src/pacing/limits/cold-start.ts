/** Number of first calls, and the time in which it doubles while no response arrives. */
const FIRST = 4;
const DOUBLING_MS = 500;
/** A call that was told to wait asks again at most this late. */
const LATE_MS = 50;
/** Once this many calls may go at once, the cold start is over. */
const ENOUGH = 20_000;
/** Largest burst that counts as interactive; more calls are a batch. */
const MAX_AT_ONCE = 256;
/**
 * Calls of a batch start at this multiple of the stated refill rate, and the rate doubles in `PACE_DOUBLES_MS`, since
 * the limit may admit a smaller burst than it states. A refusal then finds few calls in flight, and a minute's worth
 * still goes within a second.
 */
const FASTER = 16;
const PACE_DOUBLES_MS = 300;

/**
 * How many calls may go before the limits are known: a few at first, more with each answer that states no limit, and
 * more over time, so that slow answers do not hold up the rest.
 */
export class ColdStart {
  /** Number of processes that start at the same time. */
  sharers = 1;
  #base = FIRST;
  #sent = 0;
  #doublings = 0;
  #heldSince: number | undefined;
  #heldMs = 0;
  /** When the initial burst ended, and the time in which everything sent since then refills. */
  #batchSince: number | undefined;
  #batchWorthMs = 0;

  get done(): boolean {
    return this.#base * 2 ** this.#doublings > ENOUGH;
  }

  /** Milliseconds until another call may go. `doublingMs` reflects how fast refusals arrive, if that is known. */
  waitMs(now: number, doublingMs: number = DOUBLING_MS): number {
    if (this.#heldSince !== undefined) {
      // Time in which something else held the calls as well does not count: nothing was tried in it.
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

  /** A call is sent; what it takes refills in `refillMs` at the stated limits. */
  take(refillMs: number): void {
    if (++this.#sent > MAX_AT_ONCE) this.#batchWorthMs += refillMs;
  }

  /** Whether this many more calls still count as an interactive burst. */
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

  /** The stated level admits at least this many more calls. */
  allow(calls: number): void {
    this.#base = Math.max(this.#base, (this.#sent + calls) / 2 ** this.#doublings);
  }
}
