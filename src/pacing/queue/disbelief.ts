import type { Outcome } from '../../core/outcome.ts';
import { Trials } from './trials.ts';

const FIRST_MS = 2_000;
const MAX_MS = 60_000;

/**
 * Calls refused unsent, because they do not fit a believed limit at all or not soon, teach nothing. Now and then one is
 * sent anyway, to test the belief.
 */
export class Disbelief {
  readonly #trials = new Trials(FIRST_MS, MAX_MS);
  #trialAt: number | undefined;

  /** Whether the call at this place may go despite its refusal; it is then sent at once. */
  takeTrial(place: number, now: number): boolean {
    this.#trialAt ??= now + this.#trials.everyMs;
    if (now < this.#trialAt || !this.#trials.hasRoom) return false;
    this.#trials.tries(place);
    this.#trialAt = now + this.#trials.everyMs;
    return true;
  }

  ended(place: number, outcome: Outcome): void {
    this.#trials.ended(place, outcome);
  }

  forget(place: number): void {
    this.#trials.forget(place);
  }
}
