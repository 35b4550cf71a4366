import { isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import type { WaitCause } from '../../core/event-words.ts';
import type { Outcome } from '../../core/outcome.ts';

const FIRST_MS = 2_000;
const MAX_MS = 30_000;

/**
 * A lane that sends nothing learns nothing: what it believes of a limit stays as wrong as it is. Where that would cost a
 * call its deadline, one goes all the same after a while in which nothing was sent or answered; it comes later each time
 * that it is refused.
 */
export class Doubt {
  #heardAt: number;
  #afterMs = FIRST_MS;
  /** Place of the call that went in spite of what was believed. */
  #trial: number | undefined;

  constructor(now: number) {
    this.#heardAt = now;
  }

  /** Whether a call may go that `cause` holds back. */
  allows(cause: WaitCause, now: number): boolean {
    if (cause === 'none' || cause === 'pause' || cause === 'circuit' || cause === 'concurrency') return false;
    if (isBucket(cause) && LIMIT_KINDS[cause].perDay) return false;
    return this.#trial === undefined && now - this.#heardAt >= this.#afterMs;
  }

  tries(place: number): void {
    this.#trial = place;
  }

  sent(now: number): void {
    this.#heardAt = now;
  }

  ended(place: number, outcome: Outcome, now: number): void {
    const isAnswer = outcome === 'ok' || outcome === 'throttled';
    if (isAnswer) this.#heardAt = now;
    if (place !== this.#trial) return;
    this.#trial = undefined;
    if (isAnswer) this.#afterMs = outcome === 'ok' ? FIRST_MS : Math.min(MAX_MS, 2 * this.#afterMs);
  }
}
