import { Foreign } from './other-users.ts';

/**
 * Beside others everyone goes by the level that all of them see: faster than its share above the comfortable level,
 * slower below it, so that the sum settles there. Slower than answers are late, or it would swing.
 */
const MIN_COMFORT_MS = 1_000;
const MAX_COMFORT_MS = 4_000;
const COMFORT_PER_LATENESS = 1.5;
const MAX_COMFORT = 0.2;
/** Below what a call needs nobody could go: the level must settle well above it. */
const COMFORT_PER_NEED = 2;
const MIN_HASTE = 0.1;
const MAX_HASTE = 2;
/** What is above the comfortable level is spent in this time, of a bucket that takes many times as long to fill. */
const SPENT_IN_MS = 2_000;
const LONG_MS = 20_000;
/** What others send by chance more than on average in this time stays in the bucket. */
const CHANCE_MS = 1_000;

/** How a limit is divided between us and others who use it too, none of whom we can talk to. */
export class Sharing {
  readonly foreign: Foreign = new Foreign();
  /** Our part of the limit. */
  #share = 1;
  /** How much faster or slower than our part we go, because the level is high or low. */
  #haste = 1;

  /**
   * `latenessMs`: how old what answers tell is when they come. `need`: what must be there for a large call to go.
   * `atMost`: part of the limit that may be ours at most; 1 where nobody says.
   */
  divide(
    level: number,
    burst: number,
    limitRate: number,
    latenessMs: number,
    need: number,
    now: number,
    atMost = 1,
  ): void {
    const found = this.foreign.share(limitRate, now);
    this.#share = Math.min(found, atMost);
    const comfortMs = Math.min(MAX_COMFORT_MS, Math.max(MIN_COMFORT_MS, COMFORT_PER_LATENESS * latenessMs));
    const most = Math.max(MAX_COMFORT * burst, Math.min(burst, need) / MAX_HASTE);
    const comfort = Math.min(most, Math.max(comfortMs * limitRate, COMFORT_PER_NEED * need));
    // A level that nobody else's answers show says nothing of how much faster all of them may go.
    const spentInMs = Math.max(SPENT_IN_MS, COMFORT_PER_LATENESS * latenessMs);
    const surplus = burst > LONG_MS * limitRate ? 1 + (level - comfort) / (limitRate * spentInMs) : 0;
    const fastest = atMost < found ? 1 : Math.max(MAX_HASTE, surplus);
    this.#haste = this.shared ? Math.min(fastest, Math.max(MIN_HASTE, level / comfort, surplus)) : 1;
  }

  get shared(): boolean {
    return this.#share < 1;
  }

  get share(): number {
    return this.#share;
  }

  /** Part of the limit's rate at which we go. */
  get pace(): number {
    return this.#share * this.#haste;
  }

  /** Part of the refill that others leave, if they hurry as we do. */
  get left(): number {
    return this.shared ? 1 - (1 - this.#share) * this.#haste : 1;
  }

  /** What others may take at any moment beyond what they take on average; `size` is that of a request. */
  chance(limitRate: number, size: number): number {
    return this.shared ? Math.sqrt(limitRate * CHANCE_MS * size) : 0;
  }
}
