import { OtherUsers } from './other-users.ts';

/**
 * Processes that share a limit coordinate through its level, which all of them observe: above the target level each goes
 * faster than its share, below it slower, so that the sum settles there. The target is further away than answers are old,
 * or the loop would oscillate.
 */
const MIN_TARGET_MS = 1_000;
const MAX_TARGET_MS = 4_000;
const TARGET_PER_ANSWER_AGE = 1.5;
/** As a part of the bucket. */
const MAX_TARGET = 0.2;
/** No process can go while less is left than its call needs, so the level has to settle well above that. */
const TARGET_PER_NEED = 2;
const MIN_SPEED = 0.1;
const MAX_SPEED = 2;
/** A surplus above the target level is spent in this time, if the bucket takes many times as long to fill. */
const SPENT_IN_MS = 2_000;
const LONG_MS = 20_000;
/** The excess that other users send by chance in this time is left in the bucket. */
const CHANCE_MS = 1_000;

/** Divides a limit between this process and other users that it cannot talk to. */
export class SharedPace {
  readonly foreign: OtherUsers = new OtherUsers();
  /** Our part of the limit. */
  #share = 1;
  /** Factor by which we go faster or slower than our part, because the level is high or low. */
  #speed = 1;

  /**
   * `answerAgeMs`: age of what answers report when they arrive. `need`: the level at which a large call can go.
   * `atMost`: largest part of the limit that may be ours; 1 without such a bound.
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
    const targetMs = Math.min(MAX_TARGET_MS, Math.max(MIN_TARGET_MS, TARGET_PER_ANSWER_AGE * answerAgeMs));
    const most = Math.max(MAX_TARGET * burst, Math.min(burst, need) / MAX_SPEED);
    const target = Math.min(most, Math.max(targetMs * limitRate, TARGET_PER_NEED * need));
    // Others do not see a surplus that only our answers show, so it is no reason for everyone to go faster.
    const spentInMs = Math.max(SPENT_IN_MS, TARGET_PER_ANSWER_AGE * answerAgeMs);
    const surplus = burst > LONG_MS * limitRate ? 1 + (level - target) / (limitRate * spentInMs) : 0;
    const fastest = atMost < found ? 1 : Math.max(MAX_SPEED, surplus);
    this.#speed = this.shared ? Math.min(fastest, Math.max(MIN_SPEED, level / target, surplus)) : 1;
  }

  get shared(): boolean {
    return this.#share < 1;
  }

  get share(): number {
    return this.#share;
  }

  /** Part of the limit's rate at which we go. */
  get pace(): number {
    return this.#share * this.#speed;
  }

  /** Part of the refill that others leave if their speed is ours. */
  get left(): number {
    return this.shared ? 1 - (1 - this.#share) * this.#speed : 1;
  }

  /** What others may take at any moment above their average; `size` is that of a request. */
  chance(limitRate: number, size: number): number {
    return this.shared ? Math.sqrt(limitRate * CHANCE_MS * size) : 0;
  }
}
