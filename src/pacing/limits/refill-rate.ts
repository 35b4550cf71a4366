/**
 * Factor by which throughput must exceed the stated rate. The first two whole limits do not count: they may be burst.
 */
const MORE = 1.25;
const AT_ONCE = 2;
const HORIZON_MS = 120_000;
/**
 * After this many answers and this long without any report of a limit that holds calls back, a higher rate is tried.
 */
const SILENT = 2;
const SILENT_MS = 2_500;
/** The tried rate doubles in this time at first, sooner the higher it has got, and half as fast after each refusal. */
const DOUBLING_MS = 1_500;
const MAX_DOUBLING_MS = 120_000;
/** As if the number belonged to 10 ms. */
const MAX_FACTOR = 6_000;
/** Doublings that what got through may be ahead of the tried rate. */
const MAX_PROVED = 2;
const MAX_HELD_MS = 1_000;
/** Refusals within this time tell of the same rate. */
const SETTLE_MS = 300;
/** A factor up to this one, refused at once, was no finding. */
const LITTLE = 5;
/** Fraction of a measured rate that is tried next. */
const BELOW = 0.97;
const FIRST_CALM_MS = 15_000;
const MAX_CALM_MS = 3_600_000;

/**
 * Actual refill of a limit, as a multiple of the stated one. A number that belongs to a shorter window (a bucket that
 * fills in a second) admits far more per minute. Evidence: a refusal names the minute's limit, more gets through than
 * would fit, reported levels return too soon, or, where the limit is no longer reported, higher rates are tried
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
  /** Doublings that what got through has earned. */
  #proved = 0;
  /** What half of the tried rate has refilled, less what got through. */
  #spare = 0;
  #acceptedAt = 0;
  #setbacks = 0;
  #setBackAt = -Infinity;
  /** When an answer last reported the level. */
  #toldAt = 0;
  #mayBeHigher = false;

  /** Whether answers no longer report the limit at all, not even out of order: long waits would teach nothing. */
  isUnheard(now: number): boolean {
    return this.#unheard >= SILENT && now >= this.#calmUntil;
  }

  /** The limit changed: earlier throughput no longer counts as evidence. */
  restart(now: number): void {
    this.#countFrom(now);
    this.#mayBeHigher = false;
  }

  /** A refusal named `limit` per window where headers state `told`. */
  named(limit: number, told: number): void {
    this.factor = Math.max(1, limit / told);
  }

  /** Another `amount`, which took `reserved` when it was sent at `sentAt`, got through; the stated refill is `perMs`. */
  accepted(amount: number, reserved: number, limit: number, perMs: number, sentAt: number, now: number): void {
    // An answer to what was sent before the last report tells nothing newer.
    if (sentAt >= this.#toldAt) this.#untold++;
    this.#unheard++;
    // The tried rate let it go for what it was expected to take.
    this.#prove(reserved, perMs, now);
    this.served(amount, limit, perMs, now);
  }

  /** A call got through although too little seemed to be left. */
  tried(): void {
    this.#untold += SILENT;
    this.#proved = Math.max(1, this.#proved);
  }

  /** As `accepted`, for calls of other processes, whose answers are not seen here. */
  served(amount: number, limit: number, perMs: number, now: number): void {
    if (now - this.#from > HORIZON_MS) this.#countFrom(now);
    this.#accepted += amount;
    const least = (this.#accepted - AT_ONCE * limit) / Math.max(1, now - this.#from);
    if (least > MORE * this.factor * perMs) this.factor = least / perMs;
  }

  /** An answer reported the current level. */
  told(now: number): void {
    this.#toldAt = now;
    this.#untold = 0;
  }

  /** An answer reported a level, perhaps an outdated one. */
  heard(): void {
    this.#unheard = 0;
  }

  /** Whether reported levels have proved a higher rate, and the limit was full again, so that it may be higher still. */
  mayBeHigher(may: boolean): void {
    this.#mayBeHigher = may;
  }

  /** Reported levels return at `factor` times the stated rate. */
  returned(factor: number, now: number): void {
    if (now < this.#calmUntil) return;
    this.factor = Math.min(MAX_FACTOR, Math.max(this.factor, factor));
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
    if (!(silent || this.#mayBeHigher) || now < this.#calmUntil) return;
    const doublings = Math.min(this.#proved, (part * elapsed) / this.#doublingMs);
    this.#proved -= doublings;
    this.factor = Math.min(MAX_FACTOR, this.factor * 2 ** doublings);
  }

  /**
   * Refused: the factor was too high. `measured`: the factor at which calls got through since the refusal before this
   * one, 0 if unknown. A first refusal only shows that a bucket is empty; from then on that is what refills.
   */
  refused(measured: number, now: number): void {
    if (this.factor === 1 || now - this.#setBackAt < SETTLE_MS) return;
    const known = this.#setbacks > 0 ? Math.min(this.factor, BELOW * measured) : 0;
    // A bucket that was not quite empty explains a little more for a while.
    const halved = this.#setbacks === 0 && this.factor <= LITTLE ? 1 : this.factor / 2;
    this.factor = Math.max(1, halved, known);
    this.#setBackAt = now;
    this.#setbacks++;
    if (this.factor < MORE) this.#calm(now);
  }

  get #doublingMs(): number {
    if (this.#setbacks === 0) return DOUBLING_MS / (1 + Math.log2(this.factor));
    return Math.min(MAX_DOUBLING_MS, DOUBLING_MS * 2 ** this.#setbacks);
  }

  /** Each time that more got through than half of the tried rate refills, twice that rate may be tried. */
  #prove(amount: number, perMs: number, now: number): void {
    const refilled = (now - this.#acceptedAt) * (this.factor / 2) * perMs;
    this.#acceptedAt = now;
    this.#spare = Math.min(amount, this.#spare + refilled) - amount;
    if (this.#spare > -amount) return;
    this.#spare = 0;
    this.#proved = Math.min(MAX_PROVED, this.#proved + 1);
  }

  /** The stated rate is right after all, it seems. */
  #calm(now: number): void {
    this.#setbacks = 0;
    this.#calmUntil = now + this.#calmMs;
    this.#calmMs = Math.min(MAX_CALM_MS, 4 * this.#calmMs);
  }

  #countFrom(now: number): void {
    this.#from = now;
    this.#accepted = 0;
  }
}
