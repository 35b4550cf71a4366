/** Accuracy to which a moment at the provider is known. */
const MOMENT_MS = 50;
/** Fraction of a limit that may be missing when all of it should be there. */
const TOLERANCE = 0.05;
const MAX_DOUBT = 4;

interface Promised {
  readonly at: number;
  /** Our total consumption up to the request whose answer stated it. */
  readonly mark: number;
}

/**
 * What `reset` says whatever kind of limit it is of: when all that is missing will be there again, but for what is
 * taken meanwhile. A bucket fills until then, a fixed window starts anew, a log forgets. Believed until answers that
 * come later tell otherwise: of a reset that means the next unit, and where others take what comes back.
 */
export class PromisedReset {
  #next: Promised | undefined;
  /** Recent broken promises minus kept ones. */
  #doubt = 0;

  /** Whether the latest promise was relied on before an answer confirmed it. */
  collected = false;

  get believed(): boolean {
    return this.#doubt < 2;
  }

  /** Whether answers have confirmed it. */
  get confirmed(): boolean {
    return this.#doubt < 0;
  }

  /** The promise was not kept. */
  broken(): void {
    this.#doubt = MAX_DOUBT;
    this.collected = false;
    this.#next = undefined;
  }

  /** A response stated that `missing` of `full` are missing, and that all will be there at `fullAt`. */
  observe(told: { at: number; fullAt: number; mark: number; missing: number; full: number }): void {
    const { at, fullAt, mark, missing, full } = told;
    const due = this.#next;
    if (due && at > due.at + MOMENT_MS) {
      const kept = missing <= mark - due.mark + Math.max(1, TOLERANCE * full);
      this.#doubt = Math.min(MAX_DOUBT, Math.max(-MAX_DOUBT, this.#doubt + (kept ? -1 : 1)));
      this.#next = undefined;
      this.collected = false;
    }
    // Check the earliest one not due yet, or successive calls would put it off for ever.
    if (!this.#next || fullAt < this.#next.at) this.#next = { at: fullAt, mark };
  }

  forget(): void {
    this.#next = undefined;
    this.#doubt = 0;
  }

  /** When everything but what we take meanwhile is there; undefined if nothing is promised, or the promise is not believed. */
  get promised(): Promised | undefined {
    return this.believed ? this.#next : undefined;
  }
}
