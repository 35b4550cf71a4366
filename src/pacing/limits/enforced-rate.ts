import { MeasuredPace } from './measured-pace.ts';
import { RecentRefusals } from './recent-refusals.ts';

/** If less than this fraction of the stated rate gets through, another limit refuses. */
const LESS = 0.8;
/** Successive lower measurements needed. */
const ENOUGH = 2;
/** A pace is dropped once it exceeds the stated rate by this factor. */
const ALL = 1.25;
const DOUBLING_MS = 500;
/** Number of newest attempts among which refusals are counted. */
const KEPT = 32;
/**
 * A limit that refuses what exceeds it admits as much at a slower pace, until nothing is refused any more. So if less than
 * `FELL` of what got through before still does, and refusals have not dropped below `HELPED` of before, slowing down is
 * useless.
 */
const FELL = 0.25;
const HELPED = 0.7;
/** Calls before the next trial; doubles each time. */
const FIRST_REST = 500;

/** A refusal by a limit that seemed to have enough left. */
export interface Contradiction {
  readonly amount: number;
  /** Order of sending. */
  readonly sequence: number;
  readonly sentAt: number;
  /** Whether the lane has not yet reacted to a refusal of a request sent this late. */
  readonly news: boolean;
  /** Whether the refusal named the wait. */
  readonly hinted: boolean;
}

/**
 * The rate that actually gets through where it is below the stated one: headers of a larger scope, a limit stated too
 * high, or other users that answers do not show. Two measurements that agree set a pace, which grows without refusals
 * until the stated rate applies again. If far less gets through and refusals persist, pace is not the cause: the stated
 * rate applies again too.
 */
export class EnforcedRate {
  readonly #pace = new MeasuredPace();
  /** Units per average call. */
  #size = 1;
  #less = 0;
  readonly #refusals = new RecentRefusals(KEPT);
  #sequence = 0;
  /** Pace and refusal share before slowing down, and the sequence number at which it happened. */
  #fromRate = 0;
  #fromShare = 0;
  #fromSequence = 0;
  #restsUntil = 0;
  #rest = FIRST_REST;

  /** Units per millisecond that got through between the last refusals; 0 if that is not known. */
  get measuredRate(): number {
    return this.#pace.average < Infinity ? this.#pace.average * this.#size : 0;
  }

  get holds(): boolean {
    return this.#pace.rate < Infinity;
  }

  take(amount: number, sequence: number): void {
    this.#size += (amount - this.#size) * Math.max(0.02, 1 / sequence);
    this.#pace.take(amount / this.#size, sequence);
    this.#refusals.sent(sequence);
    this.#sequence = sequence;
  }

  refused({ amount, sequence, sentAt, news }: Contradiction, toldRate: number, now: number): void {
    this.#pace.refused(amount / this.#size, sequence);
    this.#refusals.refused(sequence);
    if (!news) return;
    this.#pace.measure(sequence, sentAt);
    if (sequence < this.#restsUntil) return;
    const told = toldRate / this.#size;
    if (this.holds) {
      if (this.#isUseless(sequence)) return;
    } else {
      this.#less = this.#pace.average < LESS * told ? this.#less + 1 : 0;
      if (this.#less < ENOUGH) return;
      this.#slowedFrom(told, sequence);
    }
    this.#pace.slowDown(Math.min(told, 2 * this.#pace.average), now);
  }

  waitMs(amount: number, toldRate: number, now: number): number {
    const waitMs = this.#pace.waitMs(amount / this.#size, DOUBLING_MS, true, now);
    if (this.holds && this.#pace.rate * this.#size > ALL * toldRate) this.#forget();
    return waitMs;
  }

  #isUseless(sequence: number): boolean {
    if (sequence - this.#fromSequence < KEPT) return false;
    const share = this.#share();
    const through = this.#pace.rate * (1 - share);
    if (through >= FELL * this.#fromRate * (1 - this.#fromShare)) return false;
    if (share < HELPED * this.#fromShare) {
      this.#slowedFrom(this.#pace.rate, sequence);
      return false;
    }
    this.#forget();
    this.#restsUntil = sequence + this.#rest;
    this.#rest *= 2;
    return true;
  }

  #slowedFrom(rate: number, sequence: number): void {
    this.#fromRate = rate;
    this.#fromShare = this.#share();
    this.#fromSequence = sequence;
  }

  #share(): number {
    return this.#refusals.count(this.#sequence, KEPT) / KEPT;
  }

  #forget(): void {
    this.#pace.forget();
    this.#less = 0;
  }
}
