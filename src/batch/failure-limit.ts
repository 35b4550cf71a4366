/** Minimum number of finished items to compute a share of failures from. */
const SHARE_FROM = 20;

/**
 * Decides when enough items have failed. Only those of this run count: the failures in the journal have been seen
 * already.
 */
export class FailureLimit {
  /** A count from 1, or a share below 1. */
  readonly #stopAfter: number;
  #called = 0;
  #failures = 0;

  constructor(stopAfter: number) {
    this.#stopAfter = stopAfter;
  }

  /** Counts an item. @returns Whether no further item should start. */
  ended(status: 'ok' | 'error'): boolean {
    this.#called++;
    if (status === 'ok') return false;
    this.#failures++;
    return this.#stopAfter < 1
      ? this.#called >= SHARE_FROM && this.#failures >= this.#stopAfter * this.#called
      : this.#failures >= this.#stopAfter;
  }
}
