/** Wait after a refusal that names its limit but no usable time; doubles while nothing gets through. */
export class FallbackWait {
  readonly #firstMs: number;
  readonly #mostMs: number;
  currentMs: number;

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.currentMs = firstMs;
  }

  /** The wait after a new refusal. */
  next(): number {
    const waitMs = this.currentMs;
    this.currentMs = Math.min(this.#mostMs, 2 * waitMs);
    return waitMs;
  }

  reset(): void {
    this.currentMs = this.#firstMs;
  }
}
