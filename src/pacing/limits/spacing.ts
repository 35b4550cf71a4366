import { refusalWaitMs } from './refusal-wait.ts';

/** Number of newest attempts that are evidence. */
const KEPT = 64;
/** Refused and served attempts needed. */
const ENOUGH = 3;
/** Every gap that was refused must be clearly shorter than those served: calls at regular intervals prove nothing. */
const SHORTER = 0.95;
/** Once that is believed, a refused one may be longer by this factor: requests do not take the same time each. */
const SAME = 1.1;

const UNANSWERED = 0;
const SERVED = 1;
const REFUSED = 2;

/**
 * Whether a limit refuses what follows the previous call too soon, since its bucket holds a single call: then every
 * refused attempt came sooner after the last one that got through than any served one did. What got through between two
 * refusals says little about such a limit, and neither does the number in flight.
 */
export class Spacing {
  readonly #sentAt = new Float64Array(KEPT);
  readonly #outcome = new Uint8Array(KEPT);
  /** The shortest time between two calls that got through. */
  shortestMs: number = Infinity;
  #newest = 0;
  #refusalMs = 0;
  #isBelieved = false;

  get isBelieved(): boolean {
    return this.#isBelieved;
  }

  sent(sequence: number, now: number): void {
    this.#sentAt[sequence % KEPT] = now;
    this.#outcome[sequence % KEPT] = UNANSWERED;
    this.#newest = sequence;
  }

  served(sequence: number): void {
    if (this.#newest - sequence < KEPT) this.#outcome[sequence % KEPT] = SERVED;
  }

  refused(sequence: number, sentAt: number, now: number): void {
    this.#refusalMs += (now - sentAt - this.#refusalMs) * (this.#refusalMs === 0 ? 1 : 0.2);
    if (this.#newest - sequence < KEPT) this.#outcome[sequence % KEPT] = REFUSED;
    this.#isBelieved = this.#explains(sequence, now);
  }

  /** How many of the `among` newest attempts up to this one were refused. */
  refusedAmong(sequence: number, among: number): number {
    let refused = 0;
    for (let each = Math.max(1, sequence - among + 1); each <= sequence; each++) {
      if (this.#outcome[each % KEPT] === REFUSED) refused++;
    }
    return refused;
  }

  /** Refusals come in the order of sending, so what was sent before `refusedNow` and is unanswered was let through. */
  #explains(refusedNow: number, now: number): boolean {
    let shortestServed = Infinity;
    let longestRefused = 0;
    let served = 0;
    let refused = 0;
    let previous: number | undefined;
    const servedBefore = now - refusalWaitMs(this.#refusalMs);
    for (let each = Math.max(1, this.#newest - KEPT + 1); each <= this.#newest; each++) {
      const at = this.#sentAt[each % KEPT]!;
      const outcome = this.#outcome[each % KEPT];
      const gap = previous === undefined ? undefined : at - previous;
      if (outcome !== REFUSED) previous = at;
      if (gap === undefined) continue;
      if (outcome === REFUSED) {
        refused++;
        longestRefused = Math.max(longestRefused, gap);
      } else if (outcome === SERVED || each < refusedNow || at < servedBefore) {
        served++;
        shortestServed = Math.min(shortestServed, gap);
      }
    }
    this.shortestMs = shortestServed;
    const isEnough = this.#isBelieved || (served >= ENOUGH && refused >= ENOUGH);
    return isEnough && longestRefused < (this.#isBelieved ? SAME : SHORTER) * shortestServed;
  }
}
