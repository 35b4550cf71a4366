import { EPSILON } from './epsilon.ts';
import type { LimitModel } from './limit-model.ts';

interface Entry {
  readonly at: number;
  units: number;
}

const KEPT = 5_000;

/** Remembers all spending of the last `windowMs`, to the millisecond. */
export class SlidingLog implements LimitModel {
  capacity: number;
  readonly #windowMs: number;
  readonly #log: Entry[] = [];
  /** Start of the log: entries before it have left the window. */
  #first = 0;
  #used = 0;

  constructor(capacity: number, windowMs: number, fill = 1, now = 0) {
    this.capacity = capacity;
    this.#windowMs = windowMs;
    if (fill < 1) this.spend(capacity * (1 - fill), now);
  }

  get ratePerMs(): number {
    return this.capacity / this.#windowMs;
  }

  advance(now: number, others: number): void {
    if (others > 0) this.spend(others, now);
  }

  available(now: number): number {
    for (; this.#first < this.#log.length; this.#first++) {
      const { at, units } = this.#log[this.#first]!;
      if (at + this.#windowMs > now + EPSILON) break;
      this.#used -= units;
    }
    // Expired entries are kept for a while, for `returned`.
    if (this.#first > 2 * KEPT) {
      this.#log.splice(0, this.#first - KEPT);
      this.#first = KEPT;
    }
    return this.capacity - this.#used;
  }

  waitMs(units: number, now: number): number {
    let missing = Math.min(units, this.capacity) - this.available(now);
    for (let index = this.#first; missing > EPSILON && index < this.#log.length; index++) {
      const entry = this.#log[index]!;
      missing -= entry.units;
      if (missing <= EPSILON) return entry.at + this.#windowMs - now;
    }
    return missing > EPSILON ? this.#windowMs : 0;
  }

  spend(units: number, now: number, since: number = now): void {
    this.available(now);
    if (units >= 0) {
      this.#log.push({ at: now, units });
      this.#used += units;
      return;
    }
    // A refund corrects its entry in the log; if that has expired, there is nothing to correct.
    for (let index = this.#first; index < this.#log.length; index++) {
      const entry = this.#log[index]!;
      if (entry.at < since - EPSILON || entry.units + units < -EPSILON) continue;
      if (entry.at > since + EPSILON) return;
      entry.units += units;
      this.#used += units;
      return;
    }
  }

  fullInMs(now: number): number {
    this.available(now);
    const last = this.#log.at(-1);
    return last && this.#first < this.#log.length ? last.at + this.#windowMs - now : 0;
  }

  nextInMs(now: number): number {
    this.available(now);
    const oldest = this.#log[this.#first];
    return oldest ? oldest.at + this.#windowMs - now : 0;
  }

  returned(from: number, to: number): number {
    let units = 0;
    for (let index = this.#log.length - 1; index >= 0; index--) {
      const left = this.#log[index]!.at + this.#windowMs;
      if (left <= from + EPSILON) break;
      if (left <= to + EPSILON) units += this.#log[index]!.units;
    }
    return units;
  }

  resize(capacity: number): void {
    this.capacity = capacity;
  }
}
