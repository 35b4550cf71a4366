import { AdmissionRefused, type LaneListener } from '../core/admission.ts';
import type { DimensionSnapshot, LimitSource } from '../core/events.ts';
import type { Dimension, Failure, LimitReading, Usage } from '../core/outcome.ts';
import type { ChargeRule, RequestInfo } from '../core/provider.ts';
import type { ResolvedPacing } from '../options.ts';
import { Acceleration } from './acceleration.ts';
import { BlindLimit } from './blind-limit.ts';
import { finalCharge } from './charges.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { Consumption } from './consumption.ts';
import { Estimator } from './estimator.ts';
import type { Settlement } from './lane-ticket.ts';
import { LimitBucket } from './limit-bucket.ts';
import { type BucketDimension, isBucket, LIMIT_KINDS } from './limit-kinds.ts';
import { type Amounts, noAmounts, type Reservation, type Unit, UNITS } from './reservation.ts';
import { SlowStart } from './slow-start.ts';
import { snapshotLimits } from './snapshot.ts';

/** Nobody waits longer than this for a limit to reset; queueing behind others does not count. */
export const MAX_LIMIT_WAIT_MS = 120_000;
/** Wait after a refusal that names its limit but no time; doubled while nothing else gets through. */
const UNNAMED_WAIT_MS = 250;
/** A lane this young has seen everything that it has sent itself. */
const STARTING_MS = 30_000;
const MOST_UNNAMED_WAIT_MS = 8_000;

export interface PacerDeps {
  readonly charge: ChargeRule;
  readonly listener: LaneListener;
  readonly now: number;
}

/** The limits of a lane: all of them are reserved at once or none, and every answer corrects them. Knows no queue. */
export class Pacer {
  /** The limit that `waitMs` found to bind last. */
  binding: Dimension = 'unknown';
  readonly #pacing: ResolvedPacing;
  readonly #charge: ChargeRule;
  readonly #listener: LaneListener;
  readonly #buckets: LimitBucket[] = [];
  readonly #consumption = new Consumption();
  readonly #estimator = new Estimator();
  readonly #concurrency: ConcurrencyLimit;
  readonly #blind = new BlindLimit();
  #acceleration: Acceleration | undefined;
  #slowStart: SlowStart | undefined;
  #sequence = 0;
  /** Refusals of what was sent up to here belong to one congestion, and slow the lane down once. */
  #reactedUpTo = 0;
  #unnamedWaitMs = UNNAMED_WAIT_MS;
  #active = 0;
  #firstSentAt = 0;
  #fastestMs = Infinity;
  #averageTokens = 0;
  #averageShare = 0;

  constructor(pacing: ResolvedPacing, deps: PacerDeps) {
    this.#pacing = pacing;
    this.#charge = deps.charge;
    this.#listener = deps.listener;
    this.#slowStart = new SlowStart(deps.now);
    this.#concurrency = new ConcurrencyLimit(pacing.maxConcurrent ?? Infinity);
    const configured: readonly [BucketDimension, number | undefined][] = [
      ['requests', pacing.requestsPerMinute],
      ['tokens', pacing.tokensPerMinute],
      ['input_tokens', pacing.inputTokensPerMinute],
      ['output_tokens', pacing.outputTokensPerMinute],
      ['requests_day', pacing.requestsPerDay],
      ['tokens_day', pacing.tokensPerDay],
    ];
    for (const [dimension, limit] of configured) {
      if (limit !== undefined) this.#add(dimension, limit, 'config', deps.now);
    }
  }

  plan(info: RequestInfo): Reservation {
    const estimate = this.#estimator.estimate(info);
    const { rawInputTokens, inputTokens, expectedOutputTokens } = estimate;
    const { maxOutputTokens } = info;
    const tokens = this.#charge.reserve({ inputTokens, maxOutputTokens, expectedOutputTokens });
    const reserved: Amounts = {
      requests: 1,
      tokens: tokens.tokens ?? 0,
      inputTokens: tokens.inputTokens ?? 0,
      outputTokens: tokens.outputTokens ?? 0,
    };
    return {
      info,
      rawInputTokens,
      inputTokens,
      expectedOutputTokens,
      reserved,
      charged: noAmounts(),
      marks: noAmounts(),
      sequence: 0,
      sentAt: 0,
      state: 'planned',
      outputPending: false,
      shown: undefined,
    };
  }

  /** Milliseconds until the reservation fits every limit; 0 when it does now. */
  waitMs({ reserved }: Reservation, now: number): number {
    let most = this.#slowStart?.waitMs(now) ?? 0;
    if (most > 0) this.binding = 'unknown';
    for (const bucket of this.#buckets) {
      bucket.refill(now);
      const waitMs = bucket.waitMs(reserved[bucket.kind.unit]);
      if (waitMs > most) {
        most = waitMs;
        this.binding = bucket.dimension;
      }
    }
    const blindMs = this.#blind.waitMs(this.#cost(reserved), now);
    if (blindMs > most) {
      most = blindMs;
      this.binding = 'unknown';
    }
    const slowerMs = this.#acceleration?.waitMs(reserved.inputTokens || reserved.tokens, now) ?? 0;
    if (slowerMs > most) {
      most = slowerMs;
      this.binding = 'acceleration';
    }
    return most;
  }

  /** Why no wait would help this reservation; undefined when one would. */
  refusal({ reserved }: Reservation, now: number): AdmissionRefused | undefined {
    for (const bucket of this.#buckets) {
      const requested = reserved[bucket.kind.unit];
      // Output is a guess until it is generated: a guess refuses nobody.
      if (bucket.kind.unit === 'outputTokens') continue;
      const { dimension, limit } = bucket;
      if (bucket.neverFits(requested)) return new AdmissionRefused('too_large', { dimension, limit, requested });
      if (!bucket.kind.perDay) continue;
      bucket.refill(now);
      const waitMs = bucket.waitMs(requested);
      if (waitMs > MAX_LIMIT_WAIT_MS) return new AdmissionRefused('day_limit', { dimension, limit, requested, waitMs });
    }
    return undefined;
  }

  /** Least time that a reservation behind `ahead` must wait, whatever is given back or raised meanwhile. */
  leastWaitMs(ahead: Readonly<Amounts>, { reserved }: Reservation, now: number): number {
    let most = 0;
    for (const bucket of this.#buckets) {
      bucket.refill(now);
      const { unit } = bucket.kind;
      // Tokens ahead may be given back in part; requests are not.
      const before = unit === 'requests' ? ahead.requests : 0;
      most = Math.max(most, bucket.leastWaitMs(before + reserved[unit]));
    }
    return most;
  }

  /** How many reservations like this one may wait where a day limit binds; Infinity where none does. */
  mayWait({ reserved }: Reservation): number {
    const bucket = this.#buckets.find((each) => each.kind.perDay && each.dimension === this.binding);
    if (!bucket) return Infinity;
    return Math.max(1, Math.floor((MAX_LIMIT_WAIT_MS * bucket.limitRate) / Math.max(1, reserved[bucket.kind.unit])));
  }

  /** Sends: deducts from every limit. */
  take(reservation: Reservation, now: number): void {
    const { reserved } = reservation;
    reservation.sequence = ++this.#sequence;
    if (this.#sequence === 1) this.#firstSentAt = now;
    reservation.sentAt = now;
    reservation.state = 'sent';
    this.#active++;
    this.#averageTokens += (tokensOf(reserved) - this.#averageTokens) * Math.max(0.02, 1 / this.#sequence);
    for (const bucket of this.#buckets) bucket.take(reserved[bucket.kind.unit]);
    this.#slowStart?.take();
    this.#blind.take(this.#cost(reserved), now);
    this.#acceleration?.take(reserved.inputTokens || reserved.tokens);
    this.#consumption.sent(reservation);
  }

  /** Cost for fairness: the largest share of any limit, in calls of average size. */
  share({ reserved }: Reservation): number {
    let share = 0;
    for (const bucket of this.#buckets) share = Math.max(share, reserved[bucket.kind.unit] / bucket.limit);
    if (share === 0) return 1;
    this.#averageShare += (share - this.#averageShare) * (this.#averageShare === 0 ? 1 : 0.02);
    return Math.min(100, Math.max(0.01, share / this.#averageShare));
  }

  /** The head of a response tells what is left, whatever its status. */
  headed(reservation: Reservation, readings: readonly LimitReading[], status: number, now: number): void {
    reservation.state = 'headed';
    const refused = status === 429 || status === 413;
    // Before the readings, which do not contain it.
    if (refused) this.#void(reservation);
    // Grows a little each time, so that a network that got slower is believed.
    this.#fastestMs = Math.min(now - reservation.sentAt, this.#fastestMs * 1.001);
    for (const { dimension, limit, remaining, windowMs, source } of readings) {
      if (!isBucket(dimension) || windowMs !== LIMIT_KINDS[dimension].windowMs) continue;
      this.#observe(dimension, limit, remaining, source, refused, reservation, now);
      if (refused && remaining !== undefined) (reservation.shown ??= new Map()).set(dimension, remaining);
    }
  }

  /** Corrects the reservation and learns. Returns how long the whole lane must pause; 0 for not at all. */
  settled(reservation: Reservation, result: Settlement, now: number): number {
    const counted = reservation.state === 'headed' || result.failure?.status !== 429;
    reservation.state = 'settled';
    const charge = finalCharge(reservation, result, this.#charge);
    if (result.usage) this.#correctInput(reservation, result.usage);
    for (const unit of UNITS) this.#apply(reservation, unit, charge[unit], counted);
    if (result.usage) this.#estimator.observe(reservation.info, reservation.rawInputTokens, result.usage);
    const { failure } = result;
    switch (result.outcome) {
      case 'ok':
        this.#unnamedWaitMs = UNNAMED_WAIT_MS;
        this.#blind.succeeded(now, this.#knowsMinutes());
        return 0;
      case 'throttled':
        return this.#throttled(reservation, failure!, now);
      case 'too_large':
        if (failure?.limit !== undefined && isBucket(failure.dimension)) {
          this.#observe(failure.dimension, failure.limit, undefined, 'body', true, reservation, now);
        }
        return 0;
      case 'overloaded':
        if (this.#isNews(reservation)) this.#concurrency.cut(this.#active, now);
        return 0;
      default:
        return 0;
    }
  }

  released(reservation: Reservation): void {
    this.#active--;
    // Neither an answer nor a decision: it was never sent. A decision that comes later charges it again.
    if (reservation.state !== 'sent') return;
    for (const unit of UNITS) this.#apply(reservation, unit, 0, false);
  }

  concurrencyLimit(now: number): number {
    return this.#concurrency.current(now);
  }

  dimensions(now: number): DimensionSnapshot[] {
    return snapshotLimits(this.#buckets, this.#concurrency, this.#blind, this.#acceleration, this.#active, now);
  }

  #throttled(reservation: Reservation, failure: Failure, now: number): number {
    const news = this.#isNews(reservation);
    const { dimension, hintMs } = failure;
    if (failure.shrinkRate || dimension === 'acceleration') {
      if (news) this.#slowDown(reservation, failure, now);
      return hintMs ?? (news ? this.#unnamedWait() : 0);
    }
    if (dimension === 'concurrency') {
      if (failure.limit !== undefined) this.#concurrency.fixed = Math.max(1, failure.limit);
      if (news) this.#concurrency.cut(this.#active, now);
      return hintMs ?? (news ? this.#unnamedWait() : 0);
    }
    if (!isBucket(dimension) || !this.#refusedBy(dimension, reservation, failure, news, now)) {
      this.#slowStart = undefined;
      this.#blind.refused(this.#cost(reservation.reserved));
      const pauseMs = news ? this.#blind.throttled(now) : 0;
      return hintMs ?? (dimension === 'unknown' ? pauseMs : (failure.resetMs ?? pauseMs));
    }
    // A day limit is a gate of its own; the lane goes on with what still fits.
    const gated = hintMs !== undefined && hintMs > MAX_LIMIT_WAIT_MS && LIMIT_KINDS[dimension].perDay;
    return gated ? 0 : (hintMs ?? 0);
  }

  /** Corrects the bucket that refused; false when nothing is known of it. */
  #refusedBy(
    dimension: BucketDimension,
    reservation: Reservation,
    failure: Failure,
    news: boolean,
    now: number,
  ): boolean {
    const { limit, remaining, requested, hintMs } = failure;
    const kind = LIMIT_KINDS[dimension];
    const bucket = this.#bucket(dimension);
    const amount = requested ?? reservation.reserved[kind.unit];
    const shown = reservation.shown?.get(dimension);
    const waitMs = hintMs ?? (news ? this.#unnamedWait() : this.#unnamedWaitMs);
    const partial = limit !== undefined && failure.windowMs !== undefined && failure.windowMs < kind.windowMs;
    if (bucket) bucket.refused(amount, shown, waitMs, now);
    else if (limit === undefined) return false;
    if (limit !== undefined && !partial && shown === undefined) {
      this.#observe(dimension, limit, remaining, 'body', true, reservation, now);
      if (remaining === undefined && !bucket) this.#bucket(dimension)!.refused(amount, 0, waitMs, now);
    }
    if (partial) this.#partial(dimension, limit, failure.windowMs!, now);
    return true;
  }

  /** A limit per second and the like: the limit per minute is enforced in parts. */
  #partial(dimension: BucketDimension, limit: number, windowMs: number, now: number): void {
    const bucket =
      this.#bucket(dimension) ?? this.#add(dimension, (limit * LIMIT_KINDS[dimension].windowMs) / windowMs, 'body', now);
    bucket.burstIs(limit, now);
  }

  #slowDown({ reserved }: Reservation, failure: Failure, now: number): void {
    const sending = this.#blind.sendingRate(now) * this.#averageTokens;
    this.#acceleration ??= new Acceleration(Math.max(tokensOf(reserved) / 60_000, sending), now);
    this.#acceleration.throttled(failure.limit, now);
  }

  #observe(
    dimension: BucketDimension,
    limit: number,
    remaining: number | undefined,
    source: LimitSource,
    refused: boolean,
    reservation: Reservation,
    now: number,
  ): void {
    const { unit } = LIMIT_KINDS[dimension];
    const { sequence, sentAt, marks } = reservation;
    const known = this.#bucket(dimension);
    const previous = known?.limit;
    const bucket = known ?? this.#add(dimension, limit, source, now);
    if (!known && source === 'header' && now - this.#firstSentAt < STARTING_MS) bucket.startedAt(this.#firstSentAt);
    const sampledAt = sentAt + Math.min(this.#fastestMs, now - sentAt) / 2;
    const mark = marks[unit];
    const since = this.#consumption.since(unit, reservation);
    const seen = { limit, remaining, source, sampledAt, sequence, mark, since, refused };
    if (bucket.observe(seen, now) || !known) this.#listener.onLimit(dimension, limit, previous, source);
  }

  /** Our estimate of the input was wrong from the beginning; the provider counted about what it was. */
  #correctInput(reservation: Reservation, usage: Usage): void {
    const { maxOutputTokens } = reservation.info;
    const { expectedOutputTokens } = reservation;
    const right = this.#charge.reserve({ inputTokens: usage.inputTokens, maxOutputTokens, expectedOutputTokens });
    this.#apply(reservation, 'tokens', right.tokens ?? 0, false);
    this.#apply(reservation, 'inputTokens', right.inputTokens ?? 0, false);
  }

  #void(reservation: Reservation): void {
    for (const unit of UNITS) if (unit !== 'requests') this.#apply(reservation, unit, 0, false);
  }

  #apply(reservation: Reservation, unit: Unit, amount: number, counted: boolean): void {
    const back = this.#consumption.charge(reservation, unit, amount, counted);
    if (back === 0) return;
    for (const bucket of this.#buckets) {
      if (bucket.kind.unit !== unit) continue;
      if (counted) bucket.giveBack(back);
      else bucket.neverCounted(reservation.sequence, back);
    }
  }

  /** Whether this refusal belongs to a congestion that was not reacted to yet; from now on it was. */
  #isNews(reservation: Reservation): boolean {
    if (reservation.sequence <= this.#reactedUpTo) return false;
    this.#reactedUpTo = this.#sequence;
    return true;
  }

  #unnamedWait(): number {
    const waitMs = this.#unnamedWaitMs;
    this.#unnamedWaitMs = Math.min(MOST_UNNAMED_WAIT_MS, 2 * waitMs);
    return waitMs;
  }

  /** In calls of average size, half by their number and half by their tokens: nobody knows which of them is limited. */
  #cost(reserved: Readonly<Amounts>): number {
    return this.#averageTokens > 0 ? 0.5 + (0.5 * tokensOf(reserved)) / this.#averageTokens : 1;
  }

  #knowsMinutes(): boolean {
    return this.#buckets.some((bucket) => !bucket.kind.perDay);
  }

  #bucket(dimension: BucketDimension): LimitBucket | undefined {
    return this.#buckets.find((bucket) => bucket.dimension === dimension);
  }

  #add(dimension: BucketDimension, limit: number, source: LimitSource, now: number): LimitBucket {
    const { headroom, mode } = this.#pacing;
    const bucket = new LimitBucket(dimension, limit, source, { headroom, smooth: mode === 'smooth' }, now);
    this.#buckets.push(bucket);
    if (!bucket.kind.perDay) this.#slowStart = undefined;
    return bucket;
  }
}

function tokensOf(reserved: Readonly<Amounts>): number {
  return reserved.tokens || reserved.inputTokens + reserved.outputTokens;
}
