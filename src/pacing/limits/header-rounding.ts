import type { Observation } from './observation.ts';

const STEPS = [1_000, 100] as const;
const ENOUGH = 4;
const SECOND_MS = 1_000;
/** A call that takes more of a limit may have left nothing indeed. */
const PART = 0.5;

type Told = Pick<Observation, 'limit' | 'remaining' | 'resetMs' | 'amount'>;

/** Finds the step to which a provider rounds its numbers (Anthropic: 1,000 tokens). */
export class Quantum {
  readonly #seen: number[] = [];

  /** Returns the step; 1 when the numbers are exact. */
  observe(value: number, limit: number): number {
    // A full bucket shows its limit, which is round by itself.
    if (value > 0 && value < limit && this.#seen.at(-1) !== value) {
      this.#seen.push(value);
      if (this.#seen.length > ENOUGH) this.#seen.shift();
    }
    if (this.#seen.length < ENOUGH) return 1;
    return STEPS.find((step) => step * 4 <= limit && this.#seen.every((each) => each % step === 0)) ?? 1;
  }

  /**
   * Whether nothing seems to be left of a limit that is smaller than the step, of which no level was ever told: all is
   * there again before one call would be that takes no more than a part of it.
   */
  hides({ limit, remaining, resetMs, amount }: Told, windowMs: number): boolean {
    if (remaining !== 0 || resetMs === undefined || this.#seen.length > 0) return false;
    if (limit >= STEPS[0] || amount > PART * limit) return false;
    const longMs = resetMs + (resetMs % SECOND_MS === 0 ? SECOND_MS : 0);
    return longMs * limit < amount * windowMs;
  }
}
