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

/** Those of a body that may take as long as it likes. */
export const ANY_TIME: BodyTimes = {
  deadlineAt: Infinity,
  firstContentAt: Infinity,
  stallMs: Infinity,
  wholeAt: Infinity,
};

/** What a body can run out of: a time of its call, or that of its attempt. */
export type BodyLimit = TimeLimit | 'attempt';

/**
 * Ends a body whose time is up. One timer for all times, and none where there is no time: what was set for
 * a time that has moved on is looked at again when it fires.
 *
 * Only the deadline runs while no read is pending: the provider is not the slow one then.
 */
export class BodyTimer {
  readonly #clock: Clock;
  readonly #times: BodyTimes;
  readonly #onTimeUp: (limit: BodyLimit) => void;
  readonly #headAt: number;
  /** When the application began to read; what came before is not the provider's. */
  #readSince: number | undefined;
  #waitingSince: number | undefined;
  /** Waited for in reads that brought nothing of the answer, since there was something. */
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

  /** What arrived is of the answer, and no mere sign of life. */
  content(): void {
    this.#contentSeen = true;
    this.#silentMs = 0;
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#armedFor = -Infinity;
  }

  /** The time that is up next, as things are. */
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
    // Timers may fire a fraction of a millisecond early: in what was left another attempt would still be in time.
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
