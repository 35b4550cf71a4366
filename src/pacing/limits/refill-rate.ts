/** So many resets, over so many times as long as they take, must come too soon for the rate that is told. */
const RESETS = 4;
const LONGER = 3;
const MISSING = 0.2;
const SECOND_MS = 1_000;
/** So much more than is told must get through until that is believed: twice a whole limit is there at once. */
const MORE = 1.25;
const AT_ONCE = 2;
const HORIZON_MS = 120_000;
/** Held back by a limit of which so many answers in so long have told nothing, calls try whether more comes. */
const SILENT = 4;
const SILENT_MS = 5_000;
const DOUBLING_MS = 5_000;
const MAX_HELD_MS = 1_000;
const FIRST_CALM_MS = 60_000;
const MAX_CALM_MS = 3_600_000;

/**
 * How many times what a limit tells for a window really comes in it. A limit whose number is that of a shorter window,
 * as of a bucket that fills in a second, lets through far more than its number a minute: a refusal may name the limit of
 * the minute, more may have got through than fits, what is missing may be there again too soon, and where nothing is told of it any more, trying tells.
 */
export class RefillRate {
  factor = 1;
  #from = 0;
  #accepted = 0;
  #heldAt = 0;
  /** Answers that told nothing, since one that did. */
  #untold = 0;
  /** The same, where one counts that was overtaken by others too. */
  #unheard = 0;
  #calmUntil = 0;
  #calmMs = FIRST_CALM_MS;
  #resets = 0;
  #resetsFrom = 0;
  #longestMs = 0;
  #least = Infinity;
  /** Whether resets have told that far more comes than the limit does. How much more, nothing tells. */
  #tooSoon = false;

  /** Whether no answer tells of it any more, not even of an earlier moment: waiting longer than a moment tells nothing. */
  isUnheard(now: number): boolean {
    return this.#unheard >= SILENT && now >= this.#calmUntil;
  }

  /** The limit changed: what got through before says nothing of it. */
  restart(now: number): void {
    this.#countFrom(now);
    this.#resets = 0;
    this.#longestMs = 0;
    this.#least = Infinity;
    this.#tooSoon = false;
  }

  /** All of `missing` came back in `resetMs`, time and again, of a limit of which `perMs` would come by what is told. */
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

  /** A refusal named `limit` a window, where headers tell `told`. */
  named(limit: number, told: number): void {
    this.factor = Math.max(1, limit / told);
  }

  /** `amount` more got through, of a limit of which `perMs` would come by what is told. */
  accepted(amount: number, limit: number, perMs: number, now: number): void {
    this.#untold++;
    this.#unheard++;
    this.served(amount, limit, perMs, now);
  }

  /** The same of calls of other processes, whose answers are not seen here. */
  served(amount: number, limit: number, perMs: number, now: number): void {
    if (now - this.#from > HORIZON_MS) this.#countFrom(now);
    this.#accepted += amount;
    const least = (this.#accepted - AT_ONCE * limit) / Math.max(1, now - this.#from);
    if (least > MORE * this.factor * perMs) this.factor = least / perMs;
  }

  /** An answer told of the limit. */
  told(): void {
    this.#untold = 0;
  }

  /** An answer told of it, now or as of an earlier moment. */
  heard(): void {
    this.#unheard = 0;
  }

  /** Others have found so much to come. */
  adopt(factor: number, now: number): void {
    if (factor < this.factor) this.#calm(now);
    this.factor = Math.max(1, factor);
  }

  /** Calls wait for this limit, of which answers have told nothing for `silentMs`; `part` of those who try are we. */
  held(silentMs: number, now: number, part: number = 1): void {
    const elapsed = Math.min(MAX_HELD_MS, now - this.#heldAt);
    this.#heldAt = now;
    const silent = this.#untold >= SILENT && silentMs >= SILENT_MS;
    if (!(silent || this.#tooSoon) || now < this.#calmUntil) return;
    this.factor *= 2 ** ((part * elapsed) / DOUBLING_MS);
  }

  /** Refused: not so much comes. */
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
