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
}

/** A millisecond or more apart. */
const MAX_LOOKS = 5_000;

/** A clock that moves only when a test says so. */
export class VirtualClock implements Clock {
  #now: number;
  #wallOffset: number;
  #order = 0;
  readonly #timers = new Map<number, Timer>();

  constructor(options: VirtualClockOptions = {}) {
    const { now = 1_234.5, wall = Date.UTC(2026, 0, 15, 12) } = options;
    this.#now = now;
    this.#wallOffset = wall - now;
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
    for (let looks = 0; this.nextIn() !== ms; looks++) {
      if (looks === MAX_LOOKS) throw new Error(`Expected a timer for ${ms} ms from now, got ${this.nextIn()}`);
      await new Promise<void>((resolve) => {
        timeout(resolve, 1);
      });
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
    await flush();
    for (let timer = this.#next(); timer && timer.at <= until; timer = this.#next()) {
      this.#timers.delete(timer.order);
      this.#now = Math.max(this.#now, timer.at);
      timer.fn();
      await flush();
    }
    this.#now = Math.max(this.#now, until);
    await flush();
  }

  /** Runs timers in order until none is left. @throws when more than `maxMs` would pass. */
  async runAll(maxMs = 3_600_000): Promise<void> {
    const until = this.#now + maxMs;
    await flush();
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
const { setImmediate: immediate, setTimeout: timeout } = globalThis;

/** Lets everything run that waits for promises only, and not for a clock. */
export function flush(): Promise<void> {
  return new Promise<void>((resolve) => {
    immediate(resolve);
  });
}
