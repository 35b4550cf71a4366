import type { DimensionSnapshot, LimitSource } from '../../core/events.ts';
import { Allowance } from './own-credit.ts';
import { BurstProbe } from './burst-retest.ts';
import { CountedShare } from './prompt-count-ratio.ts';
import { type BucketDimension, LIMIT_KINDS, type LimitKind } from '../../core/dimensions.ts';
import type { Observation } from './observation.ts';
import { Quantum } from './header-rounding.ts';
import { Sharing } from './shared-pace.ts';
import { ShortBucket } from './short-bucket.ts';

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
const ERROR_WEIGHT = 0.1;
/** Of those who start together the first requests of each come before anybody else's. */
const UNTOLD = 2;
/** So little may be missing without anybody else having been here. */
const FULL = 0.01;
const LATENESS_WEIGHT = 0.1;
const FORGETS = 0.99;
/** Headers that are not older tell what is left. */
const TOLD_MS = 60_000;
/** At most this part of a bucket is kept for what is not known exactly. */
const MOST_RESERVE = 0.02;
const LEAST_RATE = 0.1;
/** What others will leave is a guess that is looked at again. */
const LOOK_AGAIN_MS = 1_000;
/** A level that no answer has confirmed for this long may have been spent by others. */
const UNCONFIRMED_MS = 20_000;

/**
 * Model of one limit of the provider: a continuously refilled bucket, with everything deducted that was sent.
 * What the provider says corrects it: downwards at once, upwards step by step.
 */
export class LimitBucket {
  readonly dimension: BucketDimension;
  readonly kind: LimitKind;
  readonly allowance: Allowance;
  /** Stays 1 where the provider counts what its answers tell. */
  readonly countedShare: CountedShare = new CountedShare();
  readonly #corrects: boolean;
  limit: number;
  source: LimitSource;
  /** Most that the provider lets through at once: the whole limit until a smaller bucket is discovered. */
  burst: number;
  level: number;
  /** What the level would be if nobody else took anything: no answer can raise it above that. */
  #alone: number;
  readonly #sharing = new Sharing();
  readonly #quantum = new Quantum();
  readonly #burstProbe = new BurstProbe();
  readonly #shortBucket = new ShortBucket();
  #foundFull = false;
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
  #confirmed = true;

  constructor(dimension: BucketDimension, limit: number, source: LimitSource, policy: BucketPolicy, now: number) {
    this.dimension = dimension;
    this.kind = LIMIT_KINDS[dimension];
    this.limit = limit;
    this.source = source;
    this.burst = limit;
    this.level = limit;
    this.#alone = limit;
    this.#at = now;
    this.#corrects = policy.corrects;
    this.allowance = new Allowance(policy.headroom, policy.smooth, now);
    this.allowance.resize(limit, this.kind.windowMs, limit, now);
    // A day's limit gates at its end only.
    if (!this.kind.perDay) this.allowance.reopen(now, 1);
  }

  /** Units per millisecond that the provider refills. */
  get limitRate(): number {
    return this.limit / this.kind.windowMs;
  }

  /** Units per millisecond that come and are not taken by others. */
  get rate(): number {
    return this.limitRate * this.#sharing.left;
  }

  /**
   * Whether it is known if others use it: two answers apart in time have told, or the first one missed nothing but
   * what is ours, or answers tell nothing of it.
   */
  get gauged(): boolean {
    const tells = !this.kind.perDay && this.kind.unit !== 'outputTokens' && this.#observedAt !== undefined;
    return !tells || this.#foundFull || this.#sharing.foreign.gauged;
  }

  refill(now: number): void {
    if (!this.kind.perDay) this.#divide(now);
    const elapsed = now - this.#at;
    if (elapsed <= 0) return;
    this.#at = now;
    this.allowance.refill(now, this.#sharing.pace, this.#sharing.shared);
    this.level = Math.min(this.burst, this.level + elapsed * this.rate);
    this.#alone = Math.min(this.burst, this.#alone + elapsed * this.limitRate);
    if (
      this.#observedAt !== undefined &&
      this.#confirmed &&
      now - this.#observedAt > UNCONFIRMED_MS &&
      !this.kind.perDay
    ) {
      this.#confirmed = false;
      this.allowance.reopen(now, this.#sharing.share);
    }
    if (this.burst < (this.#shortBucket.capacity ?? this.limit)) {
      const larger = this.#burstProbe.next(this.burst, now);
      if (larger !== undefined) this.#setBurst(larger, now);
    }
  }

  /** Milliseconds until `amount` fits; to be asked after `refill`. */
  waitMs(amount: number): number {
    if (amount <= 0) return 0;
    const rate = Math.max(LEAST_RATE * this.limitRate, this.rate);
    this.#largest = Math.max(this.#largest, amount);
    const needed = Math.min(this.burst, amount + this.#reserve());
    const wait = Math.max((needed - this.level) / rate, this.allowance.waitMs(amount));
    if (wait <= EPSILON / rate) return 0;
    return this.#sharing.shared ? Math.min(wait, LOOK_AGAIN_MS) : wait;
  }

  /** Least time until `amount` was let through, whatever others leave us; to be asked after `refill`. */
  leastWaitMs(amount: number): number {
    const provider = (amount - this.level) / this.limitRate;
    return Math.max(0, provider, this.allowance.opening ? 0 : (amount - this.allowance.level) / this.allowance.rate);
  }

  /** Whether no wait would ever help: more than a limit that is known, with a margin for the estimate's error. */
  neverFits(amount: number): boolean {
    return amount > 1.2 * this.limit;
  }

  take(amount: number): void {
    this.#average += (amount - this.#average) * (this.#average === 0 ? 1 : 0.05);
    this.#largest = Math.max(amount, FORGETS * this.#largest);
    this.level -= amount;
    this.#alone -= amount;
    this.allowance.level -= amount;
  }

  giveBack(amount: number): void {
    this.level = Math.min(this.burst, this.level + amount);
    this.#alone = Math.min(this.burst, this.#alone + amount);
    this.allowance.add(amount);
  }

  /**
   * The provider charges less in the end than on arrival, as far as it is known to do that. Where headers tell
   * what is left, they tell this too; what we allow ourselves they do not know.
   */
  trueUp(amount: number, now: number): void {
    // Only refusals tell of this limit: they correct what is too low, but never come while it is too high.
    if (amount < 0 && this.source === 'body' && this.kind.unit === 'tokens') return;
    const told = this.#observedAt !== undefined && now - this.#observedAt < TOLD_MS && this.source === 'header';
    if (!told || this.kind.unit === 'outputTokens') this.giveBack(amount);
    else if (amount > 0) {
      this.#alone = Math.min(this.burst, this.#alone + amount);
      this.allowance.add(amount);
    }
  }

  /** The provider never counted this part of a request; it is given back. */
  neverCounted(sequence: number, amount: number): void {
    const { level } = this;
    this.giveBack(amount);
    // The level of a later answer did not contain it.
    if (sequence <= this.#sequence) this.level = level;
    this.#sharing.foreign.neverCounted(sequence, amount);
  }

  /** Returns whether the limit changed. */
  observe(seen: Observation, now: number): boolean {
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
    const undecided = !this.gauged && sequence > UNTOLD;
    if (undecided) this.#foundFull = seen.limit - remaining - mark <= FULL * seen.limit;
    this.#latenessMs += (now - at - this.#latenessMs) * (first ? 1 : LATENESS_WEIGHT);
    if (!this.kind.perDay) {
      // Output is taken while it is generated, by calls of which we know the amount only afterwards.
      if (this.kind.unit !== 'outputTokens') {
        const { foreign } = this.#sharing;
        const interval = foreign.observe({ at, remaining, sequence, mark }, this.limit, this.limitRate, quantum);
        if (interval && !this.#corrects) this.countedShare.learn(interval.own, interval.own + interval.taken);
      }
      this.#divide(now);
      this.allowance.refill(now, this.#sharing.pace, this.#sharing.shared);
      if (first) this.allowance.reopen(now, this.#sharing.share);
    }
    // Nothing is missing but what is ours: nobody has to be spared.
    if (this.#foundFull && undecided) this.allowance.hasten(now);
    const used = this.limit - remaining;
    if (!seen.refused && used > this.burst) this.#setBurst(Math.min(this.limit, used), now);
    const left = remaining + this.rate * Math.max(0, now - at) - seen.since;
    // The bucket may have been full in between; then what we took since is all that is missing.
    const told = this.burst - (this.limit - left);
    // Where the provider counts less than we do, it alone knows.
    if (this.countedShare.value < 1) this.#alone = Math.max(this.#alone, told);
    const truth = Math.min(told, this.#alone);
    // As much as we thought: nobody else was here, and what is banked may be spent.
    if (!this.#confirmed && truth > this.level - 0.05 * this.burst) this.allowance.open();
    this.#confirmed = true;
    this.#correct(truth, quantum > 1 ? quantum / 2 : 0, first);
    this.#sequence = Math.max(this.#sequence, seen.sequence);
    this.#observedAt = now;
    return changed;
  }

  /**
   * A request was refused by this limit though it seemed to fit. `remaining` is what the provider showed of the
   * whole window, undefined when it showed nothing: if that was enough, the provider enforces a part of the window.
   */
  refused(amount: number, remaining: number | undefined, waitMs: number, now: number): void {
    this.refill(now);
    const used = remaining === undefined ? this.burst - this.level : this.limit - remaining;
    const surprising = remaining === undefined ? this.level > amount + 0.1 * this.burst : remaining >= amount;
    if (surprising) {
      const burst = Math.max(1, Math.min(amount, this.limit), Math.min(this.burst, used));
      this.#burstProbe.refused(burst, this.burst);
      this.#setBurst(burst, now);
    }
    this.level = Math.min(this.level, Math.min(amount, this.burst) - waitMs * Math.max(0, this.rate));
    this.allowance.calm();
  }

  /** The provider named the most that it lets through at once. */
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
      ratePerSecond: this.kind.perDay ? undefined : 1_000 * Math.min(1, this.#sharing.pace) * this.allowance.rate,
    };
  }

  #divide(now: number): void {
    const { shared } = this.#sharing;
    this.#sharing.divide(
      this.level,
      this.burst,
      this.limitRate,
      this.#latenessMs,
      this.#largest + this.#reserve(),
      now,
    );
    if (shared && !this.#sharing.shared) this.allowance.regain(this.burst - this.level, now);
  }

  /** What stays in the bucket because the level is not known exactly. */
  #reserve(): number {
    const chance = this.#sharing.chance(this.limitRate, this.#average);
    return Math.min(MOST_RESERVE * this.burst, Math.max(chance, this.#error));
  }

  #correct(truth: number, tolerance: number, first: boolean): void {
    if (first) this.level = truth;
    else {
      this.#error += (Math.abs(truth - this.level) - this.#error) * ERROR_WEIGHT;
      if (this.level > truth + tolerance) this.level = truth + tolerance;
      else if (this.level < truth - tolerance) this.level += (truth - tolerance - this.level) * RAISE;
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

  #setLimit(limit: number, source: LimitSource, now: number): void {
    this.source = source;
    if (limit === this.limit) return;
    this.refill(now);
    this.#moveTo(this.burst < this.limit ? Math.min(limit, (this.burst * limit) / this.limit) : limit);
    this.limit = limit;
    this.#sharing.foreign.forget();
    this.#shortBucket.forget();
    this.allowance.resize(limit, this.kind.windowMs, this.burst, now);
  }

  #setBurst(burst: number, now: number): void {
    this.#moveTo(Math.min(this.limit, burst));
    this.#burstProbe.restart(now);
    this.allowance.rebucket(this.burst, now);
  }

  /** A bucket of another size; what was used stays used. */
  #moveTo(burst: number): void {
    const by = burst - this.burst;
    this.burst = burst;
    this.level += by;
    this.#alone += by;
  }
}
