/** Number of newest attempts for which the amount sent before them is remembered. */
const KEPT = 64;
const BURST_MS = 1_000;
/** Slowest pace in calls per millisecond: three requests a minute. */
const SLOWEST = 1 / 20_000;
const CUT = 0.9;
const BELOW = 0.97;
/** Measurements of one rate agree within this, and slightly more if few calls were counted. */
const SAME = 0.2;
/** Maximum number of calls that the mean remembers. */
const MEMORY = 24;
/** A refusal this far above the mean shows that the mean was too low. */
const FAR = 2.5;
const MAX_CONFIRMED = 7;
const MIN_HOLD_MS = 1_000;
const MAX_HOLD_MS = 5_000;
const TOO_LONG_MS = 120_000;
/** Longest wait before a growing pace is evaluated again. */
const LOOK_AGAIN_MS = 200;
/** A measurement below this fraction of the highest one contradicts it: a refusal at that pace has another cause. */
const CONTRADICTS = 0.6;
const TELLING = 3;

/**
 * The pace that a limit admits, in calls of average size per time: what got through between two refusals, since the
 * limit was exhausted at both. Calls go slightly slower; without further refusals the pace doubles.
 */
export class MeasuredPace {
  /** Allowed calls per millisecond; Infinity while nothing is held. */
  rate: number = Infinity;
  /** Mean pace that gets through. */
  average: number = Infinity;
  /** Highest pace that got through. */
  highest = 0;
  /** Successive measurements clearly below the maximum. */
  contradictions = 0;
  /** When the refused request of the last measurement was sent. */
  refusedAt: number = -Infinity;
  /** Whether the limit admits one call at a time, of any size. */
  #isSpaced = false;
  #level = 0;
  #at = 0;
  #growsFrom = 0;
  /** Until when calls wait for this pace. */
  #heldUntil = 0;
  /** How many measurements have confirmed the mean, and from how many calls. */
  #confirmed = 0;
  #known = 0;
  /** Total sent, and the total before each of the newest attempts. */
  #total = 0;
  readonly #sent = new Float64Array(KEPT);
  #sequence = 0;
  #measuredTotal = 0;
  #refusedSince = 0;
  #measuredTo = 0;

  get confirmed(): boolean {
    return this.#confirmed > 0;
  }

  /** Milliseconds until a call of this cost may go. `mayGrow` is false while nothing gets through. */
  waitMs(cost: number, doublingMs: number, mayGrow: boolean, now: number): number {
    if (this.rate === Infinity) return 0;
    this.#grow(doublingMs, mayGrow, now);
    const amount = Math.min(this.#isSpaced ? 1 : cost, this.#most);
    const waitMs = Math.min(LOOK_AGAIN_MS, Math.max(0, (amount - this.#level) / this.rate));
    this.#heldUntil = now + waitMs;
    return waitMs;
  }

  take(cost: number, sequence: number): void {
    this.#sent[sequence % KEPT] = this.#total;
    this.#total += cost;
    this.#level -= this.#isSpaced ? 1 : cost;
    this.#sequence = sequence;
  }

  /** Records a refusal. Only new ones are also measured. */
  refused(cost: number, sequence: number): void {
    if (sequence > this.#measuredTo) this.#refusedSince += cost;
    this.#level += cost;
  }

  /** Measures the limit: what it admitted since the last refusal, divided by the elapsed time. */
  measure(sequence: number, sentAt: number): void {
    const elapsedMs = Math.max(1, sentAt - this.refusedAt);
    const total = this.#sequence - sequence < KEPT ? this.#sent[sequence % KEPT]! : this.#total;
    const accepted = Math.max(0, total - this.#measuredTotal - this.#refusedSince);
    this.refusedAt = sentAt;
    this.#measuredTotal = total;
    this.#measuredTo = sequence;
    this.#refusedSince = 0;
    if (accepted < 1 || elapsedMs > TOO_LONG_MS) return;
    const measured = accepted / elapsedMs;
    if (accepted >= TELLING) {
      this.contradictions = measured < CONTRADICTS * this.highest ? this.contradictions + 1 : 0;
      this.highest = Math.max(this.highest, measured);
    }
    const off = Math.abs(measured / this.average - 1);
    // Few calls can differ much from their mean by chance; the first measurement confirms nothing.
    if (this.average < Infinity && off <= SAME + 2 / Math.sqrt(accepted) && this.rate < FAR * this.average) {
      this.#confirmed = Math.min(MAX_CONFIRMED, this.#confirmed + 1);
      this.#known = Math.min(MEMORY, this.#known) + accepted;
      const times = 1 / this.average + (1 / measured - 1 / this.average) * (accepted / this.#known);
      this.average = 1 / times;
    } else {
      this.#confirmed = Math.max(0, this.#confirmed - 2);
      this.#known = accepted;
      this.average = measured;
    }
  }

  /** What gets through are single calls with at least this time in between; undefined if nothing suggests that. */
  space(shortestMs: number | undefined): void {
    this.#isSpaced = shortestMs !== undefined;
    if (shortestMs === undefined) return;
    this.average = 1 / shortestMs;
    this.#confirmed = Math.min(MAX_CONFIRMED, this.#confirmed + 1);
    this.contradictions = 0;
  }

  /** Goes slower than the refused traffic, which was sent at `rate`. */
  slowDown(rate: number, now: number): void {
    const known = this.average < Infinity ? this.average : 0;
    // A lane that has just waited was sending almost nothing, which is not the rate that was refused.
    const before = Math.min(this.rate, Math.max(rate, known, SLOWEST));
    this.set(Math.min(CUT * before, Math.max(before / 2, BELOW * Math.min(before, this.average))), now);
    this.exhaust();
  }

  set(rate: number, now: number): void {
    if (this.rate === Infinity) this.#level = 0;
    this.rate = Math.max(rate, SLOWEST);
    this.#at = now;
    const holdMs = this.#confirmed === 0 ? 0 : Math.max(MIN_HOLD_MS, 2 ** this.#confirmed / this.rate);
    this.#growsFrom = now + Math.min(MAX_HOLD_MS, holdMs);
  }

  /** Treats the pace as measured twice. */
  recall(rate: number, now: number): void {
    this.average = rate;
    this.#confirmed = 1;
    this.#known = 1;
    this.set(rate, now);
  }

  /** Nothing is left now. */
  exhaust(): void {
    this.#level = Math.min(0, this.#level);
  }

  /** Calls get through again: one may go at once. */
  open(now: number): void {
    this.#level = 1;
    this.#at = now;
    // The trial that prevented growth has ended.
    if (this.#growsFrom < now || this.#growsFrom === Infinity) this.#growsFrom = now;
  }

  /** Starts growing at `at`. */
  growFrom(at: number): void {
    this.#growsFrom = at;
  }

  forget(): void {
    this.rate = Infinity;
    this.average = Infinity;
    this.#known = 0;
    this.highest = 0;
    this.contradictions = 0;
    this.#confirmed = 0;
    this.#isSpaced = false;
  }

  /** What accumulates while nothing is sent. */
  get #most(): number {
    return this.#isSpaced ? 1 : Math.max(1, this.rate * BURST_MS);
  }

  #grow(doublingMs: number, mayGrow: boolean, now: number): void {
    const elapsed = now - this.#at;
    if (elapsed <= 0) return;
    const before = this.rate;
    // The pace grows only while calls wait for it.
    const until = mayGrow ? Math.min(now, this.#heldUntil) : this.#at;
    const grown = Math.max(0, until - Math.max(this.#at, this.#growsFrom));
    this.rate *= 2 ** (grown / (doublingMs * (1 + this.#confirmed)));
    this.#level = Math.min(this.#most, this.#level + (elapsed * (before + this.rate)) / 2);
    this.#at = now;
  }
}
