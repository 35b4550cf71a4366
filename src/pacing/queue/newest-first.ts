/** Attempts in a row that callers must abort unanswered before the order is reversed. */
const CUT = 3;

/**
 * Callers that abort by signal do not say how long they will wait. In a longer queue, first come, first served sends
 * each call just before it is aborted and serves none. After several unanswered ones in a row, the newest call, which
 * has the most time left, goes first until the queue is empty.
 */
export class NewestFirst {
  active = false;
  #cut = 0;

  /** The caller aborted an unanswered attempt. */
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
