/** Wait after a refusal that names its limit but no time of use; doubled while nothing gets through. */
export class FallbackWait {
  readonly #firstMs: number;
  readonly #mostMs: number;
  currentMs: number;

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.currentMs = firstMs;
  }

  /** The wait for a refusal that is news. */
  next(): number {
    const waitMs = this.currentMs;
    this.currentMs = Math.min(this.#mostMs, 2 * waitMs);
    return waitMs;
  }

  reset(): void {
    this.currentMs = this.#firstMs;
  }
}
