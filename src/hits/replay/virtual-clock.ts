import type { Clock } from '../../core/clock.ts';
import { IndexedHeap } from '../../pacing/queue/indexed-heap.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  index: number;
}

/** Virtual time that jumps from timer to timer; between two instants everything settles that waits for promises. */
export class VirtualClock implements Clock {
  readonly #wallStart: number;
  #now = 0;
  #order = 0;
  readonly #timers = new IndexedHeap<'index', Timer>(
    'index',
    (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
  );

  /** @param wallStart What the wall clock shows at the start. */
  constructor(wallStart: number) {
    this.#wallStart = wallStart;
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

// Looked up once, so that fake timers of a test do not stop the time that it looks at.
const { setImmediate: immediate } = globalThis;

function settled(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}
