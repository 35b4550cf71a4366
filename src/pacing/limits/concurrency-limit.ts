import type { LimitSource } from '../../core/snapshot.ts';

const CUT = 0.7;
const MIN_HOLD_MS = 1_000;
const MAX_HOLD_MS = 8_000;
const GROWTH = 1.2;
/** Three of the latest sixteen attempts, or so. */
const STRAIN_WEIGHT = 1 / 16;
const MAX_STRAIN = 0.15;

/**
 * How many attempts may be in flight. One that was refused for their number tells that it was one too many, and is
 * tried again after a while, the later the more often it was; load that a provider is too busy for is cut at once.
 */
export class ConcurrencyLimit {
  /** Source of the limit in force. */
  source: LimitSource = 'config';
  #named: number;
  #learned = Infinity;
  /** The number that was once too many. */
  #tooMany = Infinity;
  #changedAt = 0;
  #holdMs = MIN_HOLD_MS;
  /** Whether anything was served since the learned limit changed. */
  #isServed = false;
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
    else this.#hold(limit, limit + 1, now);
  }

  current(now: number): number {
    // What nobody was served at says nothing: after a long wait all would go at once.
    if (this.#learned < Infinity && this.#isServed && now - this.#changedAt >= this.#holdMs) {
      this.#changedAt = now;
      this.#isServed = false;
      this.#learned = this.#next();
      // Far above the number that was once too many, the learned limit no longer applies.
      if (this.#learned > 4 * this.#tooMany || this.#learned >= this.#named) this.#learned = Infinity;
    }
    return Math.min(this.#named, Math.floor(this.#learned));
  }

  /** An attempt was answered that was one of so many in flight. */
  served(inFlight: number): void {
    this.#strain -= this.#strain * STRAIN_WEIGHT;
    this.#isServed = true;
    // One that has just ended at the provider still counts here: only more than was refused tells something new.
    if (inFlight > this.#tooMany || this.#tooMany === 1) this.#holdMs = MIN_HOLD_MS;
  }

  /** An attempt was refused as one of so many in flight. `news`: it was sent since the last refusal was reacted to. */
  refused(inFlight: number, news: boolean, now: number): void {
    if (!news && inFlight > this.#learned) return;
    if (news && this.#learned < Infinity) this.#holdMs = Math.min(MAX_HOLD_MS, 2 * this.#holdMs);
    this.#hold(inFlight - 1, inFlight, now);
  }

  /** The provider was too busy for one attempt. Now and then that is chance; if it is frequent, less load helps. */
  overloaded(active: number, now: number): void {
    this.#strain += (1 - this.#strain) * STRAIN_WEIGHT;
    if (this.#strain > MAX_STRAIN) this.cut(active, now);
  }

  cut(active: number, now: number): void {
    this.#holdMs = MIN_HOLD_MS;
    this.#hold(Math.floor(CUT * active), active, now);
  }

  /** What was learned came of something else. */
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

  /** Quickly up to what was too many, then one more, and faster the further that is behind. */
  #next(): number {
    const below = this.#tooMany - 1;
    if (this.#learned < below) return Math.min(below, Math.max(this.#learned + 1, this.#learned * GROWTH));
    return this.#learned + 2 ** Math.min(5, this.#learned - below);
  }
}
