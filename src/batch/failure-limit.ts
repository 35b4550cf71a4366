/** Finished items that a share of failures is told from. */
const SHARE_FROM = 20;

/** Tells when enough items have failed. Of this run only: failures that the journal holds have been seen. */
export class FailureLimit {
  /** A count from 1, or a share below 1. */
  readonly #stopAfter: number;
  #called = 0;
  #failures = 0;

  constructor(stopAfter: number) {
    this.#stopAfter = stopAfter;
  }

  /** Counts an item. @returns Whether no further one is to be begun. */
  ended(status: 'ok' | 'error'): boolean {
    this.#called++;
    if (status === 'ok') return false;
    this.#failures++;
    return this.#stopAfter < 1
      ? this.#called >= SHARE_FROM && this.#failures >= this.#stopAfter * this.#called
      : this.#failures >= this.#stopAfter;
  }
}
