const STEPS = [1_000, 100] as const;
const ENOUGH = 4;

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
}
