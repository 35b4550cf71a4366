/** Attempts in a row that ended so, without an answer between them. */
const CUT = 3;

/**
 * Callers that end their calls by a signal tell nobody how long they wait. In a queue longer than that, first come, first
 * served sends each call just before its end and serves none. After some in a row that ended unanswered the newest goes
 * first, which has the most time left, until nobody waits any more.
 */
export class LateTurns {
  newestFirst = false;
  #cut = 0;

  /** An attempt was ended by its caller, and had no answer. */
  cut(): void {
    if (++this.#cut >= CUT) this.newestFirst = true;
  }

  answered(): void {
    this.#cut = 0;
  }

  /** Nobody waits. */
  drained(): void {
    this.newestFirst = false;
  }
}
