/** Attempts in a row that their callers ended unanswered before the order is reversed. */
const CUT = 3;

/**
 * Callers that abort their calls by a signal do not say how long they will wait. In a queue longer than that, first
 * come, first served sends each call just before its end and serves none. After some in a row that ended unanswered,
 * the newest call goes first, because it has the most time left, until the queue is empty.
 */
export class NewestFirst {
  active = false;
  #cut = 0;

  /** The caller ended an attempt that had no answer yet. */
  cut(): void {
    if (++this.#cut >= CUT) this.active = true;
  }

  answered(): void {
    this.#cut = 0;
  }

  /** The queue is empty. */
  drained(): void {
    this.active = false;
  }
}
