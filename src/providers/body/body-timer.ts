import type { Clock } from '../../core/clock.ts';
import type { TimeLimit } from '../../core/outcome.ts';

/** Time limits of a body; Infinity where none is set. */
export interface BodyTimes {
  /** Monotonic. */
  readonly deadlineAt: number;
  /** Monotonic time of a stream's first content. */
  readonly firstContentAt: number;
  readonly stallMs: number;
  /** Monotonic time by which an attempt is to be over; for bodies that are read as a whole. */
  readonly wholeAt: number;
}

/** Limits of a body without any. */
export const ANY_TIME: BodyTimes = {
  deadlineAt: Infinity,
  firstContentAt: Infinity,
  stallMs: Infinity,
  wholeAt: Infinity,
};

/** Which limit a body can reach: one of its call, or its attempt's. */
export type BodyLimit = TimeLimit | 'attempt';

/**
 * Ends a body at its time limit. One timer for all limits, and none without a limit: a timer that was set for
 * a time that has moved checks again when it fires.
 *
 * Only the deadline runs while no read is pending: then the reader is the slow one.
 */
export class BodyTimer {
  readonly #clock: Clock;
  readonly #times: BodyTimes;
  readonly #onTimeUp: (limit: BodyLimit) => void;
  readonly #headAt: number;
  /** When the application began to read; time before that is not the provider's. */
  #readSince: number | undefined;
  #waitingSince: number | undefined;
  /** Time spent in reads since the last content. */
  #silentMs = 0;
  #contentSeen = false;
  #armedFor = Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, times: BodyTimes, onTimeUp: (limit: BodyLimit) => void) {
    this.#clock = clock;
    this.#times = times;
    this.#onTimeUp = onTimeUp;
    this.#headAt = clock.now();
    this.#arm();
  }

  waits(): void {
    this.#waitingSince = this.#clock.now();
    this.#readSince ??= this.#waitingSince;
    this.#arm();
  }

  arrived(): void {
    if (this.#waitingSince !== undefined) this.#silentMs += this.#clock.now() - this.#waitingSince;
    this.#waitingSince = undefined;
  }

  /** Content arrived, not just a keep-alive. */
  content(): void {
    this.#contentSeen = true;
    this.#silentMs = 0;
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#armedFor = -Infinity;
  }

  /** The limit that is reached next. */
  #next(): { readonly at: number; readonly limit: BodyLimit } {
    const { deadlineAt, firstContentAt, stallMs, wholeAt } = this.#times;
    let at = deadlineAt;
    let limit: BodyLimit = 'deadline';
    if (this.#waitingSince === undefined) return { at, limit };
    const unreadMs = this.#readSince! - this.#headAt;
    if (wholeAt + unreadMs < at) [at, limit] = [wholeAt + unreadMs, 'attempt'];
    if (!this.#contentSeen) {
      const contentAt = firstContentAt + unreadMs;
      if (contentAt < at) [at, limit] = [contentAt, 'first_content'];
    } else {
      const stalledAt = this.#waitingSince + stallMs - this.#silentMs;
      if (stalledAt < at) [at, limit] = [stalledAt, 'stall'];
    }
    return { at, limit };
  }

  #arm(): void {
    const { at } = this.#next();
    if (at >= this.#armedFor) return;
    this.#cancelTimer?.();
    this.#armedFor = at;
    // Timers may fire a fraction of a millisecond early, which would leave time for another attempt.
    this.#cancelTimer = this.#clock.after(at - this.#clock.now() + 1, this.#fire, UNREF);
  }

  readonly #fire = (): void => {
    this.#armedFor = Infinity;
    const { at, limit } = this.#next();
    if (at <= this.#clock.now()) this.#onTimeUp(limit);
    else this.#arm();
  };
}

/** An application that waits for the body is kept alive by its connection. */
const UNREF = { unref: true };
