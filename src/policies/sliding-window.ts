import type { Clock } from '../core/clock.ts';

const BUCKETS = 20;

/**
 * Two counts over the last `windowMs`, in constant time and memory. Counts expire in steps of a twentieth of the
 * window, between `windowMs` and 1.05 times that after they were added. Ages with the clock, not with traffic: an idle
 * hour empties it.
 */
export class SlidingWindow {
  readonly #clock: Clock;
  readonly #bucketMs: number;
  // One slice more than the window, so that a full window is always covered.
  readonly #first: Int32Array = new Int32Array(BUCKETS + 1);
  readonly #second: Int32Array = new Int32Array(BUCKETS + 1);
  #firstTotal = 0;
  #secondTotal = 0;
  #head: number;

  constructor(windowMs: number, clock: Clock) {
    this.#clock = clock;
    this.#bucketMs = windowMs / BUCKETS;
    this.#head = this.#bucketNow();
  }

  addFirst(count = 1): void {
    this.#advance();
    this.#first[this.#head % this.#first.length]! += count;
    this.#firstTotal += count;
  }

  addSecond(count = 1): void {
    this.#advance();
    this.#second[this.#head % this.#second.length]! += count;
    this.#secondTotal += count;
  }

  /** Never negative: a correction may outlive what it corrects. */
  first(): number {
    this.#advance();
    return Math.max(0, this.#firstTotal);
  }

  second(): number {
    this.#advance();
    return Math.max(0, this.#secondTotal);
  }

  clear(): void {
    this.#first.fill(0);
    this.#second.fill(0);
    this.#firstTotal = 0;
    this.#secondTotal = 0;
  }

  #bucketNow(): number {
    return Math.floor(this.#clock.now() / this.#bucketMs);
  }

  #advance(): void {
    const now = this.#bucketNow();
    if (now <= this.#head) return;
    const length = this.#first.length;
    if (now - this.#head >= length) {
      this.clear();
    } else {
      for (let bucket = this.#head + 1; bucket <= now; bucket++) {
        const index = bucket % length;
        this.#firstTotal -= this.#first[index]!;
        this.#secondTotal -= this.#second[index]!;
        this.#first[index] = 0;
        this.#second[index] = 0;
      }
    }
    this.#head = now;
  }
}
