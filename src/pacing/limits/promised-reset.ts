/** Accuracy to which a moment at the provider is known. */
const MOMENT_MS = 50;
/** Fraction of a limit that may be missing when all of it should be there. */
const TOLERANCE = 0.05;
/** A promise of much more than comes in the time: of the time in which a bucket refills as much, below this part. */
const SOON = 0.5;
const MAX_DOUBT = 4;

interface ToldPromise {
  readonly at: number;
  /** When all that is missing will be there, it says. */
  readonly fullAt: number;
  /** Our total consumption up to the request that was answered. */
  readonly mark: number;
  readonly missing: number;
  readonly full: number;
  /** In this time a bucket would refill what is missing. */
  readonly comesInMs: number;
}

interface Promised {
  readonly at: number;
  /** Our total consumption up to the request whose answer stated it. */
  readonly mark: number;
  /** Whether it would be kept whatever it means: hardly anything was missing, and more was promised than comes. */
  readonly empty: boolean;
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

  /** A response stated what is missing, and when all of it will be there. */
  observe(told: ToldPromise): void {
    const { at, fullAt, mark, missing, full, comesInMs } = told;
    const due = this.#next;
    if (due && at > due.at + MOMENT_MS) {
      const kept = missing <= mark - due.mark + Math.max(1, TOLERANCE * full);
      if (!kept) this.#doubt = Math.min(MAX_DOUBT, this.#doubt + 1);
      else if (!due.empty) this.#doubt = Math.max(-MAX_DOUBT, this.#doubt - 1);
      this.#next = undefined;
      this.collected = false;
    }
    // Check the earliest one not due yet, or successive calls would put it off for ever.
    const empty = missing <= TOLERANCE * full && fullAt - at < SOON * comesInMs;
    if (!this.#next || fullAt < this.#next.at) this.#next = { at: fullAt, mark, empty };
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
