import { OtherUsers } from './other-users.ts';

/**
 * Processes that share a limit coordinate through the level that all of them observe: above the target level each sends
 * faster than its share, below it slower, so their sum settles there. The target, as refill time, must exceed the age
 * of answers, or the loop oscillates.
 */
const MIN_TARGET_MS = 1_000;
const MAX_TARGET_MS = 4_000;
const TARGET_PER_ANSWER_AGE = 1.5;
/** Fraction of the bucket. */
const MAX_TARGET = 0.2;
/** No call can go while the level is below what it needs, so the level must settle well above that. */
const TARGET_PER_NEED = 2;
const MIN_SPEED = 0.1;
const MAX_SPEED = 2;
/** Time in which a surplus above the target is spent, if the bucket takes longer than `LONG_MS` to fill. */
const SPENT_IN_MS = 2_000;
const LONG_MS = 20_000;
/** The bucket keeps what other users may by chance send above their average in this time. */
const CHANCE_MS = 1_000;

/** Divides a limit between this process and other users with which it cannot communicate. */
export class SharedPace {
  readonly foreign: OtherUsers = new OtherUsers();
  /** Our part of the limit. */
  #share = 1;
  /** Factor on our share: above 1 while the level is high, below 1 while it is low. */
  #speed = 1;

  /**
   * `answerAgeMs`: age of the reported level on arrival. `need`: the level that a large call requires.
   * `atMost`: upper bound of our share of the limit.
   */
  divide(
    level: number,
    burst: number,
    limitRate: number,
    answerAgeMs: number,
    need: number,
    now: number,
    atMost = 1,
  ): void {
    const found = this.foreign.share(limitRate, now);
    this.#share = Math.min(found, atMost);
    if (!this.shared) {
      this.#speed = 1;
      return;
    }
    const targetMs = Math.min(MAX_TARGET_MS, Math.max(MIN_TARGET_MS, TARGET_PER_ANSWER_AGE * answerAgeMs));
    const most = Math.max(MAX_TARGET * burst, Math.min(burst, need));
    const target = Math.min(most, Math.max(targetMs * limitRate, TARGET_PER_NEED * need));
    // A surplus that only our answers show is invisible to the others, so it must not speed everyone up.
    const spentInMs = Math.max(SPENT_IN_MS, TARGET_PER_ANSWER_AGE * answerAgeMs);
    const surplus = burst > LONG_MS * limitRate ? 1 + (level - target) / (limitRate * spentInMs) : 0;
    const fastest = atMost < found ? 1 : Math.max(MAX_SPEED, surplus);
    this.#speed = Math.min(fastest, Math.max(MIN_SPEED, level / target, surplus));
  }

  get shared(): boolean {
    return this.#share < 1;
  }

  get share(): number {
    return this.#share;
  }

  /** Our sending rate, as a fraction of the limit's. */
  get pace(): number {
    return this.#share * this.#speed;
  }

  /** Fraction of the refill that is left to us if the others adjust their speed as we do. */
  get left(): number {
    return this.shared ? 1 - (1 - this.#share) * this.#speed : 1;
  }

  /** How much others may take by chance above their average; `size` is the size of one request. */
  chance(limitRate: number, size: number): number {
    return this.shared ? Math.sqrt(limitRate * CHANCE_MS * size) : 0;
  }
}
