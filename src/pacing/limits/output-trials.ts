/** Time without an answer before a call is tried; doubles with each one that is refused. */
const FIRST_MS = 1_000;
/** At the stated rate, the level of a used-up bucket admits a call well within this many times its own refill. */
const REFILLS = 2;

/**
 * Calls that are tried although no output tokens seem to be left. What calls will generate is known only afterwards, so
 * a burst can leave the level far below zero by our own count; in the meantime no answer would correct it if the
 * provider refills faster than it states.
 */
export class OutputTrials {
  #triedAt = -Infinity;
  #isOut = false;
  #refused = 0;

  /** When to try; undefined while one is unanswered. `refillMs`: time in which the stated rate refills one call. */
  dueAt(heardAt: number, refillMs: number): number | undefined {
    if (this.#isOut) return undefined;
    return Math.max(heardAt, this.#triedAt) + Math.max(FIRST_MS * 2 ** this.#refused, REFILLS * refillMs);
  }

  tries(now: number): void {
    this.#triedAt = now;
    this.#isOut = true;
  }

  /** A call was answered, be it the tried one or another: either shows whether more is left. */
  answered(refused: boolean): void {
    if (this.#isOut) this.#refused = refused ? this.#refused + 1 : 0;
    this.#isOut = false;
  }
}
