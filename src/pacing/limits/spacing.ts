import { RecentRefusals } from './recent-refusals.ts';
import { RefusalTime } from './refusal-time.ts';

/** Number of newest attempts that are evidence. */
const KEPT = 64;
/** Refused and served attempts needed. */
const ENOUGH = 3;
/** Every gap that was refused must be clearly shorter than those served: calls at regular intervals prove nothing. */
const SHORTER = 0.95;
/** Once that is believed, a refused one may be longer by this factor: requests do not take the same time each. */
const SAME = 1.1;

/**
 * Whether a limit refuses what follows the previous call too soon, since its bucket holds a single call: then every
 * refused attempt came sooner after the last one that got through than any served one did. What got through between two
 * refusals says little about such a limit, and neither does the number in flight.
 */
export class Spacing {
  readonly #sentAt = new Float64Array(KEPT);
  readonly #served = new Uint8Array(KEPT);
  readonly refusals: RecentRefusals = new RecentRefusals(KEPT);
  /** The shortest time between two calls that got through. */
  shortestMs: number = Infinity;
  #newest = 0;
  readonly #refusalTime = new RefusalTime();
  #isBelieved = false;

  get isBelieved(): boolean {
    return this.#isBelieved;
  }

  sent(sequence: number, now: number): void {
    this.#sentAt[sequence % KEPT] = now;
    this.#served[sequence % KEPT] = 0;
    this.refusals.sent(sequence);
    this.#newest = sequence;
  }

  served(sequence: number): void {
    if (this.#newest - sequence < KEPT) this.#served[sequence % KEPT] = 1;
  }

  refused(sequence: number, sentAt: number, now: number): void {
    this.#refusalTime.refused(sentAt, now);
    if (this.#newest - sequence < KEPT) this.refusals.refused(sequence);
    this.#isBelieved = this.#explains(sequence, now);
  }

  /** Refusals come in the order of sending, so what was sent before `refusedNow` and is unanswered was let through. */
  #explains(refusedNow: number, now: number): boolean {
    let shortestServed = Infinity;
    let longestRefused = 0;
    let served = 0;
    let refused = 0;
    let previous: number | undefined;
    const servedBefore = now - this.#refusalTime.waitMs;
    for (let each = Math.max(1, this.#newest - KEPT + 1); each <= this.#newest; each++) {
      const at = this.#sentAt[each % KEPT]!;
      const isRefused = this.refusals.has(each);
      const gap = previous === undefined ? undefined : at - previous;
      if (!isRefused) previous = at;
      if (gap === undefined) continue;
      if (isRefused) {
        refused++;
        longestRefused = Math.max(longestRefused, gap);
      } else if (this.#served[each % KEPT] === 1 || each < refusedNow || at < servedBefore) {
        served++;
        shortestServed = Math.min(shortestServed, gap);
      }
    }
    this.shortestMs = shortestServed;
    const isEnough = this.#isBelieved || (served >= ENOUGH && refused >= ENOUGH);
    return isEnough && longestRefused < (this.#isBelieved ? SAME : SHORTER) * shortestServed;
  }
}
