import type { Outcome } from '../../core/outcome.ts';

/** No pace of trials is faster: by then the belief is gone in all but name. */
const MIN_MS = 10;
const MAX_AT_ONCE = 64;

/** Whether an attempt that ended so speaks for a limit. Of all others nobody knows whether it would have refused them. */
export function isRefusal(outcome: Outcome): boolean {
  return outcome === 'throttled' || outcome === 'too_large' || outcome === 'quota_exhausted';
}

/**
 * Calls that go in spite of what is believed, so that a wrong belief ends: twice as often each time that one is served,
 * half as often each time that one is refused.
 */
export class Trials {
  everyMs: number;
  readonly #firstMs: number;
  readonly #maxMs: number;
  #atOnce = 1;
  /** Places of those in flight. */
  readonly #places = new Set<number>();

  constructor(firstMs: number, maxMs: number) {
    this.everyMs = firstMs;
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Whether another one may be in flight. */
  get hasRoom(): boolean {
    return this.#places.size < this.#atOnce;
  }

  tries(place: number): void {
    this.#places.add(place);
  }

  /** The attempt with this place ended. Whether it was one of them. */
  ended(place: number, outcome: Outcome): boolean {
    if (!this.#places.delete(place)) return false;
    if (outcome === 'ok') {
      this.everyMs = this.everyMs > this.#firstMs ? this.#firstMs : Math.max(MIN_MS, this.everyMs / 2);
      this.#atOnce = Math.min(MAX_AT_ONCE, 2 * this.#atOnce);
    } else if (isRefusal(outcome)) {
      this.everyMs = Math.min(this.#maxMs, 2 * this.everyMs);
      this.#atOnce = 1;
    }
    return true;
  }

  /** It was never sent, or nobody knows what came of it. */
  forget(place: number): void {
    this.#places.delete(place);
  }
}
