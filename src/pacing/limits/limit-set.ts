import { AdmissionRefused, type LaneListener } from '../../core/admission.ts';
import type { LimitSource } from '../../core/snapshot.ts';
import type { Dimension } from '../../core/outcome.ts';
import { AdmittedMinute } from '../usage/admitted-minute.ts';
import { Consumption } from '../usage/lane-totals.ts';
import { type BucketPolicy, LimitBucket } from './known-limit.ts';
import { type BucketDimension, LIMIT_KINDS, type Unit } from '../../core/dimensions.ts';
import type { RefusedSizes } from '../usage/refused-sizes.ts';
import type { Amounts, Reservation } from '../usage/reservation.ts';
import type { LimitDivider } from './limit-divider.ts';
import type { Limit } from './limit.ts';

/** Longest assumed time until the provider counts a request; the rest of the response time is generation. */
const MAX_ONE_WAY_MS = 100;

/** What an answer reported about one limit. */
export interface LimitNews {
  readonly dimension: BucketDimension;
  readonly limit: number;
  readonly remaining: number | undefined;
  readonly resetMs?: number | undefined;
  readonly source: LimitSource;
  /** Whether the limit, or another one, refused the request. */
  readonly refused: boolean;
}

/** A lane's buckets. A reservation takes from all of them or from none. */
export class LimitSet {
  readonly buckets: Limit[] = [];
  readonly #policy: BucketPolicy;
  readonly #listener: LaneListener;
  readonly #maxWaitMs: number;
  readonly #divider: LimitDivider | undefined;
  readonly #consumption = new Consumption();
  readonly admitted: AdmittedMinute = new AdmittedMinute();
  #fastestMs = Infinity;
  #averageShare = 0;

  /** `maxWaitMs`: longest wait for a limit to reset, not counting time in the queue. */
  constructor(policy: BucketPolicy, listener: LaneListener, maxWaitMs: number, divider?: LimitDivider) {
    this.#policy = policy;
    this.#divider = divider;
    this.#listener = listener;
    this.#maxWaitMs = maxWaitMs;
  }

  get(dimension: BucketDimension): Limit | undefined {
    return this.buckets.find((bucket) => bucket.dimension === dimension);
  }

  add(dimension: BucketDimension, limit: number, source: LimitSource, now: number): Limit {
    const { unit } = LIMIT_KINDS[dimension];
    const model = new LimitBucket(dimension, limit, source, this.#policy, now, () => this.#consumption.uncounted(unit));
    // A day's limit is not divided: it matters only near its end, and every answer shows how near that is.
    const bucket = (model.kind.perDay ? undefined : this.#divider?.partOf(model)) ?? model;
    this.buckets.push(bucket);
    return bucket;
  }

  /** Adopts a limit learned by another process. */
  adopt(dimension: BucketDimension, limit: number, burst: number, now: number): void {
    const known = this.get(dimension);
    const previous = known?.limit;
    const bucket = known ?? this.add(dimension, limit, 'learned', now);
    bucket.adopt(limit, burst, now);
    if (previous !== limit) this.#listener.onLimit(dimension, limit, previous, bucket.source);
  }

  /**
   * Whether a reading for a day's limit contradicts an earlier reading of the same header as a minute's. The window is
   * inferred, and a minute's numbers can look like a day's: the first reading that does not drops the day's limit.
   */
  contradicts(dimension: BucketDimension, limit: number): boolean {
    const other = LIMIT_KINDS[dimension].sameHeaderAs;
    const known = other && this.get(other);
    if (known?.limit !== limit || known.source === 'config') return false;
    if (LIMIT_KINDS[dimension].perDay) return true;
    this.buckets.splice(this.buckets.indexOf(known), 1);
    return false;
  }

  /** Whether any known limit paces calls; a day's limit does not. */
  get paces(): boolean {
    return this.buckets.some((bucket) => !bucket.kind.perDay);
  }

  /** Whether it is known for every limit if it has other users. */
  get gauged(): boolean {
    return this.buckets.every((bucket) => bucket.gauged);
  }

  /** Whether any reported level may not be what it seems. */
  get suspect(): boolean {
    return this.buckets.some((bucket) => bucket.suspect);
  }

  /** Whether any limit has other users. */
  get shared(): boolean {
    return this.buckets.some((bucket) => bucket.shared);
  }

  /** How many calls like this one fit right now, according to answers. */
  roomFor(reserved: Readonly<Amounts>): number {
    let calls = Infinity;
    for (const { kind, level, observed } of this.buckets) {
      const amount = reserved[kind.unit];
      if (observed && amount > 0) calls = Math.min(calls, level / amount);
    }
    return calls;
  }

  /** Milliseconds in which `reserved` refills at the stated rates. */
  refillMs(reserved: Readonly<Amounts>): number {
    let most = 0;
    for (const { kind, limitRate } of this.buckets) {
      // Output counts as it is generated, so it cannot refuse calls that are already sent.
      if (!kind.perDay && kind.unit !== 'outputTokens') most = Math.max(most, reserved[kind.unit] / limitRate);
    }
    return most;
  }

  /** Why waiting would not help; undefined if it would. */
  refusal(reservation: Reservation, sizes: RefusedSizes, now: number): AdmissionRefused | undefined {
    const { reserved, confirmed } = reservation;
    for (const bucket of this.buckets) {
      const { dimension, limit, kind } = bucket;
      // Output is an estimate until generated; never refuse a call on an estimate.
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

  /** Lower bound of the wait of a reservation behind `ahead`, whatever is given back or raised meanwhile. */
  leastWaitMs(ahead: Readonly<Amounts>, reserved: Readonly<Amounts>, now: number): number {
    let most = 0;
    for (const bucket of this.buckets) {
      bucket.refill(now);
      const { unit } = bucket.kind;
      // Tokens ahead may be partly returned; requests never are.
      const before = unit === 'requests' ? ahead.requests : 0;
      most = Math.max(most, bucket.leastWaitMs(before + reserved[unit]));
    }
    return most;
  }

  /** Why this many reservations cannot all wait while `binding` is a day's limit; undefined if they can. */
  tooMany(waiting: number, reserved: Readonly<Amounts>, binding: Dimension): AdmissionRefused | undefined {
    const bucket = this.buckets.find((each) => each.kind.perDay && each.dimension === binding);
    if (!bucket) return undefined;
    const { dimension, limit, limitRate, kind } = bucket;
    const most = Math.max(1, Math.floor((this.#maxWaitMs * limitRate) / Math.max(1, reserved[kind.unit])));
    return waiting > most ? new AdmissionRefused('day_limit', { dimension, limit }) : undefined;
  }

  /** Units taken after this request was sent. */
  since(reservation: Reservation, unit: Unit): number {
    return this.#consumption.since(unit, reservation);
  }

  take(reservation: Reservation): void {
    for (const bucket of this.buckets) bucket.take(reservation.reserved[bucket.kind.unit], reservation.sequence);
    this.#consumption.sent(reservation);
    this.admitted.add(reservation.reserved, reservation.sentAt);
  }

  /** Cost for fair queueing: the largest share of any limit, in calls of average size. */
  share(reserved: Readonly<Amounts>): number {
    let share = 0;
    for (const bucket of this.buckets) share = Math.max(share, reserved[bucket.kind.unit] / bucket.limit);
    if (share === 0) return 1;
    this.#averageShare += (share - this.#averageShare) * (this.#averageShare === 0 ? 1 : 0.02);
    return Math.min(100, Math.max(0.01, share / this.#averageShare));
  }

  answered(reservation: Reservation, now: number): void {
    // Grows slightly each time, to follow a network that has become slower.
    this.#fastestMs = Math.min(now - reservation.sentAt, this.#fastestMs * 1.001);
  }

  get #oneWayMs(): number {
    return Math.min(MAX_ONE_WAY_MS, this.#fastestMs / 2);
  }

  /** The call got through. */
  accepted({ reserved, charged, sentAt }: Reservation, now: number): void {
    for (const bucket of this.buckets) {
      const { unit } = bucket.kind;
      bucket.accepted(charged[unit], reserved[unit], sentAt, now);
    }
    const disproved = this.buckets.findIndex((bucket) => isDisproved(bucket, charged[bucket.kind.unit]));
    if (disproved >= 0) this.buckets.splice(disproved, 1);
  }

  /** The provider charges `amounts`. If `counted` is false, it never counted the difference. */
  charge(reservation: Reservation, amounts: Readonly<Amounts>, counted: boolean, now: number): void {
    const { charged } = reservation;
    // Most are charged as reserved.
    if (amounts.requests !== charged.requests) this.chargeUnit(reservation, 'requests', amounts.requests, counted, now);
    if (amounts.tokens !== charged.tokens) this.chargeUnit(reservation, 'tokens', amounts.tokens, counted, now);
    if (amounts.inputTokens !== charged.inputTokens)
      this.chargeUnit(reservation, 'inputTokens', amounts.inputTokens, counted, now);
    // Even as reserved it is no longer pending.
    this.chargeUnit(reservation, 'outputTokens', amounts.outputTokens, counted, now);
  }

  chargeUnit(reservation: Reservation, unit: Unit, amount: number, counted: boolean, now: number): void {
    if (unit === 'outputTokens') this.#consumption.pass(2 * this.#oneWayMs, now);
    const back = this.#consumption.charge(reservation, unit, amount);
    if (back === 0) return;
    this.admitted.giveBack(unit, back, reservation.sentAt, now);
    for (const bucket of this.buckets) {
      if (bucket.kind.unit !== unit) continue;
      if (counted) bucket.trueUp(back, now, reservation.sequence);
      else bucket.neverCounted(reservation.sequence, back);
    }
  }

  learn(
    { dimension, limit, remaining, resetMs, source, refused }: LimitNews,
    reservation: Reservation,
    now: number,
  ): void {
    const { unit } = LIMIT_KINDS[dimension];
    const { sequence, sentAt, marks, reserved, inFlight } = reservation;
    const known = this.get(dimension);
    const previous = known?.limit;
    const bucket = known ?? this.add(dimension, limit, source, now);
    // The provider counts on arrival, not when it answers.
    const onTheWayMs = Math.min(this.#oneWayMs, (now - sentAt) / 2);
    this.#consumption.pass(2 * this.#oneWayMs, now);
    const seen = {
      limit,
      remaining,
      resetMs,
      source,
      refused,
      sentAt,
      sampledAt: sentAt + onTheWayMs,
      previousAt: reservation.previousAt + onTheWayMs,
      inFlight,
      sequence,
      mark: marks[unit],
      since: this.#consumption.since(unit, reservation),
      amount: reserved[unit],
    };
    if (bucket.observe(seen, now) || !known) this.#listener.onLimit(dimension, limit, previous, source);
  }
}

/** Whether a limit known only from a refusal is wrong: a call that it could not have admitted was served. */
function isDisproved(bucket: Limit, amount: number): boolean {
  return bucket.source === 'body' && (bucket.neverFits(amount) || (bucket.kind.perDay && bucket.level < 0));
}
