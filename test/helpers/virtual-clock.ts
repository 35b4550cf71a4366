import { type Clock, MAX_TIMER_MS } from '../../src/core/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly unref: boolean;
  readonly fn: () => void;
}

export interface VirtualClockOptions {
  /** First monotonic time; odd by default, so that code which takes 0 for "now" is found out. */
  readonly now?: number;
  /** First wall-clock time. */
  readonly wall?: number;
  /**
   * What settles between two timers: everything that a retry loop does (about 1 ms of real time a timer),
   * or promises only, for tests of a single room with many thousands of timers.
   */
  readonly settle?: 'retries' | 'promises';
}

/** Each takes a millisecond or more. */
const MOST_TRIES = 5_000;

/** A clock that moves only when a test says so. */
export class VirtualClock implements Clock {
  #now: number;
  #wallOffset: number;
  #order = 0;
  readonly #timers = new Map<number, Timer>();
  readonly #settle: () => Promise<void>;

  constructor(options: VirtualClockOptions = {}) {
    const { now = 1_234.5, wall = Date.UTC(2026, 0, 15, 12), settle = 'retries' } = options;
    this.#now = now;
    this.#wallOffset = wall - now;
    this.#settle = settle === 'retries' ? flush : flushPromises;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now + this.#wallOffset;
  }

  after(ms: number, fn: () => void, options?: { readonly unref?: boolean }): () => void {
    const order = this.#order++;
    const clamped = Number.isNaN(ms) ? 0 : Math.min(MAX_TIMER_MS, Math.max(0, ms));
    this.#timers.set(order, { at: this.#now + clamped, order, unref: options?.unref ?? false, fn });
    return () => {
      this.#timers.delete(order);
    };
  }

  /** Timers that are set; those that would keep a process alive when `referenced`. */
  pending(kind: 'all' | 'referenced' = 'all'): number {
    let count = 0;
    for (const timer of this.#timers.values()) if (kind === 'all' || !timer.unref) count++;
    return count;
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  nextIn(): number | undefined {
    const next = this.#next();
    return next && Math.max(0, next.at - this.#now);
  }

  /** Waits, by real time, until what comes over a socket has set a timer for `ms` from now; time stands still meanwhile. */
  async hasTimerIn(ms: number): Promise<void> {
    for (let tries = 0; this.nextIn() !== ms; tries++) {
      if (tries === MOST_TRIES) throw new Error(`Expected a timer for ${ms} ms from now, got ${this.nextIn()}`);
      await this.advance(0);
    }
  }

  /** Steps the wall clock only, as an NTP correction does. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Moves the time on, runs the timers that fall due in order, and lets the promises settle between them. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.#settle();
    for (let timer = this.#next(); timer && timer.at <= until; timer = this.#next()) {
      this.#timers.delete(timer.order);
      this.#now = Math.max(this.#now, timer.at);
      timer.fn();
      await this.#settle();
    }
    this.#now = Math.max(this.#now, until);
    await this.#settle();
  }

  /** Runs timers in order until none is left. @throws when more than `maxMs` would pass. */
  async runAll(maxMs = 3_600_000): Promise<void> {
    const until = this.#now + maxMs;
    await this.#settle();
    for (let timer = this.#next(); timer; timer = this.#next()) {
      if (timer.at > until) throw new Error(`A timer is still set for ${timer.at - this.#now} ms from now`);
      await this.advance(Math.max(0, timer.at - this.#now));
    }
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      // The map keeps the order of setting, so equal times run first come, first served.
      if (!next || timer.at < next.at) next = timer;
    }
    return next;
  }
}

// Bound at import, so that a test which fakes the timers does not stop the flush.
const { setImmediate: immediate } = globalThis;
const { setTimeout: timeout } = globalThis;

/** Lets everything settle that waits for promises only. */
export function flushPromises(): Promise<void> {
  return new Promise<void>((resolve) => {
    immediate(resolve);
  });
}

/**
 * Lets everything settle that does not wait for a clock. The policies' loop takes one
 * zero-length timer between two attempts, hence the timer beside the macrotasks.
 */
export async function flush(): Promise<void> {
  await flushPromises();
  await new Promise<void>((resolve) => {
    timeout(resolve, 1);
  });
  await flushPromises();
}
