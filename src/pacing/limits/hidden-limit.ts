import type { WhoWaits } from '../../core/admission.ts';

const METER_MS = 500;
const MINUTE = 60_000;
/** Newest attempts among which refusals are counted: to see a wall, and to see that a pace is too high. */
const FEW = 8;
const SOME = 16;
const KEPT = 64;
const WALL = 0.7;
const TOO_FAST = 0.45;
const FIRST_PAUSE_MS = 250;
const MOST_PAUSE_MS = 8_000;
/** While nothing gets through it is tried again after this part of the time that it lasts. */
const PAUSE_SHARE = 0.15;
/** A call that was not refused after so many times as long as refusals take was let through. */
const PATIENCE = 2;
const LEAST_PATIENCE_MS = 50;
/** A pace doubles in so many times as long as refusals take: a tenth of what is sent is then on its way too much. */
const DOUBLING = 8;
const LEAST_DOUBLING_MS = 50;
const MOST_DOUBLING_MS = 500;
const BURST_MS = 1_000;
/** In calls of average size. */
const LARGE = 1.5;
/** The slowest limits are three requests a minute. */
const LEAST_RATE = 1 / 20_000;
const CUT = 0.9;
const BELOW = 0.97;
/** Measurements of one rate agree within this, and a little more where few calls were counted. */
const SAME = 0.2;
/** What is known of so many calls counts for the mean. */
const MEMORY = 24;
/** Refused so far above the mean, the mean was too low. */
const FAR = 2.5;
const MOST_CONFIRMED = 7;
const LEAST_HOLD_MS = 1_000;
const MOST_HOLD_MS = 60_000;
/** So fast it limits nothing. */
const DONE = 2;
/** A pace that grows is looked at again. */
const LOOK_AGAIN_MS = 200;
/** Refused so often among the newest attempts: it is tried whether a slower pace is refused less. */
const TRIED_AFTER = 3;
/** Calls after which it is tried again; each time twice as many. */
const TRIED_AGAIN_AFTER = 500;
const TRIAL_PACE = 0.7;
const TRIAL = 24;
const HELPED = 0.5;
/** More than this was let through from an exhausted limit before: a refusal now is no matter of pace. */
const CONTRADICTS = 0.6;
const TELLING = 3;
/** No more than this part of all attempts is refused by chance. */
const MOST_BY_CHANCE = 0.3;

/** What a settlement means for the lane. */
export interface Verdict {
  readonly who: WhoWaits | undefined;
  readonly laneMs: number;
}

export interface HiddenRefusal {
  readonly cost: number;
  /** Order of sending. */
  readonly sequence: number;
  readonly sentAt: number;
  readonly hintMs: number | undefined;
  /** Whether the lane has not reacted yet to one that was sent as late. */
  readonly news: boolean;
  readonly alone: boolean;
  /** Whether the pace still grows from that of the first calls. */
  readonly opening: boolean;
}

export type HiddenBelief = 'none' | 'wall' | 'pace' | 'trial' | 'chance';

const LANE: Verdict = { who: 'lane', laneMs: 0 };
const CALL: Verdict = { who: 'call', laneMs: 0 };

/**
 * A limit of which nothing is told but that it refused, in calls of average size. What is believed of it, and what
 * overturns that:
 *
 * - `wall`: nothing gets through at any pace. Wait, and try with one call, until one does.
 * - `pace`: what was let through between two refusals is the limit. Without further ones the pace doubles; refused at
 *   less than what was let through before, it is chance.
 * - `trial`: some are refused. Slower for a while; fewer refusals are `pace`, as many are `chance`.
 * - `chance`: refusals come at any pace, and slowing down is no use. More of them than that are a wall or a pace.
 */
export class HiddenLimit {
  /** How soon refusals come. */
  refusalMs = 0;
  #belief: HiddenBelief = 'none';
  #rate = Infinity;
  #level = 0;
  #at = 0;
  #growsFrom = 0;
  /** Until when calls wait for this pace. */
  #heldUntil = 0;
  /** How often a measurement has confirmed the mean rate that is let through, and how many calls that is known from. */
  #confirmed = 0;
  #average = Infinity;
  #known = 0;
  #highest = 0;
  #contradictions = 0;
  #refusedAt = -Infinity;
  /** All that was sent, up to each of the newest attempts too. */
  #total = 0;
  readonly #sent = new Float64Array(KEPT);
  #measuredTotal = 0;
  #refusedSince = 0;
  #measuredTo = 0;
  #wallSince = 0;
  #probe = 0;
  #probeAt: number | undefined;
  /** When the next call may try whether anything gets through. */
  #tryAt = 0;
  #trialFrom = 0;
  #trialShare = 0;
  #nextTrial = 0;
  #trialEvery = TRIED_AGAIN_AFTER;
  readonly #refused = new Uint8Array(KEPT);
  #sequence = 0;
  #minute = 0;
  #minuteAt = 0;
  #meterFrom = 0;
  #metered = 0;
  #recent = 0;

  get belief(): HiddenBelief {
    return this.#belief;
  }

  get ratePerMs(): number | undefined {
    return this.#rate < Infinity ? this.#rate : undefined;
  }

  /** In this time a pace that meets no refusals doubles. */
  get doublingMs(): number {
    return Math.min(MOST_DOUBLING_MS, Math.max(LEAST_DOUBLING_MS, DOUBLING * this.refusalMs));
  }

  waitMs(cost: number, now: number): number {
    if (this.#belief === 'wall') {
      if (this.#probeAt === undefined) return Math.max(0, this.#tryAt - now);
      // Refusals come sooner than answers: a call that is not refused by now was let through.
      const leftMs = this.#probeAt + PATIENCE * this.refusalMs + LEAST_PATIENCE_MS - now;
      if (leftMs > 0) return leftMs;
      this.#open(now);
    }
    if (this.#rate === Infinity) return 0;
    this.#grow(now);
    const most = Math.max(1, this.#rate * BURST_MS);
    const waitMs = Math.min(LOOK_AGAIN_MS, Math.max(0, (Math.min(cost, most) - this.#level) / this.#rate));
    this.#heldUntil = now + waitMs;
    return waitMs;
  }

  take(cost: number, sequence: number, now: number): void {
    this.#meter(now);
    this.#metered += cost;
    this.#minute = this.#lastMinute(now) + cost;
    this.#minuteAt = now;
    this.#sent[sequence % KEPT] = this.#total;
    this.#total += cost;
    this.#level -= cost;
    this.#sequence = sequence;
    this.#refused[sequence % KEPT] = 0;
    if (this.#belief === 'trial') this.#judge(now);
    if (this.#belief !== 'wall' || this.#probeAt !== undefined) return;
    this.#probeAt = now;
    this.#probe = sequence;
  }

  /** The call with this place in the order of sending got through. */
  succeeded(sequence: number, now: number): void {
    if (this.#belief === 'wall' && sequence >= this.#probe) this.#open(now);
  }

  /** Says who waits, and how long the lane must pause. */
  throttled(refusal: HiddenRefusal, now: number): Verdict {
    const { cost, sequence, sentAt, hintMs, news } = refusal;
    this.refusalMs += (now - sentAt - this.refusalMs) * (this.refusalMs === 0 ? 1 : 0.2);
    if (sequence > this.#measuredTo) this.#refusedSince += cost;
    this.#minute -= cost;
    this.#metered -= cost;
    this.#level += cost;
    this.#refused[sequence % KEPT] = 1;
    const walled = this.#belief === 'wall';
    if (walled || this.#share(sequence, FEW) >= WALL) {
      if (!walled) this.#hitWall(refusal, now);
      else if (sequence < this.#probe || this.#probeAt === undefined) return { who: 'lane', laneMs: hintMs ?? 0 };
      this.#probeAt = undefined;
      this.#probe = this.#sequence + 1;
      const pauseMs = Math.min(MOST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, PAUSE_SHARE * (now - this.#wallSince)));
      // Kept here too: a lane does not pause for the same call again and again.
      this.#tryAt = now + (hintMs ?? pauseMs);
      return { who: 'lane', laneMs: hintMs ?? pauseMs };
    }
    if (news) this.#isolated(refusal, now);
    if (this.#belief !== 'pace') return CALL;
    // A large call goes when enough is there for it, and nobody before it; others may go on for what it is told to wait.
    if (hintMs === undefined) return LANE;
    return cost > LARGE ? { who: 'lane', laneMs: hintMs } : CALL;
  }

  /** Calls of average size sent per millisecond in the last second or so. */
  sendingRate(now: number): number {
    this.#meter(now);
    return Math.max(this.#recent, Math.max(0, this.#metered) / METER_MS);
  }

  /** Part of the newest attempts up to this one that was refused. */
  #share(sequence: number, among: number): number {
    const from = Math.max(1, sequence - among + 1);
    let refused = 0;
    for (let each = from; each <= sequence; each++) refused += this.#refused[each % KEPT]!;
    return refused / (sequence - from + 1);
  }

  /** Something gets through again. What was believed during a refusal ends with it. */
  #open(now: number): void {
    this.#belief = this.#rate < Infinity ? 'pace' : 'none';
    this.#probeAt = undefined;
    this.#refused.fill(0);
    this.#level = 1;
    this.#at = now;
    this.#growsFrom = Math.max(this.#growsFrom, now);
  }

  #hitWall(refusal: HiddenRefusal, now: number): void {
    this.#wallSince = now;
    this.#belief = 'wall';
    // The first of these refusals was taken for one alone.
    if (refusal.sentAt - this.#refusedAt >= FIRST_PAUSE_MS) this.#measure(refusal);
    // Limits are per minute, and most let a minute's worth through at once: what went in it tells the rate.
    const rate = this.#confirmed > 0 ? this.#average : Math.min(this.#average, this.#lastMinute(now) / MINUTE);
    if (!refusal.alone || this.#average < Infinity) this.#pace(rate, now);
    this.#level = Math.min(0, this.#level);
  }

  /** A refusal among others that got through. */
  #isolated(refusal: HiddenRefusal, now: number): void {
    const { sequence } = refusal;
    if (this.#belief === 'pace') this.#slowDown(refusal, now);
    else if (this.#belief === 'trial') this.#judge(now);
    else if (sequence >= FEW && this.#share(sequence, SOME) >= TOO_FAST) {
      this.#belief = 'pace';
      this.#slowDown(refusal, now);
    } else if (
      !refusal.opening &&
      sequence >= this.#nextTrial &&
      this.#share(sequence, KEPT) * Math.min(sequence, KEPT) >= TRIED_AFTER
    ) {
      this.#belief = 'trial';
      this.#trialFrom = this.#sequence;
      this.#trialShare = this.#share(sequence, KEPT);
      this.#pace(TRIAL_PACE * this.sendingRate(now), now);
      this.#growsFrom = Infinity;
    }
  }

  /** Whether a slower pace was refused less. */
  #judge(now: number): void {
    const sent = this.#sequence - this.#trialFrom;
    if (sent < TRIAL) return;
    if (this.#share(this.#sequence, Math.min(KEPT, sent)) < HELPED * this.#trialShare) {
      this.#belief = 'pace';
      this.#growsFrom = now;
    } else this.#byChance(this.#rate, now);
  }

  #byChance(rate: number, now: number): void {
    this.#forget();
    this.#belief = 'chance';
    this.#pace(2 * rate, now);
    this.#nextTrial = this.#sequence + this.#trialEvery;
    this.#trialEvery *= 2;
  }

  #slowDown(refusal: HiddenRefusal, now: number): void {
    const { sequence } = refusal;
    const rate = Math.min(this.#rate, Math.max(this.sendingRate(now), LEAST_RATE));
    this.#measure(refusal);
    if (this.#contradictions >= TELLING && this.#share(sequence, KEPT) < MOST_BY_CHANCE) {
      this.#byChance(this.#highest, now);
      return;
    }
    this.#pace(Math.min(CUT * rate, Math.max(rate / 2, BELOW * Math.min(rate, this.#average))), now);
    this.#level = Math.min(0, this.#level);
  }

  /** What was let through since the last refusal, by time, is the limit: it was exhausted at both ends. */
  #measure({ sequence, sentAt }: HiddenRefusal): void {
    const elapsedMs = Math.max(1, sentAt - this.#refusedAt);
    const total = this.#sequence - sequence < KEPT ? this.#sent[sequence % KEPT]! : this.#total;
    const accepted = Math.max(0, total - this.#measuredTotal - this.#refusedSince);
    this.#refusedAt = sentAt;
    this.#measuredTotal = total;
    this.#measuredTo = sequence;
    this.#refusedSince = 0;
    if (accepted < 1 || elapsedMs > 2 * MINUTE) return;
    const measured = accepted / elapsedMs;
    if (accepted >= TELLING) {
      this.#contradictions = measured < CONTRADICTS * this.#highest ? this.#contradictions + 1 : 0;
      this.#highest = Math.max(this.#highest, measured);
    }
    const off = Math.abs(measured / this.#average - 1);
    // By chance, few calls differ much from their mean.
    if (off <= SAME + 2 / Math.sqrt(accepted) && this.#rate < FAR * this.#average) {
      this.#confirmed = Math.min(MOST_CONFIRMED, this.#confirmed + 1);
      this.#known = Math.min(MEMORY, this.#known) + accepted;
      const times = 1 / this.#average + (1 / measured - 1 / this.#average) * (accepted / this.#known);
      this.#average = 1 / times;
    } else {
      this.#confirmed = Math.max(0, this.#confirmed - 2);
      this.#known = accepted;
      this.#average = measured;
    }
  }

  #pace(rate: number, now: number): void {
    if (this.#rate === Infinity) this.#level = 0;
    this.#rate = Math.max(rate, LEAST_RATE);
    this.#at = now;
    const hold = this.#confirmed === 0 ? 0 : Math.max(LEAST_HOLD_MS, 2 ** this.#confirmed / this.#rate);
    this.#growsFrom = now + Math.min(MOST_HOLD_MS, hold);
  }

  #grow(now: number): void {
    const elapsed = now - this.#at;
    if (elapsed <= 0) return;
    const before = this.#rate;
    // Only a lane that needs more gets more, and time in which nothing gets through says nothing of a pace.
    const until = this.#belief === 'wall' ? this.#at : Math.min(now, this.#heldUntil);
    const grown = Math.max(0, until - Math.max(this.#at, this.#growsFrom));
    this.#rate *= 2 ** (grown / (this.doublingMs * (1 + this.#confirmed)));
    this.#level = Math.min(Math.max(1, this.#rate * BURST_MS), this.#level + (elapsed * (before + this.#rate)) / 2);
    this.#at = now;
    if (this.#rate <= DONE) return;
    this.#belief = 'none';
    this.#forget();
  }

  #forget(): void {
    this.#rate = Infinity;
    this.#average = Infinity;
    this.#known = 0;
    this.#highest = 0;
    this.#contradictions = 0;
    this.#confirmed = 0;
  }

  /** Cost sent in about the last minute. */
  #lastMinute(now: number): number {
    return this.#minute * Math.exp((this.#minuteAt - now) / MINUTE);
  }

  #meter(now: number): void {
    const elapsed = now - this.#meterFrom;
    if (elapsed < METER_MS) return;
    this.#recent = Math.max(0, this.#metered) / elapsed;
    this.#metered = 0;
    this.#meterFrom = now;
  }
}
