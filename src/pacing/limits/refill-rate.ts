/**
 * Resets that must come too soon for the stated rate, and the span they must cover as a multiple of the longest one.
 */
const RESETS = 4;
const LONGER = 3;
/** Fraction of the limit that must be missing for a reset to count. */
const MISSING = 0.2;
const SECOND_MS = 1_000;
/**
 * Factor by which throughput must exceed the stated rate. The first two whole limits do not count: they may be burst.
 */
const MORE = 1.25;
const AT_ONCE = 2;
const HORIZON_MS = 120_000;
/**
 * After this many answers and this long without any report of a limit that holds calls back, a higher rate is tried.
 */
const SILENT = 4;
const SILENT_MS = 5_000;
const DOUBLING_MS = 5_000;
const MAX_HELD_MS = 1_000;
const FIRST_CALM_MS = 60_000;
const MAX_CALM_MS = 3_600_000;

/**
 * Actual refill of a limit, as a multiple of the stated one. A number that belongs to a shorter window (a bucket that
 * fills in a second) admits far more per minute. Evidence: a refusal names the minute's limit, more gets through than
 * would fit, the missing amount is back too soon, or, where the limit is no longer reported, higher rates are tried
 * without refusal.
 */
export class RefillRate {
  factor = 1;
  #from = 0;
  #accepted = 0;
  #heldAt = 0;
  /** Successful answers since the last one that reported the level. */
  #untold = 0;
  /** As `#untold`, but reports that arrive out of order reset it too. */
  #unheard = 0;
  #calmUntil = 0;
  #calmMs = FIRST_CALM_MS;
  #resets = 0;
  #resetsFrom = 0;
  #longestMs = 0;
  #least = Infinity;
  /** Whether resets come too soon for the stated rate. They give only a lower bound of the true one. */
  #tooSoon = false;

  /** Whether answers no longer report the limit at all, not even out of order: long waits would teach nothing. */
  isUnheard(now: number): boolean {
    return this.#unheard >= SILENT && now >= this.#calmUntil;
  }

  /** The limit changed: earlier throughput no longer counts as evidence. */
  restart(now: number): void {
    this.#countFrom(now);
    this.#resets = 0;
    this.#longestMs = 0;
    this.#least = Infinity;
    this.#tooSoon = false;
  }

  /**
   * All of `missing` comes back in `resetMs`; the stated refill is `perMs`. Takes effect once it happens repeatedly.
   */
  reset(missing: number, limit: number, resetMs: number, perMs: number, at: number): void {
    if (missing < MISSING * limit) return;
    if (this.#resets++ === 0) this.#resetsFrom = at;
    const longMs = resetMs + (resetMs % SECOND_MS === 0 ? SECOND_MS : 0);
    this.#longestMs = Math.max(this.#longestMs, longMs);
    this.#least = Math.min(this.#least, missing / (perMs * longMs));
    const told = this.#resets >= RESETS && at - this.#resetsFrom > LONGER * this.#longestMs;
    this.#tooSoon = told && this.#least > MORE;
    if (this.#tooSoon) this.factor = Math.max(this.factor, this.#least);
  }

  /** A refusal named `limit` per window where headers state `told`. */
  named(limit: number, told: number): void {
    this.factor = Math.max(1, limit / told);
  }

  /** Another `amount` got through; the stated refill is `perMs`. */
  accepted(amount: number, limit: number, perMs: number, now: number): void {
    this.#untold++;
    this.#unheard++;
    this.served(amount, limit, perMs, now);
  }

  /** As `accepted`, for calls of other processes, whose answers are not seen here. */
  served(amount: number, limit: number, perMs: number, now: number): void {
    if (now - this.#from > HORIZON_MS) this.#countFrom(now);
    this.#accepted += amount;
    const least = (this.#accepted - AT_ONCE * limit) / Math.max(1, now - this.#from);
    if (least > MORE * this.factor * perMs) this.factor = least / perMs;
  }

  /** An answer reported the current level. */
  told(): void {
    this.#untold = 0;
  }

  /** An answer reported a level, perhaps an outdated one. */
  heard(): void {
    this.#unheard = 0;
  }

  /** Another process found this factor. */
  adopt(factor: number, now: number): void {
    if (factor < this.factor) this.#calm(now);
    this.factor = Math.max(1, factor);
  }

  /** Calls wait for this limit, unreported for `silentMs`. `part`: this process's share of the probing. */
  held(silentMs: number, now: number, part: number = 1): void {
    const elapsed = Math.min(MAX_HELD_MS, now - this.#heldAt);
    this.#heldAt = now;
    const silent = this.#untold >= SILENT && silentMs >= SILENT_MS;
    if (!(silent || this.#tooSoon) || now < this.#calmUntil) return;
    this.factor *= 2 ** ((part * elapsed) / DOUBLING_MS);
  }

  /** Refused: the factor was too high. */
  refused(now: number): void {
    if (this.factor === 1) return;
    this.factor = Math.max(1, this.factor / 2);
    this.#calm(now);
  }

  #calm(now: number): void {
    this.#calmUntil = now + this.#calmMs;
    this.#calmMs = Math.min(MAX_CALM_MS, 2 * this.#calmMs);
  }

  #countFrom(now: number): void {
    this.#from = now;
    this.#accepted = 0;
  }
}
