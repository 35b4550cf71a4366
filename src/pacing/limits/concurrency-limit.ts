import type { LimitSource } from '../../core/snapshot.ts';

const CUT = 0.7;
const MIN_HOLD_MS = 1_000;
const MAX_HOLD_MS = 8_000;
const GROWTH = 1.2;
/**
 * Load is cut once about 3 of the latest 16 attempts found the provider overloaded, or as large a share of those in flight:
 * failures come sooner than answers, so the first outcomes of a burst say little about the rest.
 */
const STRAIN_OF = 16;
const MAX_STRAIN = 0.15;

/**
 * How many attempts may be in flight. A refusal for concurrency shows that its number was one too many; that number is
 * retried later, after a hold that doubles with each refusal. When the provider is overloaded, load is cut at once.
 */
export class ConcurrencyLimit {
  /** Source of the limit in force. */
  source: LimitSource = 'config';
  #named: number;
  #learned = Infinity;
  /** The lowest number refused so far. */
  #tooMany = Infinity;
  #changedAt = 0;
  #holdMs = MIN_HOLD_MS;
  /** Whether any call was served since the learned limit changed. */
  #isServed = false;
  /** Recent share of attempts that found the provider overloaded. */
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
    else this.#hold(limit, limit + 1, now);
  }

  current(now: number): number {
    // Grow only if calls were served at the current limit, or after a long idle time all calls would go at once.
    if (this.#learned < Infinity && this.#isServed && now - this.#changedAt >= this.#holdMs) {
      this.#changedAt = now;
      this.#isServed = false;
      this.#learned = this.#next();
      // Dropped once it exceeds 4 times the refused number.
      if (this.#learned > 4 * this.#tooMany || this.#learned >= this.#named) this.#learned = Infinity;
    }
    return Math.min(this.#named, Math.floor(this.#learned));
  }

  /** An attempt was served with `inFlight` in flight, itself included. */
  served(inFlight: number): void {
    this.#strain -= this.#strain / Math.max(STRAIN_OF, inFlight);
    this.#isServed = true;
    // An attempt that has just ended at the provider still counts here, so only a higher number than was refused is
    // news.
    if (inFlight > this.#tooMany || this.#tooMany === 1) this.#holdMs = MIN_HOLD_MS;
  }

  /** An attempt was refused with `inFlight` in flight. `news`: it was sent after the reaction to the last refusal. */
  refused(inFlight: number, news: boolean, now: number): void {
    if (!news && inFlight > this.#learned) return;
    if (news && this.#learned < Infinity) this.#holdMs = Math.min(MAX_HOLD_MS, 2 * this.#holdMs);
    this.#hold(inFlight - 1, inFlight, now);
  }

  /** The provider was too busy for one attempt. Occasionally that is chance; if it is frequent, load is cut. */
  overloaded(active: number, now: number): void {
    this.#strain += (1 - this.#strain) / Math.max(STRAIN_OF, active);
    if (this.#strain > MAX_STRAIN) this.cut(active, now);
  }

  cut(active: number, now: number): void {
    this.#holdMs = MIN_HOLD_MS;
    this.#hold(Math.floor(CUT * active), active, now);
  }

  /** The refusals had another cause. */
  forget(): void {
    this.#learned = Infinity;
    this.#tooMany = Infinity;
    this.#holdMs = MIN_HOLD_MS;
  }

  get isLearned(): boolean {
    return this.#learned < Infinity;
  }

  #hold(limit: number, tooMany: number, now: number): void {
    this.#learned = Math.max(1, limit);
    this.#tooMany = Math.max(1, tooMany);
    this.#changedAt = now;
    this.#isServed = false;
  }

  /** Grows quickly up to the refused number, then by one, then exponentially. */
  #next(): number {
    const below = this.#tooMany - 1;
    if (this.#learned < below) return Math.min(below, Math.max(this.#learned + 1, this.#learned * GROWTH));
    return this.#learned + 2 ** Math.min(5, this.#learned - below);
  }
}
