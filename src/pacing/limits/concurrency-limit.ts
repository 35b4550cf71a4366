import type { LimitSource } from '../../core/snapshot.ts';

const CUT = 0.7;
const GROWTH_EVERY_MS = 1_000;
const GROWTH = 1.2;
/** Three of the latest sixteen attempts, or so. */
const STRAIN_WEIGHT = 1 / 16;
const MAX_STRAIN = 0.15;

/** How many attempts may be in flight: cut when the provider says too many or is overloaded, and tried again upwards. */
export class ConcurrencyLimit {
  /** Source of the limit in force. */
  source: LimitSource = 'config';
  #named: number;
  #learned = Infinity;
  #goal = Infinity;
  #grownAt = 0;
  /** Share of the latest attempts that found the provider overloaded. */
  #strain = 0;

  /** `configured` is never exceeded; Infinity if none is configured. */
  constructor(configured: number) {
    this.#named = configured;
  }

  /** The provider named its limit. */
  name(limit: number): void {
    this.#named = Math.max(1, limit);
    this.source = 'body';
  }

  /** Restores what another process knew of the limit. */
  recall({ limit, named }: { readonly limit: number; readonly named: boolean }, now: number): void {
    if (named) this.name(Math.min(limit, this.#named));
    else this.cut(limit / CUT, now);
  }

  current(now: number): number {
    while (this.#learned < Infinity && now - this.#grownAt >= GROWTH_EVERY_MS) {
      this.#grownAt += GROWTH_EVERY_MS;
      this.#learned = Math.max(this.#learned + 1, this.#learned * GROWTH);
      // Far above the number that was once too many, the learned limit no longer applies.
      if (this.#learned > 4 * this.#goal || this.#learned >= this.#named) this.#learned = Infinity;
    }
    return Math.min(this.#named, Math.floor(this.#learned));
  }

  /** An attempt was answered. */
  served(): void {
    this.#strain -= this.#strain * STRAIN_WEIGHT;
  }

  /** The provider was too busy for one attempt. Now and then that is chance; if it is frequent, less load helps. */
  overloaded(active: number, now: number): void {
    this.#strain += (1 - this.#strain) * STRAIN_WEIGHT;
    if (this.#strain > MAX_STRAIN) this.cut(active, now);
  }

  cut(active: number, now: number): void {
    this.#goal = Math.max(1, active);
    this.#learned = Math.max(1, Math.floor(CUT * active));
    this.#grownAt = now;
  }

  get isLearned(): boolean {
    return this.#learned < Infinity;
  }
}
