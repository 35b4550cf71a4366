import { EPSILON } from './epsilon.ts';
import type { LimitModel } from './limit-model.ts';

/** Counts spending between two ticks of the clock, starting over at each. */
export class FixedWindow implements LimitModel {
  capacity: number;
  readonly #windowMs: number;
  /** A time at which a window begins. */
  readonly #start: number;
  #window: number;
  #used: number;
  #at: number;

  constructor(capacity: number, windowMs: number, start = 0, fill = 1, now = 0) {
    this.capacity = capacity;
    this.#windowMs = windowMs;
    this.#start = start;
    this.#used = capacity * (1 - fill);
    this.#at = now;
    this.#window = this.#indexOf(now);
  }

  get ratePerMs(): number {
    return this.capacity / this.#windowMs;
  }

  advance(now: number, others: number): void {
    if (now <= this.#at) return;
    const sinceTurn = Math.min(now - this.#at, this.#windowMs - this.#endInMs(now));
    this.#turn(now);
    // What others took before this window started counts for the previous one.
    this.#used += (others * sinceTurn) / (now - this.#at);
    this.#at = now;
  }

  available(now: number): number {
    this.#turn(now);
    return this.capacity - this.#used;
  }

  waitMs(units: number, now: number): number {
    return Math.min(units, this.capacity) <= this.available(now) + EPSILON ? 0 : this.#endInMs(now);
  }

  spend(units: number, now: number, since: number = now): void {
    this.#turn(now);
    // A refund belongs to the window of the charge, which may be over.
    if (units < 0 && this.#indexOf(since) < this.#window) return;
    this.#used += units;
  }

  fullInMs(now: number): number {
    this.#turn(now);
    return this.#used <= EPSILON ? 0 : this.#endInMs(now);
  }

  nextInMs(now: number): number {
    return this.#endInMs(now);
  }

  returned(from: number, to: number): number {
    return (this.#indexOf(to) - this.#indexOf(from)) * this.capacity;
  }

  resize(capacity: number): void {
    this.capacity = capacity;
  }

  #turn(now: number): void {
    const window = this.#indexOf(now);
    if (window <= this.#window) return;
    this.#window = window;
    this.#used = 0;
  }

  #indexOf(time: number): number {
    return Math.floor((time - this.#start + EPSILON) / this.#windowMs);
  }

  #endInMs(now: number): number {
    return this.#start + (this.#indexOf(now) + 1) * this.#windowMs - now;
  }
}
