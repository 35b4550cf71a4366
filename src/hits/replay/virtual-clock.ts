import { type Clock, MAX_TIMER_MS } from '../../core/clock.ts';
import { IndexedHeap } from '../../pacing/queue/indexed-heap.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  index: number;
}

export interface VirtualClockOptions {
  /** Monotonic time at the start. Default 0. */
  readonly now?: number;
  /** What the wall clock shows at the start. Default `WALL_START`. */
  readonly wall?: number;
}

/** Begins a minute. */
export const WALL_START: number = Date.UTC(2026, 0, 15, 12);

/** Virtual time that jumps from timer to timer; pending promises settle in between. */
export class VirtualClock implements Clock {
  readonly #wallOffset: number;
  #now: number;
  #order = 0;
  readonly #timers = new IndexedHeap<'index', Timer>(
    'index',
    (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
  );

  constructor({ now = 0, wall = WALL_START }: VirtualClockOptions = {}) {
    this.#now = now;
    this.#wallOffset = wall - now;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now + this.#wallOffset;
  }

  after(ms: number, fn: () => void): () => void {
    const inMs = Number.isNaN(ms) ? 0 : Math.min(MAX_TIMER_MS, Math.max(0, ms));
    const timer: Timer = { at: this.#now + inMs, order: this.#order++, fn, index: -1 };
    this.#timers.push(timer);
    return () => this.#timers.remove(timer);
  }

  /** Runs until there is nothing left to do, or until `done` returns true. */
  async run(done: () => boolean = () => false): Promise<void> {
    await settled();
    for (let at = this.nextAt; at !== undefined && !done(); at = this.nextAt) {
      do this.runNext();
      while (this.nextAt !== undefined && this.nextAt <= this.#now);
      await settled();
    }
  }

  /** When the next timer is due. */
  protected get nextAt(): number | undefined {
    return this.#timers.peek()?.at;
  }

  /** Runs the next timer at its time; of several, the one that was set first. */
  protected runNext(): void {
    const timer = this.#timers.peek();
    if (!timer) return;
    this.#timers.remove(timer);
    this.passUntil(timer.at);
    timer.fn();
  }

  protected passUntil(at: number): void {
    this.#now = Math.max(this.#now, at);
  }
}

// Captured at load, so that a test's fake timers do not stop this clock.
const { setImmediate: immediate } = globalThis;

/** Lets pending promises settle. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}
