/** Limits within this ratio are the same limit, stated twice. */
const SAME = 0.98;
/** How long headers of a larger limit are ignored; doubles each time a refusal names the smaller limit again. */
const HOLD_MS = 120_000;
const MAX_HOLD_MS = 3_600_000;

/**
 * A refusal names a smaller limit than headers state: the headers describe a larger scope, such as the organization
 * rather than the project. Their level is ignored until the stated limit changes or the hold expires.
 */
export class LargerScope {
  #told: number | undefined;
  #until = 0;
  #holdMs = HOLD_MS;

  /** A refusal named `limit` while headers stated `told`. */
  named(limit: number, told: number, now: number): void {
    if (limit >= SAME * told) {
      this.#told = undefined;
      return;
    }
    if (this.#told !== undefined && now >= this.#until) this.#holdMs = Math.min(MAX_HOLD_MS, 2 * this.#holdMs);
    this.#told = told;
    this.#until = now + this.#holdMs;
  }

  /** The limit that headers state, if a refusal has named a smaller one. */
  get told(): number | undefined {
    return this.#told;
  }

  /** Whether headers that state `limit` belong to another scope. */
  covers(limit: number, now: number): boolean {
    return this.#told === limit && now < this.#until;
  }
}
