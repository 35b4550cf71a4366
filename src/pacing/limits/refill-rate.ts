/** So much more than is told must get through until that is believed: twice a whole limit is there at once. */
const MORE = 1.25;
const AT_ONCE = 2;
const HORIZON_MS = 120_000;
/** Held back by a limit of which so many answers in so long have told nothing, calls try whether more comes. */
const SILENT = 4;
const SILENT_MS = 5_000;
const DOUBLING_MS = 5_000;
const MOST_HELD_MS = 1_000;
const FIRST_CALM_MS = 60_000;
const MOST_CALM_MS = 3_600_000;

/**
 * How many times what a limit tells for a window really comes in it. A limit whose number is that of a shorter window,
 * as of a bucket that fills in a second, lets through far more than its number a minute: a refusal may name the limit of
 * the minute, more may have got through than fits, and where nothing is told of it any more, trying tells.
 */
export class RefillRate {
  factor = 1;
  #from = 0;
  #accepted = 0;
  #heldAt = 0;
  /** Answers that told nothing, since one that did. */
  #untold = 0;
  #calmUntil = 0;
  #calmMs = FIRST_CALM_MS;

  /** The limit changed: what got through before says nothing of it. */
  restart(now: number): void {
    this.#from = now;
    this.#accepted = 0;
  }

  /** A refusal named `limit` a window, where headers tell `told`. */
  named(limit: number, told: number): void {
    this.factor = Math.max(1, limit / told);
  }

  /** `amount` more got through, of a limit of which `perMs` would come by what is told. */
  accepted(amount: number, limit: number, perMs: number, now: number): void {
    if (now - this.#from > HORIZON_MS) this.restart(now);
    this.#accepted += amount;
    this.#untold++;
    const least = (this.#accepted - AT_ONCE * limit) / Math.max(1, now - this.#from);
    if (least > MORE * this.factor * perMs) this.factor = least / perMs;
  }

  /** An answer told of the limit. */
  told(): void {
    this.#untold = 0;
  }

  /** Calls wait for this limit, of which answers have told nothing for `silentMs`. */
  held(silentMs: number, now: number): void {
    const elapsed = Math.min(MOST_HELD_MS, now - this.#heldAt);
    this.#heldAt = now;
    if (this.#untold < SILENT || silentMs < SILENT_MS || now < this.#calmUntil) return;
    this.factor *= 2 ** (elapsed / DOUBLING_MS);
  }

  /** Refused: not so much comes. */
  refused(now: number): void {
    if (this.factor === 1) return;
    this.factor = Math.max(1, this.factor / 2);
    this.#calmUntil = now + this.#calmMs;
    this.#calmMs = Math.min(MOST_CALM_MS, 2 * this.#calmMs);
  }
}
