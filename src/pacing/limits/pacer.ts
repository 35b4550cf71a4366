import type { AdmissionRefused, LaneListener } from '../../core/admission.ts';
import type { KeptLane } from '../../core/kept-lane.ts';
import type { DimensionSnapshot } from '../../core/snapshot.ts';
import { WAITS_IN_VAIN } from '../../core/lane.ts';
import type { Dimension, Failure, LimitReading } from '../../core/outcome.ts';
import type { ChargeRule, RequestInfo } from '../../core/provider.ts';
import type { ResolvedPacing } from '../../options/pacing-options.ts';
import { BeliefWatch } from './belief-watch.ts';
import { Acceleration } from './growth-limit.ts';
import { HiddenLimit, type Verdict } from './hidden-limit.ts';
import { finalCharge } from '../usage/final-charge.ts';
import { GivenBack } from '../usage/given-back.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { Crowding } from './crowding.ts';
import { LinkedList } from '../../core/linked-list.ts';
import { LoadEvidence } from './load-evidence.ts';
import { Overload } from './overload.ts';
import type { SentAttempt } from './sent-attempt.ts';
import { readLearned, writeLearned } from '../usage/learned-text.ts';
import type { LearnedTokens } from '../usage/learned-tokens.ts';
import { Estimator } from '../usage/token-estimator.ts';
import type { Settlement } from '../queue/ticket.ts';
import { BUCKET_DIMENSIONS, isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import { LimitSet } from './limit-set.ts';
import { RefusedSizes } from '../usage/refused-sizes.ts';
import {
  addAmounts,
  type Amounts,
  createReservation,
  mayBeCached,
  noAmounts,
  type Reservation,
} from '../usage/reservation.ts';
import { NamedRefusals } from './named-refusals.ts';
import type { LimitDivider, Learned } from './limit-divider.ts';
import { snapshotLimits } from './snapshot.ts';
import { FirstCalls } from './first-calls.ts';

const MINUTE_MS = 60_000;

/**
 * Fraction of the waiting calls that returned tokens must suffice for; with less, they would be refused again and
 * again.
 */
const HELPED = 0.5;

const NOBODY: Verdict = { who: undefined, laneMs: 0 };
const LANE: Verdict = { who: 'lane', laneMs: 0 };

export interface PacerDeps {
  readonly charge: ChargeRule;
  readonly listener: LaneListener;
  /** Longest wait for a limit to reset. */
  readonly maxLimitWaitMs: number;
  /** Divides the limits among processes; undefined if this process is on its own. */
  readonly divider?: LimitDivider | undefined;
  readonly now: number;
}

/**
 * Decides when a call may be sent, from everything known about a lane's limits. Corrected by each answer; knows no
 * queue.
 */
export class Pacer {
  readonly limits: LimitSet;
  /** The limit behind the last wait that `waitMs` returned. */
  binding: Dimension = 'unknown';
  /** Sent but not yet answered. */
  readonly unanswered: Amounts = noAmounts();
  /** Tokens reserved by calls in flight that the provider is expected to return. */
  #comingBack = 0;
  readonly #charge: ChargeRule;
  readonly #maxWaitMs: number;
  readonly #estimator = new Estimator();
  readonly #refusedSizes = new RefusedSizes();
  readonly #concurrency: ConcurrencyLimit;
  readonly #crowding = new Crowding();
  /** Attempts that are not over, in the order of sending. */
  readonly #inFlight = new LinkedList<SentAttempt>();
  readonly #overload = new Overload(this.#inFlight);
  readonly #load = new LoadEvidence(this.#inFlight);
  readonly #hidden = new HiddenLimit();
  readonly #beliefs: BeliefWatch;
  readonly #givenBack = new GivenBack();
  readonly #named: NamedRefusals;
  readonly #firstCalls: FirstCalls;
  readonly #since: number;
  #acceleration: Acceleration | undefined;
  /** When the current run of refusals began; undefined after a success. */
  #refusedSince: number | undefined;
  #sequence = 0;
  /**
   * Refusals of requests up to this sequence number are one congestion event: the lane slows down once for all of them.
   */
  #reactedUpTo = 0;
  #active = 0;
  #averageTokens = 0;

  constructor(pacing: ResolvedPacing, { charge, listener, maxLimitWaitMs, divider, now }: PacerDeps) {
    this.#charge = charge;
    this.#maxWaitMs = maxLimitWaitMs;
    this.#since = now;
    this.#beliefs = new BeliefWatch(listener);
    this.#concurrency = new ConcurrencyLimit(pacing.maxConcurrent ?? Infinity);
    const { headroom, mode } = pacing;
    this.limits = new LimitSet(
      { headroom, smooth: mode === 'smooth', corrects: charge.corrects },
      listener,
      maxLimitWaitMs,
      divider,
    );
    for (const dimension of BUCKET_DIMENSIONS) {
      const { option } = LIMIT_KINDS[dimension];
      const limit = option && pacing[option];
      if (limit !== undefined) this.limits.add(dimension, limit, 'config', now);
    }
    this.#named = new NamedRefusals(this.limits, this.#givenBack);
    this.#firstCalls = new FirstCalls(this.limits, divider);
  }

  /** Restores what another process had learned about the lane `ageMs` ago. */
  recall({ limits, pace, inFlight, tokens }: KeptLane, ageMs: number, now: number): void {
    for (const { dimension, limit, atOnce, left, perSecond } of limits) {
      const told = this.limits.get(dimension)?.limit ?? limit;
      if (told !== limit) continue;
      this.limits.adopt(dimension, limit, atOnce, now);
      const bucket = this.limits.get(dimension)!;
      if (perSecond !== undefined) bucket.adoptRate(perSecond / 1_000, now);
      const missing = atOnce - left - bucket.limitRate * ageMs;
      bucket.trueUp(-Math.max(0, missing), now);
    }
    // After a full window the limits have refilled, and probing them again would teach nothing.
    if (this.limits.paces && ageMs >= MINUTE_MS) this.#firstCalls.end();
    if (pace !== undefined) this.#hidden.recall(pace / 1_000, now);
    if (inFlight) this.#concurrency.recall(inFlight, now);
    const learned = tokens === undefined ? undefined : readLearned(tokens);
    if (learned) this.adopt(learned);
  }

  plan(info: RequestInfo): Reservation {
    return createReservation(info, this.#estimator, this.#charge, this.#countedShare);
  }

  /** Adopts the token usage learned by a process of the same account. */
  adopt(learned: LearnedTokens): void {
    this.#estimator.adopt(learned);
    const counted = this.limits.get('tokens')?.countedShare;
    if (counted) counted.value = learned.countedOnArrival;
  }

  /** Learned token usage, and the number of calls it is based on. */
  learned(): Learned {
    const { calls } = this.#estimator;
    return { calls, countedOnArrival: this.#countedShare, models: () => this.#estimator.learned() };
  }

  /** `learned()`, serialized for a later process; undefined until a call has been answered. */
  learnedText(): string | undefined {
    return this.#estimator.calls > 0 ? writeLearned(this.learned()) : undefined;
  }

  get #countedShare(): number {
    return this.limits.get('tokens')?.countedShare.value ?? 1;
  }

  /** Plans the call again if anything has been learned since. */
  renew(reservation: Reservation): Reservation {
    return reservation.learnedFrom === this.#estimator.calls ? reservation : this.plan(reservation.info);
  }

  /**
   * Milliseconds until the reservation fits every limit; 0 if it does now. `patient`: some of the `queued` calls are a
   * batch's.
   */
  waitMs({ reserved }: Reservation, queued: number, patient: boolean, now: number): number {
    let most = 0;
    const consider = (waitMs: number, dimension: Dimension): void => {
      if (waitMs <= most) return;
      most = waitMs;
      this.binding = dimension;
    };
    let held = false;
    for (const bucket of this.limits.buckets) {
      bucket.refill(now);
      const amount = reserved[bucket.kind.unit];
      const waitMs = bucket.waitMs(amount);
      consider(waitMs, bucket.dimension);
      // Waiting for a lease does not mean that the limit itself is exhausted.
      held ||= waitMs > 0 && !bucket.awaitsLease(amount);
    }
    const hiddenMs = this.#hidden.waitMs(this.#cost(reserved), now);
    consider(hiddenMs, 'unknown');
    const { refusalMs } = this.#hidden;
    const doublingMs = refusalMs > 0 ? this.#hidden.doublingMs : undefined;
    const first = { reserved, queued, patient, active: this.#active, held: held || hiddenMs > 0, doublingMs };
    consider(this.#firstCalls.waitMs(first, now), 'unknown');
    if (this.#acceleration?.done) this.#acceleration = undefined;
    if (this.#acceleration) consider(this.#acceleration.waitMs(tokensOf(reserved), now), 'acceleration');
    return most;
  }

  refusal(reservation: Reservation, now: number): AdmissionRefused | undefined {
    return this.limits.refusal(reservation, this.#refusedSizes, now);
  }

  /** Records a call as sent and deducts it from every limit. */
  take(reservation: Reservation, now: number): void {
    const { reserved } = reservation;
    reservation.sequence = ++this.#sequence;
    reservation.sentAt = now;
    reservation.state = 'sent';
    addAmounts(this.unanswered, reserved, 1);
    this.#comingBack += this.#givesBack(reservation);
    reservation.inFlight = ++this.#active;
    this.#averageTokens += (tokensOf(reserved) - this.#averageTokens) * Math.max(0.02, 1 / this.#sequence);
    this.#inFlight.add(reservation);
    this.#load.look(now);
    this.#firstCalls.take(reserved);
    this.#hidden.take(this.#cost(reserved), reservation.sequence, now);
    this.#acceleration?.take(tokensOf(reserved));
    this.limits.take(reservation);
  }

  /** A response's headers have arrived, whatever its status. */
  headed(reservation: Reservation, readings: readonly LimitReading[], status: number, now: number): void {
    this.#answered(reservation);
    reservation.state = 'headed';
    this.limits.answered(reservation, now);
    // A refusal may report capacity that does not exist; its headers are used only once the error body is known.
    if (status === 429 || status === 413) reservation.refusal = readings;
    else this.#learn(reservation, readings, false, now);
  }

  /** Settles the reservation and learns from the outcome. Returns who must wait, and how long the lane must pause. */
  settled(reservation: Reservation, result: Settlement, queued: number, now: number): Verdict {
    const verdict = this.#settle(reservation, result, queued, now);
    this.#beliefs.look(this.limits.buckets, this.#hidden.belief, now);
    return verdict;
  }

  #settle(reservation: Reservation, result: Settlement, queued: number, now: number): Verdict {
    const { outcome, failure, usage } = result;
    // Neither was a request counted that was refused before any headers arrived.
    const counted = reservation.state === 'headed' || outcome !== 'throttled';
    reservation.state = 'settled';
    this.#answered(reservation);
    if (reservation.refusal) {
      // Must come before the readings, which do not include this request.
      this.limits.charge(reservation, onlyTheRequest(reservation), false, now);
      this.#learn(reservation, reservation.refusal, true, now);
    }
    if (usage) {
      const { info } = reservation;
      const counted = this.#charge.countedInput(usage, info.model);
      this.#correctInput(reservation, counted, now);
      this.#estimator.observe(info, usage, counted, mayBeCached(info, this.#charge));
    }
    this.limits.charge(reservation, this.#finalCharge(reservation, result, now), counted, now);
    switch (outcome) {
      case 'ok':
        this.limits.accepted(reservation, now);
        this.#succeeded(reservation, now);
        return NOBODY;
      case 'throttled':
        return failure ? this.#throttled(reservation, failure, queued, now) : NOBODY;
      case 'too_large':
        // A limit of 0 closes the lane, which retries it later.
        if (failure?.limit && isBucket(failure.dimension)) {
          const { dimension, limit } = failure;
          this.#refusedSizes.refused(reservation, dimension, now);
          this.limits.learn(
            { dimension, limit, remaining: undefined, source: 'body', refused: true },
            reservation,
            now,
          );
        }
        return NOBODY;
      case 'overloaded':
        return failure?.noCapacity || result.probe ? NOBODY : this.#overloaded(reservation, now);
      default:
        return NOBODY;
    }
  }

  #finalCharge(reservation: Reservation, result: Settlement, now: number): Amounts {
    const amounts = finalCharge(reservation, result, this.#charge);
    const isTold = this.#charge.corrects || this.limits.get('tokens')?.source === 'header';
    return result.usage && !isTold ? this.#givenBack.charged(reservation.reserved, amounts, now) : amounts;
  }

  released(reservation: Reservation, now: number): void {
    this.#active--;
    this.#inFlight.remove(reservation);
    this.#comingBack -= this.#givesBack(reservation);
    this.#answered(reservation);
    // No headers and no outcome: the request was never sent. An outcome that arrives later charges it again.
    if (reservation.state === 'sent') this.limits.charge(reservation, noAmounts(), false, now);
  }

  /** What was refused says nothing about a limit on attempts in flight: the provider failed, or refused others with fewer. */
  forgetOverload(): void {
    if (!this.#crowding.believed) this.#concurrency.forget();
  }

  concurrencyLimit(now: number): number {
    return this.#concurrency.current(now);
  }

  dimensions(now: number): DimensionSnapshot[] {
    return snapshotLimits(this.limits, this.#concurrency, this.#hidden, this.#acceleration, this.#active, now);
  }

  #learn(reservation: Reservation, readings: readonly LimitReading[], refused: boolean, now: number): void {
    for (const { dimension, limit, remaining, resetMs, windowMs, source } of readings) {
      if (!isBucket(dimension) || windowMs !== LIMIT_KINDS[dimension].windowMs) continue;
      if (this.limits.contradicts(dimension, limit)) continue;
      this.limits.learn({ dimension, limit, remaining, resetMs, source, refused }, reservation, now);
    }
    if (!refused) this.#firstCalls.told(reservation, readings);
  }

  /** Tokens of the reservation that the provider is expected to return once it has answered. */
  #givesBack({ reserved, countedInputTokens: inputTokens, expectedOutputTokens }: Reservation): number {
    if (!this.#charge.corrects) return 0;
    const { tokens = 0 } = this.#charge.reserve({ inputTokens, maxOutputTokens: undefined, expectedOutputTokens });
    return Math.max(0, reserved.tokens - tokens);
  }

  #answered(reservation: Reservation): void {
    if (reservation.answered) return;
    reservation.answered = true;
    addAmounts(this.unanswered, reservation.reserved, -1);
  }

  #succeeded(reservation: Reservation, now: number): void {
    const { sequence, inFlight } = reservation;
    this.#refusedSince = undefined;
    this.#named.reset();
    this.#concurrency.served(inFlight);
    this.#overload.served(reservation, now);
    this.#load.served(reservation);
    if (this.#overload.wasContradicted()) this.forgetOverload();
    if (this.#crowding.served(reservation)) this.#concurrency.forget();
    this.#hidden.succeeded(sequence, reservation.sentAt, now);
    this.#firstCalls.succeeded();
    if (sequence > this.#reactedUpTo) this.#acceleration?.succeeded(now);
  }

  /** Refused by a busy server: too many in flight, too many for now, or too soon after each other. */
  #overloaded(reservation: Reservation, now: number): Verdict {
    const news = this.#isNews(reservation);
    const isTooSoon = this.#isTooSoon(reservation, now);
    const tooMany = this.#overload.refused(reservation, this.#sequence, now);
    if (isTooSoon || (this.#load.contradicts && this.#hidden.refusesLikeALimit(reservation.sequence, now))) {
      this.#concurrency.forget();
      return this.#refusedForPace(reservation, undefined, news, now);
    }
    if (tooMany) {
      this.#concurrency.refused(reservation.inFlight, news, now);
      return LANE;
    }
    if (this.#overload.wasContradicted()) this.forgetOverload();
    if (news) this.#concurrency.overloaded(this.#active, now);
    return NOBODY;
  }

  #throttled(reservation: Reservation, failure: Failure, queued: number, now: number): Verdict {
    this.#refusedSince ??= now;
    const news = this.#isNews(reservation);
    const { hintMs } = failure;
    const dimension = this.#named.dimensionOf(reservation, failure);
    for (const bucket of this.limits.buckets) bucket.anyRefused(reservation.sequence);
    // A lone call can probe with its own retries, and so can every call once nothing has got through for this long.
    const others = queued > 0 || this.#active > 1;
    const lane = others && now - this.#refusedSince < WAITS_IN_VAIN * this.#maxWaitMs ? 'lane' : undefined;
    if (failure.shrinkRate || dimension === 'acceleration') {
      if (news) this.#slowDown(reservation, failure, now);
      return { who: lane, laneMs: this.#named.laneMs(hintMs, news) };
    }
    if (dimension === 'concurrency') {
      if (failure.limit !== undefined) this.#concurrency.name(failure.limit);
      this.#concurrency.refused(reservation.inFlight, news, now);
      // The next call to finish frees a slot.
      return { who: lane, laneMs: this.#active > 1 ? 0 : this.#named.laneMs(hintMs, news) };
    }
    const inAll = dimension === 'tokens' ? this.#comingBack - this.#givesBack(reservation) : 0;
    const comingBack = inAll / (HELPED * queued + 1);
    if (isBucket(dimension) && this.#named.correct(dimension, reservation, failure, comingBack, news, now)) {
      if (this.limits.paces) this.#firstCalls.end();
      // A day's limit holds back only what no longer fits; the lane itself stays open.
      const gated = hintMs !== undefined && hintMs > this.#maxWaitMs && LIMIT_KINDS[dimension].perDay;
      if (this.#named.onlyTheCallWaits(dimension, reservation, hintMs)) return { who: lane && 'call', laneMs: 0 };
      return { who: lane, laneMs: gated ? 0 : this.#named.pauseMs(dimension, failure, comingBack) };
    }
    if (this.#isTooSoon(reservation, now)) this.#concurrency.forget();
    else if (this.#crowding.refused(reservation)) this.#concurrency.forget();
    // Runs alongside the pace, which is dropped if fewer calls in flight end the refusals.
    else if (this.#crowding.believed) this.#concurrency.refused(reservation.inFlight, news, now);
    // A caller on its own needs no pacing beyond the hint, and one longer than any call may wait closes the lane.
    const closes = hintMs !== undefined && hintMs > this.#maxWaitMs && this.#active <= 1;
    if (hintMs !== undefined && (!others || closes)) return { who: lane, laneMs: hintMs };
    const told = hintMs ?? (dimension === 'unknown' ? undefined : failure.resetMs);
    // A hint longer than any call may wait closes the lane instead, and the lane is then probed.
    const verdict = this.#refusedForPace(
      reservation,
      told !== undefined && told > this.#maxWaitMs ? undefined : told,
      news,
      now,
    );
    return verdict.who === 'lane' ? { ...verdict, who: lane } : verdict;
  }

  /** Whether refused attempts came too soon after others, and it is not that too many are in flight. */
  #isTooSoon(reservation: Reservation, now: number): boolean {
    this.#load.refused(reservation, now);
    return this.#hidden.cameTooSoon(reservation.sequence, reservation.sentAt, now) && !this.#load.explains;
  }

  #refusedForPace(reservation: Reservation, hintMs: number | undefined, news: boolean, now: number): Verdict {
    const { sequence, sentAt, reserved } = reservation;
    const cost = this.#cost(reserved);
    const alone = this.#active <= 1;
    const opening = !this.#firstCalls.over;
    const verdict = this.#hidden.throttled({ cost, sequence, sentAt, hintMs, news, alone, opening }, now);
    // The hidden limit takes over from the cold start.
    if (verdict.who === 'lane') this.#firstCalls.end();
    return verdict;
  }

  #slowDown({ reserved }: Reservation, failure: Failure, now: number): void {
    const { admitted } = this.limits;
    const tokens = tokensOf({ inputTokens: admitted.of('inputTokens', now), tokens: admitted.of('tokens', now) });
    const served = tokens / Math.min(60_000, Math.max(1_000, now - this.#since));
    const sending = this.#hidden.sendingRate(now) * this.#averageTokens;
    this.#acceleration ??= new Acceleration(Math.max(tokensOf(reserved) / 60_000, sending), served, now);
    this.#acceleration.throttled({ limit: failure.limit, served, call: this.#averageTokens }, now);
  }

  /** The input estimate was wrong from the start: the provider counted roughly the actual input on arrival. */
  #correctInput(reservation: Reservation, inputTokens: number, now: number): void {
    const { expectedOutputTokens, info } = reservation;
    const { maxOutputTokens } = info;
    const counted = { inputTokens: inputTokens * this.#countedShare, maxOutputTokens, expectedOutputTokens };
    const right = this.#charge.reserve(counted);
    this.limits.chargeUnit(reservation, 'tokens', right.tokens ?? 0, false, now);
    this.limits.chargeUnit(reservation, 'inputTokens', right.inputTokens ?? 0, false, now);
  }

  /** Whether this refusal starts a new congestion event; marks it as handled. */
  #isNews(reservation: Reservation): boolean {
    if (reservation.sequence <= this.#reactedUpTo) return false;
    this.#reactedUpTo = this.#sequence;
    return true;
  }

  /** Cost in average calls, half by count and half by tokens, since it is unknown which of them is limited. */
  #cost(reserved: Readonly<Amounts>): number {
    return this.#averageTokens > 0 ? 0.5 + (0.5 * tokensOf(reserved)) / this.#averageTokens : 1;
  }
}

function tokensOf({ inputTokens, tokens }: Readonly<Pick<Amounts, 'inputTokens' | 'tokens'>>): number {
  return inputTokens || tokens;
}

function onlyTheRequest(reservation: Reservation): Amounts {
  return { ...noAmounts(), requests: reservation.charged.requests };
}
