import type { Clock } from '../../src/core/clock.ts';
import { IndexedHeap } from '../../src/pacing/queue/indexed-heap.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  index: number;
}

const WALL_START = Date.UTC(2026, 0, 15, 12);
const { setImmediate: immediate } = globalThis;

/** Virtual time that jumps from timer to timer; between two instants everything settles that waits for promises. */
export class SimClock implements Clock {
  readonly #wallStart: number;
  #now = 0;
  #order = 0;
  readonly #timers = new IndexedHeap<'index', Timer>(
    'index',
    (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
  );

  /** @param minuteMs How long the wall clock's minute is under way at the start. */
  constructor(minuteMs = 0) {
    this.#wallStart = WALL_START + minuteMs;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallStart + this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn, index: -1 };
    this.#timers.push(timer);
    return () => this.#timers.remove(timer);
  }

  /** Runs until nothing is left to happen, or `done` says so. */
  async run(done: () => boolean = () => false): Promise<void> {
    await settled();
    for (let timer = this.#timers.peek(); timer && !done(); timer = this.#timers.peek()) {
      this.#now = Math.max(this.#now, timer.at);
      while (timer && timer.at <= this.#now) {
        this.#timers.remove(timer);
        timer.fn();
        timer = this.#timers.peek();
      }
      await settled();
    }
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}
