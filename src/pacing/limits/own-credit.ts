/** A lane that knows nothing may spend half a second's worth at once; each two seconds twice as much. */
const OPENING_MS = 500;
const DOUBLING_MS = 2_000;
/** Where nobody else seems to be: what is banked is there within a second or two. */
const HASTY_DOUBLING_MS = 250;
/** After a refusal no more than this is spent at once, and less beside others, who hold as much back. */
const CATCH_UP_MS = 2_000;
const SHARED_CATCH_UP_MS = 500;
/** Spread evenly, a lane may catch up with one second. */
const SMOOTH_MS = 1_000;

/**
 * What we allow ourselves of a limit, whatever the provider has banked: the headroom, the slow start,
 * the even spread. It refills at our share of the limit's rate, and no header raises it.
 */
export class Allowance {
  level = 0;
  /** Units per millisecond. */
  rate = 0;
  readonly #headroom: number;
  readonly #smooth: boolean;
  /** Since when it opens; `-Infinity` when it is open. */
  #openedAt: number;
  #full = 0;
  #capacity = 0;
  /** What is there but not opened yet. */
  #withheld = 0;
  #doublingMs: number = DOUBLING_MS;
  #pace = 1;
  #most = 0;
  #at: number;

  constructor(headroom: number, smooth: boolean, now: number) {
    this.#headroom = headroom;
    this.#smooth = smooth;
    this.#openedAt = -Infinity;
    this.#at = now;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get opening(): boolean {
    return this.#capacity < this.#full;
  }

  /** Follows a limit: `limit / windowMs` is its rate, `burst` the most it lets through at once. What was used stays used. */
  resize(limit: number, windowMs: number, burst: number, now: number): void {
    const used = this.#full - this.#withheld - this.level;
    this.rate = ((1 - this.#headroom) * limit) / windowMs;
    this.#setFull(burst);
    this.#capacity = this.#opened(now);
    const level = this.#full - used;
    this.level = Math.min(this.#capacity, level);
    this.#withheld = level - this.level;
    this.#most = this.#capacity;
    this.#at = now;
  }

  /** The same limit lets more or less through at once than was thought. */
  rebucket(burst: number, now: number): void {
    this.#setFull(burst);
    this.#capacity = this.#opened(now);
    this.#most = this.#capacity;
    this.level = Math.min(this.level, this.#capacity);
    this.#withheld = Math.min(this.#withheld, this.#full - this.#capacity);
  }

  /** Holds back what is there until it is known to be there: opens from half a second's worth of our share. */
  reopen(now: number, share: number): void {
    this.#doublingMs = DOUBLING_MS;
    this.#pace = share;
    this.#openedAt = now;
    this.#capacity = Math.min(this.#capacity, this.#opened(now));
    const level = Math.min(this.level, this.#capacity);
    this.#withheld += this.level - level;
    this.level = level;
    this.#most = this.#capacity;
  }

  /** Others have gone: all but `missing` is there again, and opens in steps. */
  regain(missing: number, now: number): void {
    this.#doublingMs = DOUBLING_MS;
    this.#openedAt = now;
    this.#pace = 1;
    const held = this.#full - missing - this.level;
    this.#capacity = this.#opened(now);
    this.#most = this.#capacity;
    this.level = Math.min(this.level, this.#capacity);
    this.#withheld = Math.max(0, held);
  }

  /** Nobody else seems to be there: what is banked opens quickly, unless refusals come. */
  hasten(now: number): void {
    if (!this.opening) return;
    this.#openedAt = now;
    this.#doublingMs = HASTY_DOUBLING_MS;
  }

  /** It is known to be there. */
  open(): void {
    this.#openedAt = -Infinity;
  }

  /**
   * `pace` is the part of the limit's rate at which we go.
   * `shared` when others are there: then nothing is saved up beyond two seconds of it.
   */
  refill(now: number, pace: number, shared: boolean): void {
    const elapsed = Math.max(0, now - this.#at);
    this.#at += elapsed;
    this.#pace = pace;
    let released = 0;
    // Beside others nothing opens: how much of the bank is ours shows in the pace.
    if (!shared && this.#capacity < this.#full) {
      const capacity = Math.max(this.#capacity, this.#opened(now));
      released = Math.min(this.#withheld, capacity - this.#capacity);
      this.#withheld -= released;
      this.#capacity = capacity;
    }
    this.#most = shared ? Math.min(this.#capacity, Math.max(1, this.rate * pace * SHARED_CATCH_UP_MS)) : this.#capacity;
    this.level = Math.min(this.#most, this.level + released + elapsed * this.rate * pace);
  }

  /** Milliseconds until `amount` may go; more than the capacity needs all of it. */
  waitMs(amount: number): number {
    return Math.max(0, (Math.min(amount, this.#most) - this.level) / (this.rate * this.#pace));
  }

  /** After a refusal nothing that was saved up is spent at once. */
  calm(): void {
    this.#settle();
    this.level = Math.min(this.level, Math.max(1, this.rate * CATCH_UP_MS));
  }

  add(amount: number): void {
    this.level = Math.min(this.#most, this.level + amount);
  }

  /** What is not open yet opens in its usual time from here on. */
  #settle(): void {
    if (this.#doublingMs === DOUBLING_MS) return;
    this.#doublingMs = DOUBLING_MS;
    const opened = this.#capacity / Math.max(1e-9, this.rate * Math.min(1, this.#pace) * OPENING_MS);
    this.#openedAt = this.#at - DOUBLING_MS * Math.max(0, Math.log2(opened));
  }

  #setFull(burst: number): void {
    const full = (1 - this.#headroom) * burst;
    // A bucket that cannot hold one unit would never admit anything.
    this.#full = Math.max(1, this.#smooth ? Math.min(full, this.rate * SMOOTH_MS) : full);
  }

  #opened(now: number): number {
    const exponent = (now - this.#openedAt) / this.#doublingMs;
    return Math.min(this.#full, Math.max(1, this.rate * Math.min(1, this.#pace) * OPENING_MS * 2 ** exponent));
  }
}
