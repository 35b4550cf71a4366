import { isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import type { WaitCause } from '../../core/event-values.ts';
import type { Outcome } from '../../core/outcome.ts';
import { Trials } from './trials.ts';

const FIRST_MS = 2_000;
const MAX_MS = 30_000;

/**
 * A lane that sends nothing learns nothing: a wrong belief about a limit stays wrong. If that would cost a call its
 * deadline, one call goes anyway after a while in which nothing was sent or answered.
 */
export class SilentLaneTrials {
  #heardAt: number;
  readonly #trials = new Trials(FIRST_MS, MAX_MS);

  constructor(now: number) {
    this.#heardAt = now;
  }

  /** Whether a call held back by `cause` may go. */
  allows(cause: WaitCause, now: number): boolean {
    if (cause === 'none' || cause === 'pause' || cause === 'circuit' || cause === 'concurrency') return false;
    if (isBucket(cause) && LIMIT_KINDS[cause].perDay) return false;
    return this.#trials.hasRoom && now - this.#heardAt >= this.#trials.everyMs;
  }

  tries(place: number): void {
    this.#trials.tries(place);
  }

  sent(now: number): void {
    this.#heardAt = now;
  }

  ended(place: number, outcome: Outcome, now: number): void {
    if (outcome === 'ok' || outcome === 'throttled') this.#heardAt = now;
    this.#trials.ended(place, outcome);
  }

  forget(place: number): void {
    this.#trials.forget(place);
  }
}
