import type { DimensionSnapshot, LimitSource } from '../../core/events.ts';
import { BUCKET_BELIEFS, type BucketBelief } from './belief-watch.ts';
import { BurstProbe } from './burst-retest.ts';
import { FixedWindow } from './fixed-window.ts';
import { FullPromise } from './full-promise.ts';
import { CountedShare } from './prompt-count-ratio.ts';
import { type BucketDimension, LIMIT_KINDS, type LimitKind } from '../../core/dimensions.ts';
import type { Observation } from './observation.ts';
import { type Contradiction, EnforcedRate } from './enforced-rate.ts';
import { Headroom } from './headroom.ts';
import { Quantum } from './header-rounding.ts';
import { OtherScope } from './other-scope.ts';
import { Pace } from './pace.ts';
import { Sharing } from './shared-pace.ts';
import { RefillRate } from './refill-rate.ts';
import { ShortBucket } from './short-bucket.ts';
import type { DividedLimit, Slice } from './slice.ts';

export interface BucketPolicy {
  readonly headroom: number;
  readonly smooth: boolean;
  /** Whether the provider corrects its count when the answer is there. */
  readonly corrects: boolean;
}

// Adding up fractions ends a hair beside a whole unit.
const EPSILON = 1e-6;
/** Part of what a level is too low by that one answer corrects. */
const RAISE = 0.5;
/** Of what answers tell beyond that, so many calls or milliseconds' worth go at once. */
const AT_ONCE = 4;
const AT_ONCE_MS = 500;
const ERROR_WEIGHT = 0.1;
const LATENESS_WEIGHT = 0.1;
const FORGETS = 0.99;
/** Headers that are not older tell what is left. */
const TOLD_MS = 60_000;
/** At most this part of a bucket is kept for what is not known exactly. */
const MOST_RESERVE = 0.02;
const LEAST_RATE = 0.1;
/** What others will leave is a guess that is looked at again. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Model of one limit of the provider: a continuously refilled bucket, with everything deducted that was sent.
 * What the provider says corrects it: downwards at once, upwards step by step.
 */
export class LimitBucket implements DividedLimit {
  readonly dimension: BucketDimension;
  readonly kind: LimitKind;
  /** Stays 1 where the provider counts what its answers tell. */
  readonly countedShare: CountedShare = new CountedShare();
  readonly #corrects: boolean;
  limit: number;
  source: LimitSource;
  /** Most that the provider lets through at once: the whole limit until a smaller bucket is discovered. */
  burst: number;
  level: number;
  /** Our part, where processes divide the limit among them. */
  slice: Slice | undefined;
  shareAtMost = 1;
  readonly #headroom: Headroom;
  readonly #pace: Pace;
  readonly #sharing = new Sharing();
  readonly #quantum = new Quantum();
  readonly #burstProbe = new BurstProbe();
  readonly #shortBucket = new ShortBucket();
  readonly #promise = new FullPromise();
  readonly #otherScope = new OtherScope();
  readonly #enforced = new EnforcedRate();
  readonly #refill = new RefillRate();
  readonly #fixed = new FixedWindow();
  /** The level by what answers tell, whatever refusals say. */
  #claimed: number;
  /** Our consumption in all. */
  #taken = 0;
  #average = 0;
  /** About the largest call of late. */
  #largest = 0;
  /** How old what answers tell is, on average. */
  #latenessMs = 0;
  /** How far the level was off from what answers told. */
  #error = 0;
  #at: number;
  #observedAt: number | undefined;
  #sequence = 0;

  constructor(dimension: BucketDimension, limit: number, source: LimitSource, policy: BucketPolicy, now: number) {
    this.dimension = dimension;
    this.kind = LIMIT_KINDS[dimension];
    this.limit = limit;
    this.source = source;
    this.burst = limit;
    this.level = limit;
    this.#claimed = limit;
    this.#at = now;
    this.#corrects = policy.corrects;
    // A day's limit gates at its end, where every call counts.
    this.#headroom = new Headroom(this.kind.perDay ? 0 : policy.headroom, limit);
    this.#pace = new Pace(policy.smooth);
  }

  /** Units per millisecond that the provider refills. */
  get limitRate(): number {
    return (this.#refill.factor * this.limit) / this.kind.windowMs;
  }

  /** Units per millisecond that come and are not taken by others. */
  get rate(): number {
    return this.limitRate * this.#sharing.left;
  }

  /** What it lets through at once, as far as answers have shown. */
  get full(): number {
    return this.#shortBucket.capacity ?? this.limit;
  }

  /** Whether what was taken comes back steadily, as far as answers have shown. */
  get refills(): boolean {
    return !this.kind.perDay && !this.#fixed.believed;
  }

  get headroomShare(): number {
    return this.#headroom.share;
  }

  get observed(): boolean {
    return this.#observedAt !== undefined;
  }

  /** Whether it is known if others use it: two answers apart in time have told, or answers tell nothing of it. */
  get gauged(): boolean {
    const tells = !this.kind.perDay && this.kind.unit !== 'outputTokens' && this.observed;
    return !tells || this.#sharing.foreign.gauged;
  }

  /** Whether others take of it too. */
  get shared(): boolean {
    return this.#sharing.shared;
  }

  refill(now: number): void {
    if (!this.kind.perDay) this.#divide(now);
    const elapsed = now - this.#at;
    if (elapsed <= 0) return;
    this.#at = now;
    const { shared, pace } = this.#sharing;
    const own = shared && this.slice?.level === undefined;
    this.#pace.refill(elapsed, (1 - this.#headroom.share) * this.limitRate, own ? pace : undefined);
    const back = this.#returned(elapsed, now, this.rate);
    const level = this.level + back;
    this.#claimed = Math.min(this.burst, this.#claimed + back);
    this.level = Math.min(this.burst, level);
    this.#headroom.refilled(back, level - this.level, this.burst, elapsed);
    this.#collect(now);
    if (this.burst < this.full) {
      const larger = this.#burstProbe.next(this.burst, now);
      if (larger !== undefined) this.#setBurst(larger, now);
    }
  }

  /** Milliseconds until `amount` fits; to be asked after `refill`. */
  waitMs(amount: number): number {
    if (amount <= 0) return 0;
    const ours = this.slice?.waitMs(amount);
    if (ours !== undefined) return Math.max(ours, this.#pace.waitMs(amount));
    const rate = Math.max(LEAST_RATE * this.limitRate, this.rate);
    this.#largest = Math.max(this.#largest, amount);
    const most = Math.max(Math.min(1, this.burst), (1 - this.#headroom.share) * this.burst);
    const needed = Math.min(most, amount + this.#reserve());
    const missing = needed - this.usable;
    let wait = missing > EPSILON ? this.#comesInMs(missing, rate) : 0;
    const spread = this.#pace.waitMs(amount);
    if (wait > 0) {
      const promised = this.#promisedFor(needed);
      if (promised !== undefined) wait = Math.min(wait, Math.max(1, promised - this.#at));
    }
    // What is spread now may be ours alone in a moment.
    if (spread > EPSILON / rate) wait = Math.max(wait, Math.min(spread, LOOK_AGAIN_MS));
    if (wait > 0 && this.source === 'header' && !this.kind.perDay) {
      this.#refill.held(this.#at - (this.#observedAt ?? this.#at), this.#at);
    }
    wait = Math.max(wait, this.#enforced.waitMs(amount, this.limitRate, this.#at));
    // All of a minute's limit comes back in a minute, whatever is believed of its level.
    const longest = this.#sharing.shared ? LOOK_AGAIN_MS : this.kind.perDay ? Infinity : this.kind.windowMs;
    return Math.min(wait, longest);
  }

  #comesInMs(missing: number, rate: number): number {
    const endsAt = this.#fixed.endsAt(this.#at);
    return endsAt === undefined ? missing / (rate * (1 - this.#headroom.share)) : endsAt - this.#at;
  }

  /** What came back in the time up to a moment; nothing, before a fixed window starts anew. */
  #returned(elapsed: number, until: number, rate: number): number {
    return this.#fixed.endsAt(until) === undefined ? elapsed * rate : 0;
  }

  /** Whether no more than a lease is missing: the processes have enough of the limit together. */
  awaitsLease(amount: number): boolean {
    return this.slice !== undefined && (this.slice.level ?? Infinity) >= amount;
  }

  /** Least time until `amount` was let through, whatever others leave us; to be asked after `refill`. */
  leastWaitMs(amount: number): number {
    return Math.max(0, (amount - this.usable) / this.limitRate);
  }

  /** Whether no wait would ever help: more than a limit that is known, with a margin for the estimate's error. */
  neverFits(amount: number): boolean {
    return amount > 1.2 * this.limit;
  }

  take(amount: number, sequence: number): void {
    this.#enforced.take(amount, sequence);
    this.#average += (amount - this.#average) * (this.#average === 0 ? 1 : 0.05);
    this.#largest = Math.max(amount, FORGETS * this.#largest);
    this.level -= amount;
    this.#claimed -= amount;
    this.#taken += amount;
    this.#pace.take(amount);
    this.slice?.take(amount);
  }

  giveBack(amount: number): void {
    this.level = Math.min(this.burst, this.level + amount);
    this.#claimed = Math.min(this.burst, this.#claimed + amount);
    this.#pace.add(amount);
    this.slice?.giveBack(amount);
  }

  /**
   * The provider charges less in the end than on arrival, as far as it is known to do that. Where headers tell
   * what is left, they tell this too.
   */
  trueUp(amount: number, now: number): void {
    // Only refusals tell of this limit: they correct what is too low, but never come while it is too high.
    if (amount < 0 && this.source === 'body' && this.kind.unit === 'tokens') return;
    const told = this.#observedAt !== undefined && now - this.#observedAt < TOLD_MS && this.source === 'header';
    if (!told || this.kind.unit === 'outputTokens') this.giveBack(amount);
    else if (this.#corrects) this.slice?.giveBack(amount);
  }

  /** The provider never counted this part of a request; it is given back. */
  neverCounted(sequence: number, amount: number): void {
    const { level } = this;
    const claimed = this.#claimed;
    this.giveBack(amount);
    // The level of a later answer did not contain it.
    if (sequence <= this.#sequence) {
      this.level = level;
      this.#claimed = claimed;
    }
    this.#sharing.foreign.neverCounted(sequence, amount);
  }

  /** A call that takes so much got through. */
  accepted(amount: number, now: number): void {
    if (this.source !== 'header' || this.kind.perDay) return;
    this.#shortBucket.accepted(amount);
    if (this.burst < amount && this.burst < this.limit) this.#setBurst(amount, now);
    this.#refill.accepted(amount, this.limit, this.limit / this.kind.windowMs, now);
  }

  /** Returns whether the limit changed. */
  observe(seen: Observation, now: number): boolean {
    if (seen.source === 'header' && this.#otherScope.covers(seen.limit, now)) return false;
    if (seen.source === 'body') {
      if (this.source === 'header' && seen.limit > this.limit && !this.kind.perDay) {
        this.#refill.named(seen.limit, this.limit);
        return false;
      }
      const told = this.source === 'header' ? this.limit : this.#otherScope.told;
      if (told !== undefined) this.#otherScope.named(seen.limit, told, now);
    }
    const newest = seen.sequence >= this.#sequence;
    // Whoever was sent later knows more; a slow early answer would raise the level again.
    if (!newest && !seen.refused) return false;
    const changed = newest && (seen.limit !== this.limit || seen.source !== this.source);
    const first = this.#observedAt === undefined;
    if (newest) this.#setLimit(seen.limit, seen.source, now);
    if (seen.remaining === undefined) return changed;
    this.refill(now);
    const quantum = this.#quantum.observe(seen.remaining, seen.limit);
    const { sampledAt: at, mark, sequence } = seen;
    const remaining = this.#leftOfWindow(seen.remaining, seen.resetMs, now);
    this.#latenessMs += (now - at - this.#latenessMs) * (first ? 1 : LATENESS_WEIGHT);
    if (!this.kind.perDay) {
      // Output is taken while it is generated, by calls of which we know the amount only afterwards.
      if (this.kind.unit !== 'outputTokens') {
        const { foreign } = this.#sharing;
        const returnRate = this.#returned(1, at, this.limitRate);
        const interval = foreign.observe(
          { at, remaining, sequence, mark },
          this.limit,
          this.limitRate,
          quantum,
          returnRate,
        );
        if (interval && !this.#corrects) this.countedShare.learn(interval.own, interval.own + interval.taken);
      }
      this.#divide(now);
    }
    const used = this.limit - remaining;
    if (!seen.refused && used > this.burst) this.#setBurst(Math.min(this.limit, used), now);
    const left = remaining + this.#returned(Math.max(0, now - at), now, this.rate) - seen.since;
    // The bucket may have been full in between; then what we took since is all that is missing.
    const told = this.burst - (this.limit - left);
    const tolerance = quantum > 1 ? quantum / 2 : 0;
    if (newest) this.#claimed = Math.min(this.burst, told);
    if (newest && !seen.refused) {
      const { sentAt, since } = seen;
      this.slice?.told({ sentAt, at, since, left: this.burst - (this.limit - remaining), tolerance });
    }
    this.#correct(told, tolerance, first);
    if (newest && seen.resetMs !== undefined && !this.kind.perDay) {
      const missing = Math.max(0, this.limit - remaining);
      const ownMark = this.#taken - seen.since;
      this.#seeReset({ at, missing, resetMs: seen.resetMs }, quantum, now);
      if (this.#promise.confirmed && this.refills) {
        this.#refill.reset(missing, this.limit, seen.resetMs, this.limit / this.kind.windowMs, at);
      }
      this.#promise.observe({ at, fullAt: at + seen.resetMs, mark: ownMark, missing, full: this.burst });
    }
    this.#sequence = Math.max(this.#sequence, seen.sequence);
    this.#observedAt = now;
    this.#refill.told();
    return changed;
  }

  /**
   * A request was refused by this limit though it seemed to fit. `remaining` is what the provider showed of the
   * whole window, undefined when it showed nothing, and `since` what we took after it: if that was enough, the provider
   * enforces a part of the window.
   */
  refused(refusal: Contradiction, remaining: number | undefined, since: number, waitMs: number, now: number): void {
    this.refill(now);
    const { amount } = refusal;
    this.#enforced.refused(refusal, this.limitRate, now);
    if (refusal.news) this.#refill.refused(now);
    // What no answer has told of is only what we think ourselves.
    const known = this.observed ? this.#claimed + since : this.level;
    const claimed = Math.min(known, this.slice?.level ?? Infinity);
    const used = remaining === undefined ? this.burst - claimed : this.limit - remaining;
    const surprising = remaining === undefined ? claimed > amount + 0.1 * this.burst : remaining >= amount;
    if (surprising && this.#fixed.believed) this.#fixed.contradicted();
    else if (surprising) {
      const burst = Math.max(1, Math.min(amount, this.limit), Math.min(this.burst, used));
      this.#burstProbe.refused(burst, this.burst);
      this.#setBurst(burst, now);
    }
    const level = Math.min(amount, this.burst) - waitMs * Math.max(0, this.rate);
    this.level = surprising ? level : Math.min(this.level, level);
    this.#headroom.foundAt(this.level, this.burst);
    this.slice?.refused(level);
    if (this.#promise.collected) this.#promise.broken();
  }

  adopt(limit: number, burst: number, now: number): void {
    if (limit !== this.limit) this.#setLimit(limit, this.source, now);
    if (burst === this.burst) return;
    if (burst > this.burst) this.#burstProbe.triedElsewhere();
    else this.#burstProbe.refused(burst, this.burst);
    this.#setBurst(burst, now);
  }

  /** The provider named the most that it lets through at once. */
  burstIs(burst: number, now: number): void {
    this.refill(now);
    if (burst < this.burst) this.#setBurst(burst, now);
  }

  believes(belief: BucketBelief): boolean {
    switch (belief) {
      case 'short_bucket':
        return this.#shortBucket.capacity !== undefined;
      case 'shorter_window':
        return this.#refill.factor > 1;
      case 'other_scope':
        return this.#otherScope.told !== undefined;
      case 'less_than_told':
        return this.#enforced.holds;
      case 'shared':
        return this.shared;
      case 'resets_at_once':
        return this.#promise.confirmed;
      case 'fixed_window':
        return this.#fixed.believed;
    }
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
      beliefs: BUCKET_BELIEFS.filter((belief) => this.believes(belief)),
      ratePerSecond: this.kind.perDay
        ? undefined
        : 1_000 * Math.min(1, this.#sharing.pace) * (1 - this.#headroom.share) * this.limitRate,
    };
  }

  /** When so much is there at the latest, by what the provider promised; undefined where it did not. */
  #promisedFor(amount: number): number | undefined {
    const promised = this.#sharing.shared ? undefined : this.#promise.promised;
    if (!promised || this.burst - (this.#taken - promised.mark) < amount) return undefined;
    return promised.at;
  }

  /** Takes the provider at its word; where nothing has confirmed it yet, for one call that asks. */
  #collect(now: number): void {
    const promised = this.#sharing.shared ? undefined : this.#promise.promised;
    if (!promised || now < promised.at) return;
    const all = this.burst - (this.#taken - promised.mark);
    const { confirmed, collected } = this.#promise;
    if (!confirmed && collected) return;
    const level = Math.min(this.burst, confirmed ? all : Math.min(all, this.#headroom.kept + this.#largest));
    this.#promise.collected = true;
    if (level > this.level) this.level = level;
    if (confirmed) this.#headroom.keepAtMost(this.burst);
  }

  #divide(now: number): void {
    this.#sharing.divide(
      this.level,
      this.burst,
      this.limitRate,
      this.#latenessMs,
      this.#largest + this.#reserve(),
      now,
      this.shareAtMost,
    );
  }

  /** What may be spent of the level. */
  get usable(): number {
    return this.level - this.#headroom.kept;
  }

  /** What stays in the bucket because the level is not known exactly. */
  #reserve(): number {
    const chance = this.#sharing.chance(this.limitRate, this.#average);
    return Math.min(MOST_RESERVE * this.burst, Math.max(chance, this.#error));
  }

  #correct(truth: number, tolerance: number, first: boolean): void {
    if (first) {
      this.level = truth;
      this.#headroom.foundAt(truth, this.burst);
    } else {
      this.#error += (Math.abs(truth - this.level) - this.#error) * ERROR_WEIGHT;
      if (this.level > truth + tolerance) this.level = truth + tolerance;
      else if (this.level < truth - tolerance) {
        const gain = Math.min((truth - tolerance - this.level) * RAISE, this.burst - this.level);
        this.level += gain;
        const step = Math.max(AT_ONCE * this.#average, AT_ONCE_MS * this.limitRate);
        if (gain > step) this.#headroom.hold(gain, step);
      }
    }
    this.level = Math.min(this.level, this.burst);
  }

  /** What an answer tells, as if of a bucket of the whole window, of which a shorter one can never spend a part. */
  #leftOfWindow(remaining: number, resetMs: number | undefined, now: number): number {
    if (this.kind.perDay) return remaining;
    const before = this.#shortBucket.capacity;
    this.#shortBucket.observe(remaining, resetMs, this.limit, this.limitRate);
    const { capacity } = this.#shortBucket;
    if (capacity !== before) {
      // What was believed of others came from reading the level of another bucket.
      if (before === undefined || capacity === undefined) this.#sharing.foreign.forget();
      const known = Math.min(before ?? this.limit, this.limit);
      if (this.burst >= known || (capacity ?? Infinity) < this.burst) this.#setBurst(capacity ?? this.limit, now);
    }
    return remaining + this.limit - (capacity ?? this.limit);
  }

  #seeReset(told: { at: number; missing: number; resetMs: number }, quantum: number, now: number): void {
    const before = this.#fixed.believed;
    this.#fixed.observe(told, this.limitRate, quantum);
    if (this.#fixed.believed === before) return;
    // What was believed of others and of a smaller bucket came from reading it as the other.
    this.#sharing.foreign.forget();
    if (!before && this.burst < this.full) this.#setBurst(this.full, now);
  }

  #setLimit(limit: number, source: LimitSource, now: number): void {
    this.source = source;
    if (limit === this.limit) return;
    this.refill(now);
    const { level } = this;
    this.#moveTo(this.burst < this.limit ? Math.min(limit, (this.burst * limit) / this.limit) : limit);
    // A refusal has told already when there will be enough.
    if (source === 'body') this.level = Math.min(this.burst, level);
    this.limit = limit;
    this.#sharing.foreign.forget();
    this.#shortBucket.forget();
    this.#fixed.forget();
    this.#refill.restart(now);
    this.#promise.forget();
  }

  #setBurst(burst: number, now: number): void {
    this.#moveTo(Math.min(this.limit, burst));
    this.#burstProbe.restart(now);
  }

  /** A bucket of another size; what was used stays used. */
  #moveTo(burst: number): void {
    const by = burst - this.burst;
    this.burst = burst;
    this.level += by;
    this.#claimed += by;
    this.#headroom.keepAtMost(this.burst);
  }
}
