import { isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import type { LimitReading } from '../../core/outcome.ts';
import type { Amounts, Reservation } from '../usage/reservation.ts';
import type { LimitSet } from './limit-set.ts';
import { ColdStart } from './cold-start.ts';
import type { LimitDivider } from './limit-divider.ts';

/** Assumed number of processes of one account that start in the same second; rarely more. */
const MANY = 64;
/** Calls that are always allowed: few enough to hurt no process that starts in the same second. */
const CAUTIOUS = 2;
/** Upper bound: with more at once, too many would be refused before the other processes' usage shows. */
const BOLD = 32;
/** When processes start together, the first responses of each cannot show the others' usage yet. */
const UNTOLD = 2;
/** Fraction of a bucket that may be missing although nobody else has used the limit. */
const OURS = 0.01;
const EXPLAINED_DOUBLING_MS = 50;
/**
 * Calls added by each answer that states no limit of requests: more if it states another limit that has no other users;
 * for a batch only the slot that the answer freed.
 */
const PER_ANSWER = 2;
const PER_TELLING_ANSWER = 3.5;
const PATIENT_PER_ANSWER = 1;

/** State of a lane that wants to send one of its first calls. */
export interface FirstWait {
  readonly reserved: Readonly<Amounts>;
  readonly queued: number;
  /** Whether some of them belong to a batch. */
  readonly patient: boolean;
  readonly active: number;
  /** Whether a known limit already holds the lane, so that there is nothing to find out. */
  readonly held: boolean;
  /** Time in which the number of calls doubles, if it is known how fast refusals arrive. */
  readonly doublingMs: number | undefined;
}

/** A lane's first calls, before its limits are known. `ColdStart` decides how many may go. */
export class FirstCalls {
  readonly #limits: LimitSet;
  readonly #divider: LimitDivider | undefined;
  /** Undefined once the cold start is over. */
  #opening: ColdStart | undefined;
  /** Whether all consumption is accounted for: by this process, or by other users whose rate has been measured. */
  #explained = false;
  /** Whether the calls that last asked include a batch's. */
  #patient = false;

  constructor(limits: LimitSet, divider: LimitDivider | undefined) {
    this.#limits = limits;
    this.#divider = divider;
    if (!limits.paces) this.#opening = new ColdStart();
  }

  get over(): boolean {
    return this.#opening === undefined;
  }

  end(): void {
    this.#opening = undefined;
  }

  waitMs(wait: FirstWait, now: number): number {
    if (!this.#opening) return 0;
    this.#patient = wait.patient;
    const joinMs = this.#divider ? this.#joinMs(this.#divider) : 0;
    this.#endWhereItFits(wait);
    // One call at a time is slow enough by itself.
    if (!this.#opening || wait.active === 0) return joinMs;
    const hurries = !wait.patient && this.#explained && !this.#limits.shared;
    const doublingMs = hurries ? EXPLAINED_DOUBLING_MS : wait.doublingMs;
    return Math.max(joinMs, this.#opening.waitMs(now, doublingMs));
  }

  take(reserved: Readonly<Amounts>): void {
    this.#opening?.take(this.#limits.refillMs(reserved));
  }

  /** An answer stated limits. */
  told(reservation: Reservation, readings: readonly LimitReading[]): void {
    if (!this.#opening || this.#limits.get('requests')?.observed !== true) return;
    // Groq states no limit of requests per minute, and its token limit may admit far more calls at once.
    // The rest of a fleet probes at the same time, and what fits one process does not fit all.
    const alone = (this.#divider?.fleet ?? 1) === 1;
    const isTold = alone && !this.#limits.suspect;
    this.#explained = isTold && (this.#allOurs(reservation, readings) || this.#limits.gauged);
    if (this.#explained) return;
    const share = this.#patient ? CAUTIOUS : this.#limits.roomFor(reservation.reserved) / MANY;
    this.#opening.allow(Math.max(CAUTIOUS, Math.min(BOLD, share)));
  }

  /** How many calls a success adds. */
  get #perAnswer(): number {
    if (this.#patient) return PATIENT_PER_ANSWER;
    return !this.#divider && this.#limits.paces && !this.#limits.shared ? PER_TELLING_ANSWER : PER_ANSWER;
  }

  succeeded(): void {
    if (!this.#limits.get('requests')) this.#opening?.answered(this.#perAnswer);
    if (this.#opening?.done) this.end();
  }

  /** The rest of the fleet already knows the limits, or is probing them now. */
  #joinMs(divider: LimitDivider): number {
    if (divider.warm && this.#limits.paces) this.end();
    // In a large fleet the division of leases does the probing.
    else this.#opening!.sharers = divider.crowded && this.#limits.get('requests')?.observed ? 1 : divider.fleet;
    return divider.joinMs();
  }

  /**
   * Consumption is accounted for, so an interactive burst that fits goes at once. A batch still ramps up, since a limit
   * may admit a smaller burst than it states; refusals then arrive within a few doublings.
   */
  #endWhereItFits({ reserved, queued, patient, held }: FirstWait): void {
    if (!this.#opening || !this.#explained) return;
    const fits = !patient && this.#opening.isBurst(queued) && queued <= this.#limits.roomFor(reserved);
    if (held || fits) this.end();
  }

  /** Whether only our own consumption is missing, so that nobody else has used the limits. */
  #allOurs({ marks, sequence }: Reservation, readings: readonly LimitReading[]): boolean {
    if (sequence <= UNTOLD) return false;
    return readings.every(({ dimension, limit, remaining }) => {
      if (!isBucket(dimension) || remaining === undefined || LIMIT_KINDS[dimension].perDay) return true;
      const full = this.#limits.get(dimension)?.full ?? limit;
      return full - remaining - marks[LIMIT_KINDS[dimension].unit] <= OURS * full;
    });
  }
}
