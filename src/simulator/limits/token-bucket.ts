import { EPSILON } from './epsilon.ts';
import type { LimitModel } from './limit-model.ts';

/** Fills at an even rate until it is full. */
export class TokenBucket implements LimitModel {
  capacity: number;
  ratePerMs: number;
  #level: number;
  #at: number;

  constructor(capacity: number, ratePerMs: number, fill = 1, now = 0) {
    this.capacity = capacity;
    this.ratePerMs = ratePerMs;
    this.#level = capacity * fill;
    this.#at = now;
  }

  advance(now: number, others: number): void {
    if (now <= this.#at) return;
    this.#level = Math.min(this.capacity, this.#level + (now - this.#at) * this.ratePerMs - others);
    this.#at = now;
  }

  available(now: number): number {
    this.advance(now, 0);
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
    const missing = this.capacity - this.available(now);
    return missing <= EPSILON ? 0 : missing / this.ratePerMs;
  }

  nextInMs(now: number): number {
    const level = this.available(now);
    if (level >= this.capacity) return 0;
    return (Math.min(this.capacity, Math.floor(level + EPSILON) + 1) - level) / this.ratePerMs;
  }

  returned(from: number, to: number): number {
    return (to - from) * this.ratePerMs;
  }

  resize(capacity: number, ratePerMs: number, now: number, kept: 'level' | 'used'): void {
    const level = this.available(now);
    this.#level = kept === 'level' ? Math.min(capacity, level) : capacity - (this.capacity - level);
    this.ratePerMs = ratePerMs;
    this.capacity = capacity;
  }
}
