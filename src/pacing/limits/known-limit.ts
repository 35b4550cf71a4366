import type { DimensionSnapshot, LimitSource } from '../../core/snapshot.ts';
import { BucketLevel } from './bucket-level.ts';
import { BurstRetest } from './burst-retest.ts';
import type { Promised } from './promised-reset.ts';
import { PromptCountRatio } from './prompt-count-ratio.ts';
import { type BucketDimension, LIMIT_KINDS, type LimitKind } from '../../core/dimensions.ts';
import type { LevelReport } from './level-report.ts';
import type { Observation } from './observation.ts';
import type { Contradiction } from './enforced-rate.ts';
import { LimitBeliefs } from './limit-beliefs.ts';
import { HintTrust } from './hint-trust.ts';
import { LimitTrials } from './limit-trials.ts';
import { OutputTrials } from './output-trials.ts';
import { HeaderRounding } from './header-rounding.ts';
import { RateSmoother } from './rate-smoother.ts';
import type { LevelSample, LimitModel } from './limit.ts';

export interface BucketPolicy {
  readonly headroom: number;
  readonly smooth: boolean;
  /** Whether the provider corrects its count when the response is complete. */
  readonly corrects: boolean;
}

// Sums of fractions can fall short of a whole unit by a rounding error.
const EPSILON = 1e-6;
/**
 * Part of an unexpected surplus that may be spent at once: this many calls, or this much time's refill if that is more.
 */
const AT_ONCE = 4;
const AT_ONCE_MS = 500;
/** A bucket is assumed to hold at least its refill in this time, the resolution of timers. */
const MIN_MS = 50;
/** A reset after less than this fraction of the window means that a shorter window is enforced. */
const MIN_PART = 0.3;
/** Weight of one response in the average age of reported levels. */
const ANSWER_AGE_WEIGHT = 0.1;
/** Factor by which the remembered largest call decays with each call. */
const LARGEST_DECAY = 0.99;
/** Maximum age of headers that still describe what is left. */
const MAX_HEADER_AGE_MS = 60_000;
/** Largest fraction of a bucket held in reserve for uncertainty. */
const MAX_RESERVE = 0.02;
const MIN_RATE = 0.1;
/** The share left by other users is an estimate, checked again after this time. */
const LOOK_AGAIN_MS = 1_000;
/** A reset before this fraction of the stated refill is worth a call that tests it, unless the refill is as short as this. */
const SOON = 0.5;
const MIN_SOON_MS = 500;
/** A call that gets through with less than this fraction of what it takes shows that the level is wrong. */
const SHORT = 0.5;
/** In a fixed window that no restart has confirmed, a call is tried after this time without an answer. */
const TRY_WINDOW_MS = 5_000;

/**
 * Models one limit of the provider: a bucket that refills, or a fixed window, less everything sent. Answers correct its
 * level; its beliefs decide how to interpret their numbers.
 */
export class LimitBucket implements LimitModel {
  readonly dimension: BucketDimension;
  readonly kind: LimitKind;
  /** Stays 1 if the provider counts the tokens that it reports. */
  readonly countedShare: PromptCountRatio = new PromptCountRatio();
  readonly #corrects: boolean;
  readonly #uncounted: () => number;
  limit: number;
  source: LimitSource;
  sharers: LimitModel['sharers'];
  shareAtMost = 1;
  sample: LevelSample | undefined;
  readonly beliefs: LimitBeliefs = new LimitBeliefs();
  readonly #level: BucketLevel;
  readonly #smoother: RateSmoother;
  readonly #quantum = new HeaderRounding();
  readonly #burstProbe = new BurstRetest();
  readonly #hints = new HintTrust();
  readonly #limitTrials = new LimitTrials();
  readonly #outputTrials = new OutputTrials();
  /** Our total consumption, in units. */
  #taken = 0;
  #takenAt = -Infinity;
  #average = 0;
  /** Approximate size of the largest recent call. */
  #largest = 0;
  /** Average age of reported levels. */
  #latenessMs = 0;
  #at: number;
  #observedAt: number | undefined;
  #refusedAt = -Infinity;
  /** Whether the newest answer told a reset long before the stated rate would refill what is missing. */
  #resetsSoon = false;
  /** The provider's time of the newest reported level. */
  #levelAt = 0;
  #sequence = 0;

  /** `uncounted` returns the amount sent that the provider has not counted yet. */
  constructor(
    dimension: BucketDimension,
    limit: number,
    source: LimitSource,
    policy: BucketPolicy,
    now: number,
    uncounted: () => number = () => 0,
  ) {
    this.dimension = dimension;
    this.kind = LIMIT_KINDS[dimension];
    this.limit = limit;
    this.source = source;
    this.#at = now;
    this.#uncounted = uncounted;
    this.#corrects = policy.corrects;
    // A day's limit matters only near its end, where no call should be held back for headroom.
    this.#level = new BucketLevel(limit, this.kind.perDay ? 0 : policy.headroom);
    this.#smoother = new RateSmoother(policy.smooth);
  }

  /** Bucket size, the largest burst that the provider accepts: the whole limit until a smaller one is found. */
  get burst(): number {
    return this.#level.burst;
  }

  get level(): number {
    return this.#level.value;
  }

  /** The part of the level that may be spent. */
  get usable(): number {
    return this.#level.usable;
  }

  /** Whether nothing is unknown that headroom would be for: a fixed window whose answers have all come. */
  get #isExact(): boolean {
    return (
      this.#level.headroom.isMargin && this.#uncounted() === 0 && this.beliefs.fixed.endsAt(this.#at) !== undefined
    );
  }

  /** Units per millisecond that the limit refills as it is stated. */
  get #statedRate(): number {
    return this.limit / this.kind.windowMs;
  }

  /** Units per millisecond that the provider refills. */
  get limitRate(): number {
    return (this.beliefs.refill.factor * this.limit) / this.kind.windowMs;
  }

  /** Refill in units per millisecond, less what others take. */
  get rate(): number {
    return this.limitRate * this.beliefs.sharing.left;
  }

  /** Largest bucket size that responses have shown. */
  get full(): number {
    return this.beliefs.shortBucket.capacity ?? this.limit;
  }

  /** Whether the limit refills steadily, as opposed to all at once. */
  get refills(): boolean {
    return !this.kind.perDay && !this.beliefs.fixed.believed;
  }

  get headroomShare(): number {
    return this.#level.headroom.share;
  }

  get observed(): boolean {
    return this.#observedAt !== undefined;
  }

  /**
   * Whether it is known if the limit has other users: two spaced answers have been compared, or no answer can show it.
   */
  get gauged(): boolean {
    const tells = !this.kind.perDay && this.kind.unit !== 'outputTokens' && this.observed;
    return !tells || this.beliefs.sharing.foreign.gauged;
  }

  /** Whether the reported level may not be what it seems. */
  get suspect(): boolean {
    return this.beliefs.scale.suspected;
  }

  /** Whether others use this limit too. */
  get shared(): boolean {
    return this.beliefs.sharing.shared;
  }

  refill(now: number): void {
    if (!this.kind.perDay) this.#divide(now);
    const elapsed = now - this.#at;
    if (elapsed <= 0) return;
    this.#at = now;
    const { shared, pace } = this.beliefs.sharing;
    const own = shared && this.sharers?.level === undefined;
    this.#smoother.refill(elapsed, (1 - this.#level.headroom.share) * this.limitRate, own ? pace : undefined);
    const back = this.beliefs.returned(elapsed, now, this.rate);
    this.#level.refill(back, elapsed, this.#uncounted());
    this.#collect(now);
    this.#tryCall(now);
    if (this.burst < this.full) {
      const larger = this.#burstProbe.next(this.burst, now);
      if (larger !== undefined) this.#setBurst(larger, now);
    }
  }

  /** Milliseconds until `amount` fits. Call `refill` first. */
  waitMs(amount: number): number {
    if (amount <= 0) return 0;
    const rate = Math.max(MIN_RATE * this.limitRate, this.rate);
    this.#largest = Math.max(this.#largest, amount);
    const most = Math.max(Math.min(1, this.burst), (1 - this.#level.headroom.share) * this.burst);
    const needed = Math.min(most, amount + this.#reserve());
    const spendable = this.#isExact ? Math.max(this.level, this.usable) : this.usable;
    const missing = needed - spendable;
    let wait = missing > EPSILON ? this.#comesInMs(missing, rate * (1 - this.headroomShare)) : 0;
    const spread = this.#smoother.waitMs(amount);
    if (wait > 0) {
      const promised = this.#promisedFor(needed);
      if (promised !== undefined) wait = Math.min(wait, Math.max(1, promised - this.#at));
      const triesAt = this.#triesAt();
      if (triesAt !== undefined) wait = Math.min(wait, Math.max(1, triesAt - this.#at));
    }
    // Other users may leave, which ends the spreading.
    if (spread > EPSILON / rate) wait = Math.max(wait, Math.min(spread, LOOK_AGAIN_MS));
    if (wait > 0) this.waits();
    wait = Math.max(wait, this.beliefs.enforced.waitMs(amount, this.limitRate, this.#at));
    // A minute's limit is full again within a minute, whatever its assumed level.
    const mayChange = this.beliefs.sharing.shared || (this.#mayBeMore && this.beliefs.refill.isUnheard(this.#at));
    const longest = mayChange ? LOOK_AGAIN_MS : this.kind.perDay ? Infinity : this.kind.windowMs;
    return Math.min(wait, longest);
  }

  /**
   * Milliseconds until `missing` units may be spent. A surplus that is held back is released sooner than it refills.
   */
  #comesInMs(missing: number, rate: number): number {
    const { headroom } = this.#level;
    const refillMs = this.beliefs.comesInMs(missing, rate, this.#at);
    const { held } = headroom;
    if (held === 0) return refillMs;
    const short = missing - held;
    const others = short > EPSILON ? this.beliefs.comesInMs(short, rate, this.#at) : 0;
    return Math.min(refillMs, Math.max(1, others, headroom.heldMs(Math.max(0, -short))));
  }

  waits(): void {
    if (!this.#mayBeMore) return;
    this.beliefs.refill.held(this.#at - this.#heardAt, this.#at, this.shareAtMost);
  }

  /** Whether probing could reveal a higher rate: not for a configured limit, nor within a fixed window. */
  get #mayBeMore(): boolean {
    return this.source !== 'config' && !this.kind.perDay && this.beliefs.fixed.endsAt(this.#at) === undefined;
  }

  adoptRate(rate: number, now: number): void {
    this.refill(now);
    this.beliefs.refill.adopt((rate * this.kind.windowMs) / this.limit, now);
  }

  spreadMs(amount: number): number {
    return this.#smoother.waitMs(amount);
  }

  /** Never: without a fleet the whole limit is ours. */
  awaitsLease(): boolean {
    return false;
  }

  /** Lower bound of the wait for `amount`, whatever others leave us. Call `refill` first. */
  leastWaitMs(amount: number): number {
    return Math.max(0, (amount - this.usable) / this.limitRate);
  }

  /** Whether `amount` exceeds the limit, with a margin for estimation error, so that waiting cannot help. */
  neverFits(amount: number): boolean {
    return amount > 1.2 * this.limit;
  }

  take(amount: number, sequence: number): void {
    this.beliefs.enforced.take(amount, sequence);
    this.#average += (amount - this.#average) * (this.#average === 0 ? 1 : 0.05);
    this.#largest = Math.max(amount, LARGEST_DECAY * this.#largest);
    this.#level.take(amount);
    this.#taken += amount;
    this.#takenAt = this.#at;
    this.#smoother.take(amount);
  }

  giveBack(amount: number): void {
    this.#level.giveBack(amount);
    this.#smoother.add(amount);
  }

  /**
   * The provider may charge less in the end than on arrival. Headers that report the level already include that.
   */
  trueUp(amount: number, now: number, sequence?: number): boolean {
    // Unlike input, output was only expected until now.
    if (this.kind.unit === 'outputTokens' && sequence !== undefined) {
      this.beliefs.returns.neverCounted(sequence, amount);
    }
    // Only refusals report this limit. They correct a level that is too high but never one that is too low.
    if (amount < 0 && this.source === 'body' && this.kind.unit === 'tokens') return false;
    const told =
      this.#observedAt !== undefined && now - this.#observedAt < MAX_HEADER_AGE_MS && this.source === 'header';
    if (told && this.kind.unit !== 'outputTokens') return this.#corrects;
    this.giveBack(amount);
    return true;
  }

  /** Returns the part of a request that the provider never counted. */
  neverCounted(sequence: number, amount: number): void {
    const { level } = this;
    const claimed = this.#level.claimed;
    this.giveBack(amount);
    // The level reported by a later answer did not include it.
    if (sequence <= this.#sequence) {
      this.#level.value = level;
      this.#level.claimed = claimed;
    }
    this.beliefs.neverCounted(sequence, amount);
  }

  /** A call that took `reserved` and is charged `amount` got through. */
  accepted(amount: number, reserved: number, sentAt: number, now: number): void {
    this.#outputTrials.answered(false);
    if (this.#limitTrials.served(sentAt)) this.beliefs.refill.tried();
    this.#hints.served(sentAt);
    if (this.source === 'config' || this.kind.perDay) return;
    this.beliefs.shortBucket.accepted(amount);
    if (this.burst < amount && this.burst < this.limit) this.#setBurst(amount, now);
    this.beliefs.refill.accepted(amount, reserved, this.limit, this.#statedRate, sentAt, now);
  }

  othersServed(amount: number, now: number): void {
    if (this.source === 'config' || this.kind.perDay) return;
    this.beliefs.refill.served(amount, this.limit, this.#statedRate, now);
  }

  counted(own: number, counted: number): void {
    if (!this.#corrects) this.countedShare.learn(own, counted);
  }

  anyRefused(sequence: number): void {
    if (this.kind.unit === 'requests') this.beliefs.refused(sequence);
    this.#outputTrials.answered(true);
    this.#limitTrials.refused();
    this.beliefs.unenforced.refused();
  }

  /** Returns whether the limit changed. */
  observe(seen: Observation, now: number): boolean {
    if (this.beliefs.isOfAnother(seen, this.limit, this.source, this.kind.perDay, now)) return false;
    // The rest of a whole window, as the text of a refusal states it, says nothing about a smaller bucket's level.
    const isOfWindow = seen.source === 'body' && this.burst < this.limit;
    const tells = seen.remaining !== undefined && !isOfWindow && !this.#isRoundedAway(seen);
    if (tells) this.beliefs.refill.heard();
    const newest = seen.sequence >= this.#sequence;
    if (tells && !seen.refused) this.#learnScale(seen, now);
    // Later requests report a newer level; a slow earlier response would raise it again.
    if (!newest && !seen.refused) return false;
    const changed = newest && (seen.limit !== this.limit || seen.source !== this.source);
    const first = this.#observedAt === undefined;
    const isCut = newest && seen.limit < this.limit;
    if (newest) this.#setLimit(seen.limit, seen.source, now);
    if (seen.remaining === undefined || !tells) return changed;
    if (newest && !this.sharers && !this.kind.perDay && this.beliefs.isUnenforced(seen)) return changed;
    this.refill(now);
    const quantum = this.#quantum.observe(seen.remaining, seen.limit) / this.beliefs.scale.factor;
    const { sampledAt: at, mark, sequence } = seen;
    const remaining = this.#leftOfWindow(seen.remaining / this.beliefs.scale.factor, seen.resetMs, now);
    this.#latenessMs += (now - at - this.#latenessMs) * (first ? 1 : ANSWER_AGE_WEIGHT);
    const pending = seen.inFlight * (this.#average || seen.amount);
    const report = { at, previousAt: seen.previousAt, remaining, sequence, mark, pending };
    if (!this.kind.perDay) {
      // Refusals alone do not show whether others took what is missing or the bucket never held it.
      if (this.#isComparable && seen.source !== 'body') {
        const returnRate = this.beliefs.returned(1, at, this.limitRate);
        const { foreign } = this.beliefs.sharing;
        const interval = foreign.observe(report, this.limit, this.limitRate, quantum, returnRate);
        if (interval && this.sharers?.level === undefined) this.counted(interval.own, interval.own + interval.taken);
      }
      this.#divide(now);
    }
    const used = this.limit - remaining;
    if (!seen.refused && used > this.burst) this.#setBurst(Math.min(this.limit, used), now);
    const left = remaining + this.beliefs.returned(Math.max(0, now - at), now, this.rate) - seen.since;
    // If the bucket was full in the meantime, only what we took since is missing.
    const told = this.burst - (this.limit - left) + this.#level.lead;
    const tolerance = quantum > 1 ? quantum / 2 : 0;
    if (newest) this.#level.claimed = Math.min(this.burst, told - this.#level.lead);
    if (newest && !seen.refused) {
      const { sentAt, since } = seen;
      const { burst } = this;
      this.sample = { sentAt, at, since, left: burst - (this.limit - remaining), burst, tolerance };
    }
    if (newest && !first) {
      const refilled = this.rate * (at - this.#levelAt);
      this.#limitTrials.told(told - this.level, refilled, tolerance + this.#level.error, told >= this.burst - 1);
    }
    if (newest) this.#levelAt = at;
    this.#correct(told, tolerance, first, isCut);
    if (newest && !seen.refused) this.#learnReturns(report, quantum, now);
    if (newest) {
      const comesInMs = (this.limit - remaining) / this.limitRate;
      this.#resetsSoon = seen.resetMs !== undefined && Math.max(MIN_SOON_MS, seen.resetMs) < SOON * comesInMs;
    }
    if (newest && seen.resetMs !== undefined && !this.kind.perDay) {
      const missing = Math.max(0, this.limit - remaining);
      const reset = { at, resetMs: seen.resetMs, missing, mark: this.#taken - seen.since };
      const isFixed = this.beliefs.reset(reset, this.#statedRate, this.burst, quantum);
      // A much earlier reset means that a shorter window is enforced, which holds no more than was found.
      const isWhole = seen.resetMs > MIN_PART * this.kind.windowMs;
      if (isFixed && isWhole && this.burst < this.full) this.#setBurst(this.full, now);
    }
    this.#sequence = Math.max(this.#sequence, seen.sequence);
    this.#observedAt = now;
    this.beliefs.refill.told(now);
    return changed;
  }

  /**
   * This limit refused a request that seemed to fit. `told`: what the provider reported for the whole window, if
   * anything; if it was enough, a shorter window is enforced. `since`: what we took after the request.
   */
  refused(refusal: Contradiction, told: number | undefined, since: number, waitMs: number, now: number): number {
    this.refill(now);
    const remaining = told === undefined ? undefined : told / this.beliefs.scale.factor;
    const { amount } = refusal;
    this.#refusedAt = now;
    // If the provider counts refused requests too, headers or the next refusal will show it.
    if (this.source === 'body' && this.kind.unit === 'requests') this.giveBack(amount);
    this.beliefs.enforced.refused(refusal, this.limitRate, now);
    const { measuredRate } = this.beliefs.enforced;
    if (refusal.news) this.beliefs.refill.refused((measuredRate * this.kind.windowMs) / this.limit, now);
    // Without headers the level is only our own estimate.
    const known = this.source === 'header' ? this.#level.claimed + since : this.level + (refusal.news ? since : 0);
    const claimed = Math.min(known, this.sharers?.level ?? Infinity);
    const { peak } = this.#level;
    const used = remaining === undefined ? peak - claimed : this.full - remaining;
    const margin = Math.max(0.1 * peak, AT_ONCE * this.#average);
    const surprising = remaining === undefined ? claimed > amount + margin : remaining >= amount;
    if (surprising && this.beliefs.fixed.believed) this.beliefs.fixed.contradicted();
    else if (surprising) {
      const least = Math.max(1, Math.min(MIN_MS * this.limitRate, this.burst), Math.min(amount, this.limit));
      const burst = Math.max(least, Math.min(this.burst, used));
      this.#burstProbe.refused(burst, this.burst);
      this.#setBurst(burst, now);
    }
    const level = Math.min(amount, this.burst) - waitMs * Math.max(0, this.rate);
    if (refusal.hinted && refusal.news) this.#hints.named(refusal.sentAt, now + waitMs);
    const isTold = surprising || (refusal.hinted && this.#hints.believed);
    this.#level.foundAt(isTold ? level : Math.min(this.level, level));
    if (this.beliefs.promise.collected) this.beliefs.promise.broken();
    return level;
  }

  adopt(limit: number, burst: number, now: number): void {
    if (limit !== this.limit) this.#setLimit(limit, this.source, now);
    if (burst === this.burst) return;
    if (burst > this.burst) this.#burstProbe.triedElsewhere();
    else this.#burstProbe.refused(burst, this.burst);
    this.#setBurst(burst, now);
  }

  /** The provider stated its bucket size. */
  burstIs(burst: number, now: number): void {
    this.refill(now);
    if (burst < this.burst) this.#setBurst(burst, now);
  }

  snapshot(now: number): DimensionSnapshot {
    this.refill(now);
    const remaining = Math.max(0, this.limit - (this.burst - this.level));
    return {
      dimension: this.dimension,
      limit: this.limit,
      remaining,
      resetMs: (this.limit - remaining) / this.limitRate,
      windowMs: this.kind.windowMs,
      source: this.source,
      observedAgeMs: this.#observedAt === undefined ? undefined : now - this.#observedAt,
      atOnce: this.burst,
      refillPerSecond: 1_000 * this.limitRate,
      beliefs: this.beliefs.held,
      ratePerSecond: this.kind.perDay
        ? undefined
        : 1_000 * Math.min(1, this.beliefs.sharing.pace) * (1 - this.#level.headroom.share) * this.limitRate,
    };
  }

  /** When `amount` will be available at the latest, according to the promised reset; undefined without a promise. */
  #promisedFor(amount: number): number | undefined {
    if (this.beliefs.sharing.shared) return undefined;
    return this.beliefs.promise.promised.find((each) => this.#leftAfter(each) >= amount)?.at;
  }

  /** What is available once a promise is due. */
  #leftAfter({ mark }: Promised): number {
    return this.burst - (this.#taken - mark);
  }

  /** Credits a promised reset that is due. An unconfirmed promise is credited only enough for one call, as a probe. */
  #collect(now: number): void {
    const due = this.beliefs.sharing.shared ? undefined : this.beliefs.promise.due(now);
    if (!due) return;
    const all = this.#leftAfter(due);
    const { confirmed, collected } = this.beliefs.promise;
    if (!confirmed && collected) return;
    const level = Math.min(this.burst, confirmed ? all : Math.min(all, this.#level.headroom.kept + this.#largest));
    this.beliefs.promise.collected = true;
    this.#level.collect(level, confirmed && (this.beliefs.fixed.believed || this.#level.headroom.isMargin));
  }

  /** When to try a call although too little seems to be left; undefined for never. */
  #triesAt(): number | undefined {
    if (this.kind.perDay || this.sharers?.level !== undefined) return undefined;
    if (this.beliefs.fixed.believed) return this.#triesWindowAt();
    return this.kind.unit === 'outputTokens' ? this.#triesOutputAt() : this.#triesLimitAt();
  }

  /**
   * In a fixed window that no restart has confirmed: its end may be a minute away, and without an answer a bucket taken
   * for a window would never be known as one.
   */
  #triesWindowAt(): number | undefined {
    const { promise, fixed } = this.beliefs;
    if (!fixed.mayTry || promise.confirmed) return undefined;
    const at = this.#heardAt + Math.max(TRY_WINDOW_MS, this.#oneCall / this.limitRate);
    return fixed.endsAt(at) === undefined ? undefined : at;
  }

  /** Of output tokens, when no answer is due that would report what is left. */
  #triesOutputAt(): number | undefined {
    if (this.kind.unit !== 'outputTokens' || this.source !== 'header' || this.#uncounted() > 0) return undefined;
    return this.#outputTrials.dueAt(this.#heardAt, this.#oneCall / this.limitRate);
  }

  /** Of a limit that lets nothing go, while a call that got through would show that its level is wrong. */
  #triesLimitAt(): number | undefined {
    if (!this.#mayBeMore) return undefined;
    const at = this.#limitTrials.dueAt(
      Math.max(this.#heardAt, this.#takenAt),
      this.source === 'header' && !this.#resetsSoon,
    );
    const isDue = at !== undefined && at <= this.#at;
    return isDue && this.level >= SHORT * this.#oneCall ? undefined : at;
  }

  #tryCall(now: number): void {
    const triesAt = this.#triesAt();
    if (triesAt === undefined || now < triesAt) return;
    if (this.beliefs.fixed.believed) this.beliefs.fixed.tries();
    else if (this.kind.unit === 'outputTokens') this.#outputTrials.tries(now);
    else this.#limitTrials.tries(now);
    this.#level.collect(this.#oneCall, false);
  }

  /** When an answer last reported the level, or revealed it by a refusal. */
  get #heardAt(): number {
    return Math.max(this.#observedAt ?? -Infinity, this.#refusedAt);
  }

  /** The level at which one call may go. */
  get #oneCall(): number {
    return Math.min(this.burst, this.#level.headroom.kept + this.#largest + this.#reserve());
  }

  #divide(now: number): void {
    this.beliefs.sharing.divide(
      this.level,
      this.burst,
      this.limitRate,
      this.#latenessMs,
      this.#largest + this.#reserve(),
      now,
      this.shareAtMost,
    );
  }

  /** Amount kept in the bucket because the level is not known exactly. */
  #reserve(): number {
    const chance = this.beliefs.sharing.chance(this.limitRate, this.#average);
    return Math.min(MAX_RESERVE * this.burst, Math.max(chance, this.#level.error));
  }

  /** Surplus that may be spent at once. */
  get #step(): number {
    return Math.max(AT_ONCE * this.#average, AT_ONCE_MS * this.limitRate);
  }

  #correct(truth: number, tolerance: number, first: boolean, isCut: boolean): void {
    // After a cut our level is a debt that we only assume, and that would hold back the answers which disprove it.
    if (isCut && truth > this.level) {
      this.#level.value = Math.min(truth, this.burst);
    } else if (!first) {
      this.#level.correct(truth, tolerance, this.#step);
    } else {
      this.#level.foundAt(truth);
      this.#level.value = Math.min(truth, this.burst);
    }
  }

  /** Whether levels show what was taken. Output counts as it is generated, and its amount is known only afterwards. */
  get #isComparable(): boolean {
    return !this.kind.perDay && this.kind.unit !== 'outputTokens';
  }

  #learnReturns(report: LevelReport, quantum: number, now: number): void {
    if (this.source !== 'header' || this.kind.perDay) return;
    // What a server corrects at the end returns too, and not all that do are known.
    if (this.kind.unit === 'tokens') return;
    const { returns, refill } = this.beliefs;
    const stated = this.#statedRate;
    const size = this.#average;
    const isOutput = this.kind.unit === 'outputTokens';
    const counted = isOutput ? { ...report, mark: report.mark - this.#uncounted() } : report;
    const rate = returns.observe(counted, this.limit, stated, this.limitRate, size, 2 * Math.max(0, quantum - 1));
    if (rate !== undefined) refill.returned(rate / stated, now);
    refill.mayBeHigher(returns.isProven && report.remaining + 2 * size >= this.limit);
  }

  #learnScale(seen: Observation, now: number): void {
    const { sampledAt: at, remaining, sequence, mark, source } = seen;
    if (remaining === undefined || source !== 'header' || !this.#isComparable) return;
    // Older answers still state the limit before a change.
    if (seen.limit !== this.limit) return;
    const { scale, shortBucket, sharing } = this.beliefs;
    const before = scale.factor;
    scale.observe({ at, remaining, sequence, mark }, this.limit, this.limitRate, this.#average || seen.amount);
    if (scale.factor === before) return;
    sharing.foreign.forget();
    this.beliefs.returns.forget();
    shortBucket.restart(this.limit, scale.factor);
    this.#resize(this.full, now);
    // What is owed consists of our own calls.
    if (this.level > 0) this.#level.value = Math.min(this.burst, (this.level * before) / scale.factor);
  }

  /** Converts a remaining amount to that of a whole-window bucket, of which a shorter bucket can never use a part. */
  #leftOfWindow(remaining: number, resetMs: number | undefined, now: number): number {
    if (this.kind.perDay) return remaining;
    const before = this.beliefs.shortBucket.capacity;
    this.beliefs.shortBucket.observe(remaining, resetMs, this.limit, this.limitRate);
    const { capacity } = this.beliefs.shortBucket;
    if (capacity !== before) {
      // The estimate of other users was based on another bucket's level.
      if (before === undefined || capacity === undefined) this.beliefs.sharing.foreign.forget();
      const known = Math.min(before ?? this.limit, this.limit);
      const size = Math.min(this.full, this.limit);
      // What was left at a refusal is out of reach; what is above it is not.
      this.#resize(this.burst >= known ? size : Math.min(size, this.burst + Math.max(0, size - known)), now);
    }
    return remaining + this.limit - this.full;
  }

  /** Whether rounding hides the level. Requests are never rounded like that. */
  #isRoundedAway(seen: Observation): boolean {
    return this.kind.unit !== 'requests' && this.#quantum.hides(seen, this.kind.windowMs);
  }

  #setLimit(limit: number, source: LimitSource, now: number): void {
    this.source = source;
    if (limit === this.limit) return;
    this.refill(now);
    const { level } = this;
    this.#level.moveTo(this.burst < this.limit ? Math.min(limit, (this.burst * limit) / this.limit) : limit);
    // The refusal has already stated when enough will be available, but in units of the old rate.
    if (source === 'body') this.#level.value = Math.min(this.burst, level < 0 ? (level * limit) / this.limit : level);
    this.limit = limit;
    this.beliefs.forget(limit, now);
  }

  /** What was taken for the rest of the window is the level of a bucket of another size, or the reverse. */
  #resize(burst: number, now: number): void {
    this.#level.resize(burst);
    this.#burstProbe.restart(now);
  }

  #setBurst(burst: number, now: number): void {
    this.#level.moveTo(Math.min(this.limit, burst));
    this.#burstProbe.restart(now);
  }
}
