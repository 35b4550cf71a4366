import { AdmissionRefused, type LaneListener } from '../../core/admission.ts';
import type { LimitSource } from '../../core/snapshot.ts';
import type { Dimension } from '../../core/outcome.ts';
import { AdmittedMinute } from '../usage/admitted-minute.ts';
import { Consumption } from '../usage/lane-totals.ts';
import { type BucketPolicy, LimitBucket } from './known-limit.ts';
import { type BucketDimension, LIMIT_KINDS, type Unit, UNITS } from '../../core/dimensions.ts';
import type { RefusedSizes } from '../usage/refused-sizes.ts';
import type { Amounts, Reservation } from '../usage/reservation.ts';
import type { Division } from './division.ts';
import type { Limit } from './limit.ts';

/** A request takes no longer than this to be counted; the rest of the time to its answer is generation. */
const MAX_ONE_WAY_MS = 100;

/** What an answer said of one limit. */
export interface LimitNews {
  readonly dimension: BucketDimension;
  readonly limit: number;
  readonly remaining: number | undefined;
  readonly resetMs?: number | undefined;
  readonly source: LimitSource;
  /** Whether the limit, or another one, refused the request. */
  readonly refused: boolean;
}

/** The buckets of a lane: all of them are reserved at once or none. */
export class LimitSet {
  readonly buckets: Limit[] = [];
  readonly #policy: BucketPolicy;
  readonly #listener: LaneListener;
  readonly #maxWaitMs: number;
  readonly #division: Division | undefined;
  readonly #consumption = new Consumption();
  readonly admitted: AdmittedMinute = new AdmittedMinute();
  #fastestMs = Infinity;
  #averageShare = 0;

  /** Nobody waits longer than `maxWaitMs` for a limit to reset; queueing behind others does not count. */
  constructor(policy: BucketPolicy, listener: LaneListener, maxWaitMs: number, division?: Division) {
    this.#policy = policy;
    this.#division = division;
    this.#listener = listener;
    this.#maxWaitMs = maxWaitMs;
  }

  get(dimension: BucketDimension): Limit | undefined {
    return this.buckets.find((bucket) => bucket.dimension === dimension);
  }

  add(dimension: BucketDimension, limit: number, source: LimitSource, now: number): Limit {
    const { unit } = LIMIT_KINDS[dimension];
    const model = new LimitBucket(dimension, limit, source, this.#policy, now, () => this.#consumption.uncounted(unit));
    // A day's limit gates at its end: every answer tells how near that is.
    const bucket = (model.kind.perDay ? undefined : this.#division?.partOf(model)) ?? model;
    this.buckets.push(bucket);
    return bucket;
  }

  /** Takes over what another process has learned of a limit. */
  adopt(dimension: BucketDimension, limit: number, burst: number, now: number): void {
    const known = this.get(dimension);
    const previous = known?.limit;
    const bucket = known ?? this.add(dimension, limit, 'learned', now);
    bucket.adopt(limit, burst, now);
    if (previous !== limit) this.#listener.onLimit(dimension, limit, previous, bucket.source);
  }

  /**
   * Whether a header that is taken for a day's limit was taken for one of a minute before. The window is inferred, and
   * now and then a minute's numbers look like a day's: what was believed of a day ends with the first that do not.
   */
  contradicts(dimension: BucketDimension, limit: number): boolean {
    const other = LIMIT_KINDS[dimension].sameHeaderAs;
    const known = other && this.get(other);
    if (known?.limit !== limit || known.source === 'config') return false;
    if (LIMIT_KINDS[dimension].perDay) return true;
    this.buckets.splice(this.buckets.indexOf(known), 1);
    return false;
  }

  /** Whether any limit is known that paces calls. */
  get paces(): boolean {
    return this.buckets.some((bucket) => !bucket.kind.perDay);
  }

  /** Whether it is known of all of them if others use them. */
  get gauged(): boolean {
    return this.buckets.every((bucket) => bucket.gauged);
  }

  /** Whether others take of any of them too. */
  get shared(): boolean {
    return this.buckets.some((bucket) => bucket.shared);
  }

  /** Calls like this one for which there is room at once, by what answers told. */
  roomFor(reserved: Readonly<Amounts>): number {
    let calls = Infinity;
    for (const { kind, level, observed } of this.buckets) {
      const amount = reserved[kind.unit];
      if (observed && amount > 0) calls = Math.min(calls, level / amount);
    }
    return calls;
  }

  /** Milliseconds in which so much comes back, by what is told. */
  refillMs(reserved: Readonly<Amounts>): number {
    let most = 0;
    for (const { kind, limitRate } of this.buckets) {
      // Output is taken as it is generated: it refuses none of those that are sent before.
      if (!kind.perDay && kind.unit !== 'outputTokens') most = Math.max(most, reserved[kind.unit] / limitRate);
    }
    return most;
  }

  /** Why no wait would help; undefined when one would. */
  refusal(reservation: Reservation, sizes: RefusedSizes, now: number): AdmissionRefused | undefined {
    const { reserved, confirmed } = reservation;
    for (const bucket of this.buckets) {
      const { dimension, limit, kind } = bucket;
      // Output is a guess until it is generated: a guess refuses nobody.
      if (kind.unit === 'outputTokens') continue;
      const requested = reserved[kind.unit];
      if (bucket.neverFits(requested) && sizes.isCertain(reservation, dimension, limit, now)) {
        return new AdmissionRefused('too_large', { dimension, limit, requested });
      }
      if (!kind.perDay || !(confirmed || kind.unit === 'requests')) continue;
      bucket.refill(now);
      const waitMs = bucket.waitMs(requested);
      if (waitMs > this.#maxWaitMs) return new AdmissionRefused('day_limit', { dimension, limit, requested, waitMs });
    }
    return undefined;
  }

  /** Least time that a reservation behind `ahead` must wait, whatever is given back or raised meanwhile. */
  leastWaitMs(ahead: Readonly<Amounts>, reserved: Readonly<Amounts>, now: number): number {
    let most = 0;
    for (const bucket of this.buckets) {
      bucket.refill(now);
      const { unit } = bucket.kind;
      // Tokens ahead may be given back in part; requests are not.
      const before = unit === 'requests' ? ahead.requests : 0;
      most = Math.max(most, bucket.leastWaitMs(before + reserved[unit]));
    }
    return most;
  }

  /** Why so many reservations like this one cannot wait while `binding` is a day limit; undefined when they can. */
  tooMany(waiting: number, reserved: Readonly<Amounts>, binding: Dimension): AdmissionRefused | undefined {
    const bucket = this.buckets.find((each) => each.kind.perDay && each.dimension === binding);
    if (!bucket) return undefined;
    const { dimension, limit, limitRate, kind } = bucket;
    const most = Math.max(1, Math.floor((this.#maxWaitMs * limitRate) / Math.max(1, reserved[kind.unit])));
    return waiting > most ? new AdmissionRefused('day_limit', { dimension, limit }) : undefined;
  }

  /** What was taken after a request of what it takes. */
  since(reservation: Reservation, unit: Unit): number {
    return this.#consumption.since(unit, reservation);
  }

  take(reservation: Reservation): void {
    for (const bucket of this.buckets) bucket.take(reservation.reserved[bucket.kind.unit], reservation.sequence);
    this.#consumption.sent(reservation);
    this.admitted.add(reservation.reserved, reservation.sentAt);
  }

  /** Cost for fairness: the largest share of any limit, in calls of average size. */
  share(reserved: Readonly<Amounts>): number {
    let share = 0;
    for (const bucket of this.buckets) share = Math.max(share, reserved[bucket.kind.unit] / bucket.limit);
    if (share === 0) return 1;
    this.#averageShare += (share - this.#averageShare) * (this.#averageShare === 0 ? 1 : 0.02);
    return Math.min(100, Math.max(0.01, share / this.#averageShare));
  }

  answered(reservation: Reservation, now: number): void {
    // Grows a little each time, so that a network that got slower is believed.
    this.#fastestMs = Math.min(now - reservation.sentAt, this.#fastestMs * 1.001);
  }

  get #oneWayMs(): number {
    return Math.min(MAX_ONE_WAY_MS, this.#fastestMs / 2);
  }

  /** It got through. */
  accepted({ charged }: Reservation, now: number): void {
    for (const bucket of this.buckets) bucket.accepted(charged[bucket.kind.unit], now);
    const disproved = this.buckets.findIndex((bucket) => isDisproved(bucket, charged[bucket.kind.unit]));
    if (disproved >= 0) this.buckets.splice(disproved, 1);
  }

  /** The provider charges `amounts` for it. With `counted` false it never counted the difference. */
  charge(reservation: Reservation, amounts: Readonly<Amounts>, counted: boolean, now: number): void {
    for (const unit of UNITS) this.chargeUnit(reservation, unit, amounts[unit], counted, now);
  }

  chargeUnit(reservation: Reservation, unit: Unit, amount: number, counted: boolean, now: number): void {
    if (unit === 'outputTokens') this.#consumption.pass(2 * this.#oneWayMs, now);
    const back = this.#consumption.charge(reservation, unit, amount);
    if (back === 0) return;
    this.admitted.giveBack(unit, back, reservation.sentAt, now);
    for (const bucket of this.buckets) {
      if (bucket.kind.unit !== unit) continue;
      if (counted) bucket.trueUp(back, now);
      else bucket.neverCounted(reservation.sequence, back);
    }
  }

  learn(
    { dimension, limit, remaining, resetMs, source, refused }: LimitNews,
    reservation: Reservation,
    now: number,
  ): void {
    const { unit } = LIMIT_KINDS[dimension];
    const { sequence, sentAt, marks, reserved } = reservation;
    const known = this.get(dimension);
    const previous = known?.limit;
    const bucket = known ?? this.add(dimension, limit, source, now);
    // The provider counts on arrival, not when it has answered.
    const sampledAt = sentAt + Math.min(this.#oneWayMs, (now - sentAt) / 2);
    this.#consumption.pass(2 * this.#oneWayMs, now);
    const since = this.#consumption.since(unit, reservation);
    const mark = marks[unit];
    const amount = reserved[unit];
    const seen = { limit, remaining, resetMs, source, refused, sentAt, sampledAt, sequence, mark, since, amount };
    if (bucket.observe(seen, now) || !known) this.#listener.onLimit(dimension, limit, previous, source);
  }
}

/** Whether a limit that only a refusal has named is none: what it would never have admitted was served. */
function isDisproved(bucket: Limit, amount: number): boolean {
  return bucket.source === 'body' && (bucket.neverFits(amount) || (bucket.kind.perDay && bucket.level < 0));
}
