import type { WhoWaits } from '../../core/admission.ts';
import { HintTrust } from './hint-trust.ts';
import { MeasuredPace } from './measured-pace.ts';
import { RefusalTime } from './refusal-time.ts';
import { RecentRefusals } from './recent-refusals.ts';
import { Spacing } from './spacing.ts';
import { WallRhythm } from './wall-rhythm.ts';

const METER_MS = 500;
const MINUTE = 60_000;
/** Number of newest attempts among which refusals are counted, to detect a wall and a pace that is too high. */
const FEW = 8;
/** Calls per millisecond below which a minute holds too few calls to measure. */
const FIRST_PACE = 1 / 1_000;
const SOME = 16;
const KEPT = 64;
const WALL = 0.7;
const TOO_FAST = 0.45;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 8_000;
/** A server that is busy lets a call through again within this time; one that is down may not. */
const MAX_WALL_MS = 10_000;
/** While nothing gets through, the pause is this fraction of the time it has lasted. */
const PAUSE_SHARE = 0.15;
/**
 * A pace doubles in this multiple of a refusal's delay, so that about a tenth of the calls in flight exceed the limit.
 */
const DOUBLING = 8;
const MIN_DOUBLING_MS = 50;
const MAX_DOUBLING_MS = 500;
/** If only the first calls got through within this time, they are the burst of a limit per minute. */
const AT_ONCE_MS = 6_000;
/** Largest ratio between that burst, as a rate per minute, and the pace after it, for both to come from one limit. */
const SAME_LIMIT = 1.5;
/** Once both agree, the pace is well known and doubles only in this many calls, or in this time. */
const CALLS_TO_DOUBLE = 6;
const MAX_CALLS_TO_DOUBLE_MS = 10_000;
/** Cost of a large call, in calls of average size. */
const LARGE = 1.5;
/** A pace above this many calls per millisecond is dropped. */
const DONE = 2;
/** Refusals among the newest attempts after which a slower pace is tried. */
const TRIED_AFTER = 3;
/** Calls before the next trial; doubles each time. */
const TRIED_AGAIN_AFTER = 500;
const TRIAL_PACE = 0.7;
const TRIAL = 24;
/**
 * A pace that is refused anyway is tried faster by this factor after this many calls: a limit would refuse about half.
 */
const FASTER = 2;
const FASTER_AFTER = 32;
const REFUSED_BY_LIMIT = 0.38;
const TOO_MANY = 6;
const MAX_TRIAL_MS = 5_000;
const HELPED = 0.5;
const TELLING = 3;
/** Largest share of all attempts that counts as refused by chance. */
const MAX_BY_CHANCE = 0.3;

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
  /** Whether the lane has not yet reacted to a refusal of a request sent this late. */
  readonly news: boolean;
  readonly alone: boolean;
  /** Whether the pace still grows from that of the first calls. */
  readonly opening: boolean;
}

export type HiddenBelief = 'none' | 'wall' | 'pace' | 'trial' | 'chance';

const LANE: Verdict = { who: 'lane', laneMs: 0 };
const CALL: Verdict = { who: 'call', laneMs: 0 };

/**
 * A limit known only from its refusals, in calls of average size. Its beliefs, and what overturns each:
 *
 * - `wall`: nothing gets through at any pace. Wait and probe with one call until one does.
 * - `pace`: what got through between two refusals is the limit. Without refusals the pace doubles. Refusals below a
 *   pace that got through before mean `chance`; if refusals persist, a faster pace is tried.
 * - `trial`: some calls are refused. A slower pace is tried: fewer refusals mean `pace`, as many mean `chance`. Or a
 *   faster one: more refusals mean `pace`.
 * - `chance`: refusals come at any pace, so slowing down is useless. More refusals than that mean `wall` or `pace`.
 */
export class HiddenLimit {
  readonly #refusalTime = new RefusalTime();
  #belief: HiddenBelief = 'none';
  readonly #pace = new MeasuredPace();
  #wallSince = 0;
  #firstAt: number | undefined;
  /** Pace that the initial burst suggests, in calls per millisecond; 0 if it suggests none. */
  #ratePerMinute = 0;
  #probe = 0;
  #probeAt: number | undefined;
  /** When the next probe may go. */
  #tryAt = 0;
  #trialFrom = 0;
  #trialAt = 0;
  #trialShare = 0;
  /** The pace before a faster one was tried; undefined during a trial of a slower one. */
  #fasterThan: number | undefined;
  /** Sequence number of the last call before the pace was believed. */
  #paceFrom = 0;
  #nextTrial = 0;
  #trialEvery = TRIED_AGAIN_AFTER;
  readonly #refusals = new RecentRefusals(KEPT);
  readonly #spacing = new Spacing();
  readonly #hints = new HintTrust();
  readonly #rhythm = new WallRhythm();
  #refusedAt = 0;
  /** What got through since the last wall was hit, and when that was. */
  #through = 0;
  #lastWall: number | undefined;
  #sequence = 0;
  #minute = 0;
  #minuteAt = 0;
  #meterFrom = 0;
  #metered = 0;
  #recent = 0;

  /** Restores a pace, in calls per millisecond, from before the process started. */
  recall(ratePerMs: number, now: number): void {
    this.#belief = 'pace';
    this.#pace.recall(ratePerMs, now);
  }

  get belief(): HiddenBelief {
    return this.#belief;
  }

  get ratePerMs(): number | undefined {
    const { rate } = this.#pace;
    return rate < Infinity ? rate : undefined;
  }

  /** Average time until a refusal arrives. */
  get refusalMs(): number {
    return this.#refusalTime.averageMs;
  }

  /** Time in which a pace doubles without refusals. */
  get doublingMs(): number {
    return Math.min(MAX_DOUBLING_MS, Math.max(MIN_DOUBLING_MS, DOUBLING * this.refusalMs));
  }

  waitMs(cost: number, now: number): number {
    if (this.#belief === 'wall') {
      if (this.#probeAt === undefined) return Math.max(0, this.#tryAt - now);
      const leftMs = this.#probeAt + this.#refusalTime.waitMs - now;
      if (leftMs > 0) return leftMs;
      this.#open(now);
    }
    if (this.#belief === 'trial' && now - this.#trialAt > MAX_TRIAL_MS) this.#judge(now, true);
    const doublingMs = Math.max(this.doublingMs, this.#doublingByCalls());
    const waitMs = this.#pace.waitMs(cost, doublingMs, this.#belief !== 'wall', now);
    if (this.#pace.rate > DONE && this.#pace.rate < Infinity) {
      this.#belief = 'none';
      this.#pace.forget();
      return 0;
    }
    return waitMs;
  }

  take(cost: number, sequence: number, now: number): void {
    this.#meter(now);
    this.#metered += cost;
    this.#through += cost;
    if (this.#firstAt === undefined) this.#rhythm.begins(now);
    this.#firstAt ??= now;
    this.#minute = this.#lastMinute(now) + cost;
    this.#minuteAt = now;
    this.#pace.take(cost, sequence);
    this.#sequence = sequence;
    this.#refusals.sent(sequence);
    this.#spacing.sent(sequence, now);
    if (this.#belief === 'trial') this.#judge(now);
    if (this.#belief !== 'wall' || this.#probeAt !== undefined) return;
    this.#probeAt = now;
    this.#probe = sequence;
  }

  /** The call with this sequence number got through. */
  succeeded(sequence: number, sentAt: number, now: number): void {
    this.#hints.served(sentAt);
    this.#spacing.served(sequence);
    if (this.#belief === 'wall' && sequence >= this.#probe) this.#open(now);
  }

  /** An attempt was refused. Returns whether calls come too soon after each other. */
  cameTooSoon(sequence: number, sentAt: number, now: number): boolean {
    this.#spacing.refused(sequence, sentAt, now);
    return this.#spacing.isBelieved;
  }

  /** Whether so many of the newest attempts are refused, and some let through, that a limit on the rate must be the cause. */
  refusesLikeALimit(sequence: number, now: number): boolean {
    if (this.#belief === 'pace') return true;
    if (this.#belief === 'wall') return now - this.#wallSince < MAX_WALL_MS;
    const among = Math.min(sequence, SOME);
    const refused = this.#spacing.refusals.count(sequence, among);
    return among >= FEW && refused >= TOO_FAST * among && refused < among;
  }

  /** Returns which calls wait, and how long the lane must pause. */
  throttled(refusal: HiddenRefusal, now: number): Verdict {
    const { cost, sequence, sentAt, hintMs, news } = refusal;
    this.#refusalTime.refused(sentAt, now);
    this.#pace.refused(cost, sequence);
    this.#minute -= cost;
    this.#metered -= cost;
    this.#through -= cost;
    this.#refusals.refused(sequence);
    if (hintMs !== undefined) this.#hints.named(sentAt, now + hintMs);
    const walled = this.#belief === 'wall';
    // The first call's refusal may be chance, as long as those sent beside it are unanswered.
    const isFirst = sequence === 1 && !refusal.alone;
    if (walled || (!isFirst && this.#share(sequence, FEW) >= WALL)) {
      if (!walled) this.#hitWall(refusal, now);
      else if (sequence < this.#probe || this.#probeAt === undefined) return { who: 'lane', laneMs: hintMs ?? 0 };
      this.#probeAt = undefined;
      this.#probe = this.#sequence + 1;
      const ownMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, PAUSE_SHARE * (now - this.#wallSince)));
      this.#refusedAt = sentAt;
      const isTold = hintMs !== undefined && this.#hints.believed;
      const pauseMs = isTold ? hintMs : Math.max(hintMs ?? 0, this.#rhythm.pauseMs(ownMs, now));
      // Also kept here, so that the lane does not pause for the same call repeatedly.
      this.#tryAt = now + pauseMs;
      return { who: 'lane', laneMs: pauseMs };
    }
    if (news) this.#isolated(refusal, now);
    if (this.#belief !== 'pace') return CALL;
    // A large call holds the lane until enough is available for it; a smaller one waits out its hint by itself.
    if (hintMs === undefined) return LANE;
    return cost > LARGE && this.#hints.believed ? { who: 'lane', laneMs: hintMs } : CALL;
  }

  /** Calls of average size sent per millisecond, over about the last second. */
  sendingRate(now: number): number {
    this.#meter(now);
    return Math.max(this.#recent, Math.max(0, this.#metered) / METER_MS);
  }

  /**
   * Doubling time for a slow limit: doubling between two calls would be refused each time. 0 if the limit is unknown.
   */
  #doublingByCalls(): number {
    const { average, rate } = this.#pace;
    const isSame = average < SAME_LIMIT * this.#ratePerMinute && this.#ratePerMinute < SAME_LIMIT * average;
    return isSame ? Math.min(MAX_CALLS_TO_DOUBLE_MS, CALLS_TO_DOUBLE / rate) : 0;
  }

  /** Refused share of the newest attempts up to this one. */
  #share(sequence: number, among: number): number {
    return this.#refusals.count(sequence, among) / Math.min(sequence, among);
  }

  /** Calls get through again; ends the wall. */
  #open(now: number): void {
    this.#rhythm.opened(this.#wallSince, this.#refusedAt, this.#probeAt ?? now);
    this.#belief = this.#pace.rate < Infinity ? 'pace' : 'none';
    this.#paceFrom = this.#sequence;
    this.#probeAt = undefined;
    this.#refusals.forget();
    this.#pace.open(now);
  }

  #hitWall(refusal: HiddenRefusal, now: number): void {
    // A faster pace than the one that was refused too often hit a limit.
    if (this.#belief === 'trial' && this.#fasterThan !== undefined) this.#putOffTrials();
    this.#wallSince = now;
    this.#belief = 'wall';
    // The first refusal of the wall was taken for an isolated one.
    const { sequence, sentAt, hintMs } = refusal;
    if (sentAt - this.#pace.refusedAt >= FIRST_PAUSE_MS) this.#pace.measure(sequence, sentAt);
    this.#pace.space(this.#spacing.isBelieved ? this.#spacing.shortestMs : undefined);
    const { average, confirmed } = this.#pace;
    const atOnce = sentAt - this.#firstAt! < AT_ONCE_MS && this.#lastMinute(now) >= FEW;
    if (average === Infinity && hintMs === undefined && atOnce) this.#ratePerMinute = this.#lastMinute(now) / MINUTE;
    // Most limits are per minute and admit a minute's worth at once, so what was sent in that minute gives the rate.
    const rate = confirmed ? average : Math.min(average, this.#sinceLastWall(now) ?? this.#lastMinute(now) / MINUTE);
    const least = sequence < FEW ? FIRST_PACE : 0;
    if (!refusal.alone || average < Infinity) this.#pace.set(Math.max(least, rate), now);
    this.#pace.exhaust();
  }

  /** What got through per millisecond from one wall to the next; undefined at the first. */
  #sinceLastWall(now: number): number | undefined {
    const [through, since] = [this.#through, this.#lastWall];
    this.#through = 0;
    this.#lastWall = now;
    return through >= 1 && since !== undefined ? through / (now - since) : undefined;
  }

  /** A refusal while other calls got through. */
  #isolated(refusal: HiddenRefusal, now: number): void {
    const { sequence } = refusal;
    if (this.#belief === 'pace') this.#slowDown(refusal, now);
    else if (this.#belief === 'trial') this.#judge(now);
    else if (sequence >= FEW && this.#share(sequence, SOME) >= TOO_FAST) {
      this.#believePace();
      this.#slowDown(refusal, now);
    } else if (
      !refusal.opening &&
      sequence >= this.#nextTrial &&
      this.#share(sequence, KEPT) * Math.min(sequence, KEPT) >= TRIED_AFTER
    ) {
      this.#trialShare = this.#share(sequence, KEPT);
      this.#try(TRIAL_PACE * this.sendingRate(now), now);
    }
  }

  #believePace(): void {
    this.#belief = 'pace';
    this.#paceFrom = this.#sequence;
  }

  #try(rate: number, now: number, fasterThan?: number): void {
    this.#belief = 'trial';
    this.#fasterThan = fasterThan;
    this.#trialFrom = this.#sequence;
    this.#trialAt = now;
    this.#pace.set(rate, now);
    this.#pace.growFrom(Infinity);
  }

  /** Whether a pace that should be slow enough is refused so often that a faster one may do no worse. */
  #isRefusedAtAnyPace(sequence: number): boolean {
    const sent = Math.min(KEPT, sequence - this.#paceFrom);
    if (this.#spacing.isBelieved || sent < FASTER_AFTER || sequence < this.#nextTrial) return false;
    const refused = this.#refusals.count(sequence, sent);
    return refused >= TRIED_AFTER && refused < MAX_BY_CHANCE * sent;
  }

  /** Judges a faster pace: a limit would have refused about half. */
  #judgeFaster(before: number, sent: number, now: number, isOver: boolean): void {
    const refused = this.#refusals.count(this.#sequence, Math.min(KEPT, sent));
    const tooMany = refused >= TOO_MANY && refused >= REFUSED_BY_LIMIT * sent;
    // The newest calls may still be refused.
    const known = sent - this.#pace.rate * this.#refusalTime.waitMs;
    if (!tooMany && known < TRIAL && sent < KEPT && !isOver) return;
    if (!tooMany && sent >= TRIAL) {
      this.#byChance(this.#pace.rate, now);
      return;
    }
    this.#putOffTrials();
    this.#believePace();
    this.#pace.set(before, now);
    this.#pace.exhaust();
  }

  /** Judges a trial: whether a slower pace was refused less, or a faster one more. */
  #judge(now: number, isOver = false): void {
    const sent = this.#sequence - this.#trialFrom;
    if (this.#fasterThan !== undefined) {
      this.#judgeFaster(this.#fasterThan, sent, now, isOver);
      return;
    }
    if (sent < TRIAL && !isOver) return;
    if (sent === 0 || this.#share(this.#sequence, Math.min(KEPT, sent)) < HELPED * this.#trialShare) {
      this.#believePace();
      this.#pace.growFrom(now);
    } else this.#byChance(this.#pace.rate, now);
  }

  #byChance(rate: number, now: number): void {
    this.#pace.forget();
    this.#belief = 'chance';
    this.#pace.set(2 * rate, now);
    this.#putOffTrials();
  }

  #putOffTrials(): void {
    this.#nextTrial = this.#sequence + this.#trialEvery;
    this.#trialEvery *= 2;
  }

  #slowDown({ sequence, sentAt }: HiddenRefusal, now: number): void {
    this.#pace.measure(sequence, sentAt);
    this.#pace.space(this.#spacing.isBelieved ? this.#spacing.shortestMs : undefined);
    const { contradictions, highest } = this.#pace;
    if (contradictions >= TELLING && this.#share(sequence, KEPT) < MAX_BY_CHANCE) this.#byChance(highest, now);
    else if (this.#isRefusedAtAnyPace(sequence)) this.#try(FASTER * this.#pace.rate, now, this.#pace.rate);
    else this.#pace.slowDown(this.sendingRate(now), now);
  }

  /** Cost sent in roughly the last minute. */
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
