const SAMPLES = 32;
/** A call that is sent with less time than nine of ten answers took would mostly be cut by its deadline. */
const QUANTILE = 0.9;
/** Of its whole time a call may wait a tenth even where answers take longer than all of it. */
const MAX_SHARE = 0.9;

/**
 * How long a lane's latest attempts took, and so how late a call with a deadline may still be sent.
 * In a queue longer than its deadlines, first come first served would else send each call just before its end.
 */
export class AnswerTime {
  readonly #samples: number[] = [];
  #next = 0;
  #quantileMs: number | undefined;

  answered(tookMs: number): void {
    this.#samples[this.#next] = tookMs;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#quantileMs = undefined;
  }

  /** It would have taken longer than this, nobody knows by how much. */
  cut(afterMs: number): void {
    this.answered(2 * afterMs);
  }

  /**
   * Latest time at which a call that comes now should be sent. Never in the past: who need not wait is sent whatever
   * is believed here, so that new answers can correct it.
   */
  startBy(deadlineAt: number, now: number): number {
    if (deadlineAt === Infinity) return Infinity;
    return deadlineAt - Math.min(this.#quantile(), MAX_SHARE * Math.max(0, deadlineAt - now));
  }

  #quantile(): number {
    if (this.#quantileMs === undefined) {
      const sorted = this.#samples.toSorted((a, b) => a - b);
      this.#quantileMs = sorted[Math.floor(QUANTILE * sorted.length)] ?? 0;
    }
    return this.#quantileMs;
  }
}
