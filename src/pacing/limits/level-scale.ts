import type { LevelReport } from './level-report.ts';
import { Uncounted } from './uncounted.ts';

/** Number of newest reports with which another is compared. */
const REPORTS = 8;
/** Weight of earlier falls when another is added. */
const KEEP = 0.8;
/** Part of an average call that must have been spent for a fall to count, and the part of it that may have refilled. */
const ONE_CALL = 0.9;
const REFILLED = 0.5;
const ENOUGH = 3;
/** Newest falls that must agree: a single large one, which others took, would outweigh all others. */
const AGREEING = 2;
const AGREES = 0.4;
const SUSPECT = 2;
/** Part of the limit that the level must have fallen by: one of a whole limit does not move within a few units. */
const MIN_FALL = 0.05;
/** Falls per unit spent that wrong estimates of what a call takes do not explain. */
const LEAST = 2;
/** Unexplained part of the falls' squares up to which they are in proportion to what was spent. */
const MAX_NOISE = 0.1;
/** A rise by more than this multiple of the stated refill is explained by neither other users nor estimates. */
const SOON = 1.5;
const SLACK_CALLS = 2;
/** In a pause, a rise below this multiple of the stated refill is no more than what the limit states. */
const LATE = 1.2;
/** We spend less than this part of the stated refill in a pause. */
const PAUSE = 0.25;
const MAX_LATE = 2;
/** A change of the scale below this fraction is noise. */
const SAME = 0.15;
/** A level above this fraction of the limit may have been full in the meantime. */
const FULL = 0.9;

/**
 * Whether a bucket that holds a fraction of its window's limit reports its level as a fraction of the whole limit:
 * 3,000 a minute, 50 at once, and each call takes 60 of the `remaining`. Misread, it looks as if other users took 59 of
 * them. The level falls in proportion to what we spend, and it returns faster than the stated rate: others do neither.
 */
export class LevelScale {
  /** Units by which the level falls per unit spent. */
  factor = 1;
  /** In the order in which the requests were sent. */
  #reports: LevelReport[] = [];
  readonly #uncounted = new Uncounted();
  #falls = 0;
  #fallen = 0;
  /** Newest falls in the same proportion as those before them. */
  #agreeing = 0;
  #spentSquares = 0;
  #product = 0;
  #fallSquares = 0;
  #returned = false;
  #late = 0;

  /** Whether the level falls like that, but has not yet been seen to return. */
  get suspected(): boolean {
    return this.factor === 1 && this.#falls >= SUSPECT && (this.#fallsPerUnit ?? 1) >= LEAST;
  }

  /** The limit changed, and with it what is left of it, but not how levels are reported. */
  forget(): void {
    this.#reports = [];
    this.#uncounted.clear();
  }

  /** The provider did not count `amount` of the request with this sequence number. */
  neverCounted(sequence: number, amount: number): void {
    const first = this.#reports[0];
    if (first === undefined || sequence <= first.sequence) return;
    if (!this.#uncounted.add(sequence, amount)) this.forget();
  }

  /** `rate`: stated refill per millisecond; `size`: amount of an average call. */
  observe(report: LevelReport, limit: number, rate: number, size: number): void {
    let at = this.#reports.length;
    while (at > 0 && this.#reports[at - 1]!.sequence > report.sequence) at--;
    const before = this.#reports[at - 1];
    const after = this.#reports[at];
    if (after) this.#reports.splice(at, 0, report);
    else this.#reports.push(report);
    if (before) this.#compare(before, report, limit, rate, size);
    else if (after) this.#compare(report, after, limit, rate, size);
    if (this.#reports.length <= REPORTS) return;
    this.#uncounted.take(this.#reports.shift()!.sequence);
  }

  #compare(from: LevelReport, to: LevelReport, limit: number, rate: number, size: number): void {
    const stated = rate * Math.max(0, to.at - from.at);
    const own = to.mark - from.mark - this.#uncounted.between(from.sequence, to.sequence);
    const rise = to.remaining - from.remaining;
    const isPause = own < PAUSE * stated && stated > SLACK_CALLS * size && to.remaining < FULL * limit;
    if (own >= ONE_CALL * size && stated <= REFILLED * own) {
      this.#fell(own - stated, -rise);
    } else if (rise + own > SOON * stated + SLACK_CALLS * size) {
      this.#returned = true;
      this.#late = 0;
    } else if (isPause && rise + own < LATE * stated) {
      if (++this.#late >= MAX_LATE) this.#forgetFalls();
    } else return;
    const found = this.#found(limit);
    if (Math.abs(found - this.factor) > SAME * this.factor) this.factor = found;
  }

  #found(limit: number): number {
    if (!this.#returned) return 1;
    const found = this.#fallsPerUnit;
    const isEnough = this.#falls >= ENOUGH && this.#agreeing >= AGREEING && this.#fallen >= MIN_FALL * limit;
    if (!isEnough || found === undefined) return this.factor;
    return found >= LEAST ? found : 1;
  }

  /** Undefined while falls are not in proportion to what was spent. */
  get #fallsPerUnit(): number | undefined {
    const found = this.#product / this.#spentSquares;
    const noise = 1 - (this.#product * found) / this.#fallSquares;
    return noise <= MAX_NOISE ? found : undefined;
  }

  #fell(spent: number, fall: number): void {
    const found = this.#product / this.#spentSquares;
    this.#agreeing = Math.abs(fall / spent - found) <= AGREES * found ? this.#agreeing + 1 : 0;
    this.#falls++;
    this.#fallen += fall;
    this.#spentSquares = KEEP * this.#spentSquares + spent * spent;
    this.#product = KEEP * this.#product + spent * fall;
    this.#fallSquares = KEEP * this.#fallSquares + fall * fall;
  }

  #forgetFalls(): void {
    this.#falls = 0;
    this.#agreeing = 0;
    this.#fallen = 0;
    this.#spentSquares = 0;
    this.#product = 0;
    this.#fallSquares = 0;
    this.#returned = false;
    this.#late = 0;
  }
}
