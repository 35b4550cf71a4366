/** Accuracy of the provider's timestamps. */
const MOMENT_MS = 50;
/** Fraction of a limit that may be missing when a promise counts as kept. */
const TOLERANCE = 0.05;
/** A promise sooner than this fraction of the refill time promises more than a bucket would refill. */
const SOON = 0.5;
const MAX_DOUBT = 4;

interface ToldPromise {
  readonly at: number;
  /** When all that is missing will be available, according to the answer. */
  readonly fullAt: number;
  /** Our total consumption up to the request that was answered. */
  readonly mark: number;
  readonly missing: number;
  readonly full: number;
  /** Time in which a bucket would refill what is missing. */
  readonly comesInMs: number;
}

export interface Promised {
  readonly at: number;
  /** Our total consumption up to the request whose answer made the promise. */
  readonly mark: number;
  /**
   * Whether keeping it proves nothing: nothing was missing, or hardly anything and more was promised than a bucket would
   * refill.
   */
  readonly empty: boolean;
}

/**
 * What `reset` means for any kind of limit: when everything now missing is available again, less what is taken
 * meanwhile. By then a bucket has filled, a fixed window has restarted, a sliding log has expired. Believed until later
 * answers contradict it, as they do if the reset means the next unit, or if other users take the refill.
 */
export class PromisedReset {
  #next: Promised | undefined;
  /** Of the newest answer. */
  #latest: Promised | undefined;
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
    this.#latest = undefined;
  }

  /** An answer stated what is missing, and when all of it will be available. */
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
    // Keep the earliest promise not yet due, or successive calls would postpone the check forever.
    const empty = missing <= TOLERANCE * full && (missing <= 0 || fullAt - at < SOON * comesInMs);
    this.#latest = { at: fullAt, mark, empty };
    if (!this.#next || fullAt < this.#next.at) this.#next = this.#latest;
  }

  forget(): void {
    this.#next = undefined;
    this.#latest = undefined;
    this.#doubt = 0;
  }

  /** The promises in force, in order. Without an answer since, the newest includes what was taken after the first. */
  get promised(): readonly Promised[] {
    if (!this.believed || !this.#next || !this.#latest) return [];
    return this.#next === this.#latest ? [this.#next] : [this.#next, this.#latest];
  }

  /** The newest promise that is due. */
  due(now: number): Promised | undefined {
    if (!this.#next || !this.#latest || now < this.#next.at || !this.believed) return undefined;
    return now < this.#latest.at ? this.#next : this.#latest;
  }
}
