import { isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import type { LimitReading } from '../../core/outcome.ts';
import type { Amounts, Reservation } from '../usage/reservation.ts';
import type { LimitSet } from './limit-set.ts';
import { ColdStart } from './cold-start.ts';
import type { Division } from './division.ts';

/** Processes of one account that start in the same second; rarely more. */
const MANY = 64;
/** This many calls hurt no process that starts in the same second. */
const CAUTIOUS = 2;
/** More at once would have too many refused before the others could report it. */
const BOLD = 32;
/** When processes start together, the first requests of each arrive before anyone else's. */
const UNTOLD = 2;
/** Fraction that may be missing although nobody else has used the limit. */
const OURS = 0.01;
const EXPLAINED_DOUBLING_MS = 50;
/**
 * So many more go with each answer that tells no limit of requests: more where it tells another limit that nobody else
 * uses, and of a batch only what the answer made room for.
 */
const PER_ANSWER = 2;
const PER_TELLING_ANSWER = 3.5;
const PATIENT_PER_ANSWER = 1;

/** State of a lane that wants to send one of its first calls. */
export interface FirstWait {
  readonly reserved: Readonly<Amounts>;
  readonly queued: number;
  /** Whether some of them belong to a batch, whose answers nobody waits for. */
  readonly patient: boolean;
  readonly active: number;
  /** Whether a known limit holds the lane: then there is nothing to find out. */
  readonly held: boolean;
  /** Time in which twice as many calls go, if refusals have shown how soon they come. */
  readonly doublingMs: number | undefined;
}

/** The calls of a lane while it is not known what the provider lets through: see `ColdStart` for how many may go. */
export class FirstCalls {
  readonly #limits: LimitSet;
  readonly #division: Division | undefined;
  /** Undefined once they are over. */
  #opening: ColdStart | undefined;
  /** Whether all that is missing from the limits was taken by us, or is known to be taken by others. */
  #explained = false;
  /** Whether some of the calls that asked last are ones nobody waits for. */
  #patient = false;

  constructor(limits: LimitSet, division: Division | undefined) {
    this.#limits = limits;
    this.#division = division;
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
    const joinMs = this.#division ? this.#joinMs(this.#division) : 0;
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
    // Groq states no limit of requests per minute, and tokens may admit far more calls at once.
    // Other processes of the fleet probe at the same time: what fits one does not fit all.
    const alone = (this.#division?.fleet ?? 1) === 1;
    this.#explained = alone && (this.#allOurs(reservation, readings) || this.#limits.gauged);
    if (this.#explained) return;
    const share = this.#patient ? CAUTIOUS : this.#limits.roomFor(reservation.reserved) / MANY;
    this.#opening.allow(Math.max(CAUTIOUS, Math.min(BOLD, share)));
  }

  /** How many more calls may go because one got through. */
  get #perAnswer(): number {
    if (this.#patient) return PATIENT_PER_ANSWER;
    return !this.#division && this.#limits.paces && !this.#limits.shared ? PER_TELLING_ANSWER : PER_ANSWER;
  }

  succeeded(): void {
    if (!this.#limits.get('requests')) this.#opening?.answered(this.#perAnswer);
    if (this.#opening?.done) this.end();
  }

  /** Others already know the limits, or are testing them now. */
  #joinMs(division: Division): number {
    if (division.warm && this.#limits.paces) this.end();
    // Whoever divides a lease among many processes does the probing.
    else this.#opening!.sharers = division.crowded && this.#limits.get('requests')?.observed ? 1 : division.fleet;
    return division.joinMs();
  }

  /**
   * Nobody else is here, or it is known what they take: a burst that fits goes at once. A batch does not, since a limit may
   * let through less at once than it tells: refusals come within a few times of its doubling.
   */
  #endWhereItFits({ reserved, queued, patient, held }: FirstWait): void {
    if (!this.#opening || !this.#explained) return;
    const fits = !patient && this.#opening.isBurst(queued) && queued <= this.#limits.roomFor(reserved);
    if (held || fits) this.end();
  }

  /** Whether only what we took is missing, so that nobody else has used the limits. */
  #allOurs({ marks, sequence }: Reservation, readings: readonly LimitReading[]): boolean {
    if (sequence <= UNTOLD) return false;
    return readings.every(({ dimension, limit, remaining }) => {
      if (!isBucket(dimension) || remaining === undefined || LIMIT_KINDS[dimension].perDay) return true;
      const full = this.#limits.get(dimension)?.full ?? limit;
      return full - remaining - marks[LIMIT_KINDS[dimension].unit] <= OURS * full;
    });
  }
}
