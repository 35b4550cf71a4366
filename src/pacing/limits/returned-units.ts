import type { LevelReport } from './level-report.ts';
import { Uncounted } from './uncounted.ts';

/** Factor by which what has returned must exceed the stated refill. */
const MORE = 1.25;
/** Beyond the assumed refill, this many calls must have returned before the rate is measured. */
const STEP_CALLS = 2;
const HORIZON_MS = 120_000;

/**
 * How fast reported levels return. No bucket, window or log of the stated limit returns more in any time than one whole
 * limit and the stated refill: more shows that the number belongs to a shorter window.
 */
export class ReturnedUnits {
  /** Whether more has returned than the stated limit can. */
  isProven = false;
  readonly #uncounted = new Uncounted();
  #first: LevelReport | undefined;
  #neverCounted = 0;
  /** When the rate was last measured, and what had returned until then. */
  #measuredAt = 0;
  #measured = 0;

  /** The limit changed, or the meaning of its numbers. */
  forget(): void {
    this.isProven = false;
    this.#first = undefined;
  }

  /** The provider never counted `amount` of the request with this sequence number. */
  neverCounted(sequence: number, amount: number): void {
    if (!this.#first || sequence <= this.#first.sequence) return;
    if (!this.#uncounted.add(sequence, amount)) this.forget();
  }

  /**
   * `stated` and `assumed`: refill per millisecond. `size`: amount of an average call. `error`: of a reported level.
   * Returns the rate at which units have returned since it was last measured, once it is proven and above `assumed`.
   */
  observe(
    report: LevelReport,
    limit: number,
    stated: number,
    assumed: number,
    size: number,
    error: number,
  ): number | undefined {
    const { at, remaining, sequence, mark } = report;
    const first = this.#first;
    if (!first || at - first.at > HORIZON_MS) {
      this.#startFrom(report);
      return undefined;
    }
    this.#neverCounted += this.#uncounted.take(sequence);
    const returned = remaining - first.remaining + mark - first.mark - this.#neverCounted;
    this.isProven ||= returned > limit + MORE * stated * (at - first.at) + error;
    const elapsed = at - this.#measuredAt;
    const since = returned - this.#measured;
    if (since < MORE * assumed * elapsed + STEP_CALLS * size + error) return undefined;
    this.#measuredAt = at;
    this.#measured = returned;
    return this.isProven && elapsed > 0 ? since / elapsed : undefined;
  }

  #startFrom(report: LevelReport): void {
    this.#first = report;
    this.#uncounted.clear();
    this.#neverCounted = 0;
    this.#measuredAt = report.at;
    this.#measured = 0;
  }
}
