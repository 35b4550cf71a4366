import type { Outcome } from '../../core/outcome.ts';

/** Shortest interval between trials; at that pace the belief hardly holds anything back. */
const MIN_MS = 10;
const MAX_AT_ONCE = 64;

/** Whether this outcome is evidence for a limit. Any other outcome leaves open whether the limit would have refused. */
export function isRefusal(outcome: Outcome): boolean {
  return outcome === 'throttled' || outcome === 'too_large' || outcome === 'quota_exhausted';
}

/**
 * Calls sent despite a belief, to correct it if it is wrong: twice as often after each success, half as often after
 * each refusal.
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

  /** The attempt at this place ended; it need not be a trial. */
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
