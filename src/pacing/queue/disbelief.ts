import { Trials } from './trials.ts';

const FIRST_MS = 2_000;
const MAX_MS = 60_000;

/**
 * Calls refused unsent, because they do not fit a believed limit at all or not soon, teach nothing. Now and then one is
 * sent anyway, to test the belief.
 */
export class Disbelief extends Trials {
  #trialAt: number | undefined;

  constructor() {
    super(FIRST_MS, MAX_MS);
  }

  /** Whether a call may go despite its refusal. */
  allows(now: number): boolean {
    this.#trialAt ??= now + this.everyMs;
    return now >= this.#trialAt && this.hasRoom;
  }

  /** The call at this place is sent. */
  sent(place: number, now: number): void {
    this.tries(place);
    this.#trialAt = now + this.everyMs;
  }
}
