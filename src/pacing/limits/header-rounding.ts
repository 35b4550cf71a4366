import type { Observation } from './observation.ts';

const STEPS = [1_000, 100, 10] as const;
/** Number of newest distinct values that must share a step. */
const ENOUGH = 4;
const SECOND_MS = 1_000;
/** A call that takes a larger fraction of the limit may really have left nothing. */
const PART = 0.5;

type Told = Pick<Observation, 'limit' | 'remaining' | 'resetMs' | 'amount'>;

/** Finds the step to which a provider rounds its numbers (Anthropic: 1,000 tokens). */
export class HeaderRounding {
  readonly #seen: number[] = [];

  /** Returns the step; 1 when the numbers are exact. */
  observe(value: number, limit: number): number {
    // A full bucket reports its limit, which is usually a round number.
    if (value > 0 && value < limit && this.#seen.at(-1) !== value) {
      this.#seen.push(value);
      if (this.#seen.length > ENOUGH) this.#seen.shift();
    }
    if (this.#seen.length < ENOUGH) return 1;
    return STEPS.find((step) => step * 4 <= limit && this.#seen.every((each) => each % step === 0)) ?? 1;
  }

  /**
   * Whether a remaining 0 is only rounding: the limit is smaller than the step, no other level has ever been reported,
   * and by its reset the limit is full again sooner than the refill of this call would take.
   */
  hides({ limit, remaining, resetMs, amount }: Told, windowMs: number): boolean {
    if (remaining !== 0 || resetMs === undefined || this.#seen.length > 0) return false;
    if (limit >= STEPS[0] || amount > PART * limit) return false;
    const longMs = resetMs + (resetMs % SECOND_MS === 0 ? SECOND_MS : 0);
    return longMs * limit < amount * windowMs;
  }
}
