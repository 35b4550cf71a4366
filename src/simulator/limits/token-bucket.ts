import { EPSILON, type LimitModel } from './limit-model.ts';

/** Fills at an even rate until it is full. */
export class TokenBucket implements LimitModel {
  capacity: number;
  ratePerMs: number;
  readonly #windowMs: number;
  #level: number;
  #at = 0;

  /** @param windowMs The time in which an empty one becomes full. */
  constructor(capacity: number, windowMs: number, fill = 1) {
    this.capacity = capacity;
    this.ratePerMs = capacity / windowMs;
    this.#windowMs = windowMs;
    this.#level = capacity * fill;
  }

  available(now: number): number {
    this.#level = Math.min(this.capacity, this.#level + (now - this.#at) * this.ratePerMs);
    this.#at = now;
    return this.#level;
  }

  waitMs(units: number, now: number): number {
    const missing = Math.min(units, this.capacity) - this.available(now);
    return missing <= EPSILON ? 0 : missing / this.ratePerMs;
  }

  spend(units: number, now: number): void {
    this.#level = Math.min(this.capacity, this.available(now) - units);
  }

  fullInMs(now: number): number {
    return (this.capacity - this.available(now)) / this.ratePerMs;
  }

  nextInMs(now: number): number {
    const level = this.available(now);
    if (level >= this.capacity) return 0;
    return (Math.min(this.capacity, Math.floor(level + EPSILON) + 1) - level) / this.ratePerMs;
  }

  returned(from: number, to: number): number {
    return (to - from) * this.ratePerMs;
  }

  setCapacity(capacity: number, now: number): void {
    this.#level = Math.min(capacity, this.available(now));
    this.capacity = capacity;
    this.ratePerMs = capacity / this.#windowMs;
  }
}
