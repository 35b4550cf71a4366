import type { Outcome } from '../../core/outcome.ts';

/** Fastest pace of trials: by then the belief is gone in all but name. */
const MIN_MS = 10;
const MAX_AT_ONCE = 64;

/** Whether this outcome is evidence for a limit. Any other outcome leaves open whether the limit would have refused. */
export function isRefusal(outcome: Outcome): boolean {
  return outcome === 'throttled' || outcome === 'too_large' || outcome === 'quota_exhausted';
}

/**
 * Calls sent despite a belief, so that a wrong one ends: twice as often after each that is served, half as often after
 * each that is refused.
 */
export class Trials {
  everyMs: number;
  readonly #firstMs: number;
  readonly #maxMs: number;
  #atOnce = 1;
  /** Places of the trials in flight. */
  readonly #places = new Set<number>();

  constructor(firstMs: number, maxMs: number) {
    this.everyMs = firstMs;
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Whether another trial may be in flight. */
  get hasRoom(): boolean {
    return this.#places.size < this.#atOnce;
  }

  tries(place: number): void {
    this.#places.add(place);
  }

  /** The attempt at this place ended, a trial or not. */
  ended(place: number, outcome: Outcome): void {
    if (!this.#places.delete(place)) return;
    if (outcome === 'ok') {
      this.everyMs = this.everyMs > this.#firstMs ? this.#firstMs : Math.max(MIN_MS, this.everyMs / 2);
      this.#atOnce = Math.min(MAX_AT_ONCE, 2 * this.#atOnce);
    } else if (isRefusal(outcome)) {
      this.everyMs = Math.min(this.#maxMs, 2 * this.everyMs);
      this.#atOnce = 1;
    }
  }

  /** The call was never sent, or its outcome is unknown. */
  forget(place: number): void {
    this.#places.delete(place);
  }
}
