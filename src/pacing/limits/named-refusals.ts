import { type BucketDimension, isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import type { Failure } from '../../core/outcome.ts';
import type { GivenBack } from '../usage/given-back.ts';
import type { Reservation } from '../usage/reservation.ts';
import { FallbackWait } from './fallback-wait.ts';
import type { Limit } from './limit.ts';
import type { LimitSet } from './limit-set.ts';

/** Smallest hint in whole seconds. The known refill may take only a fraction of it, below `SOONER`. */
const MIN_SECONDS_MS = 1_000;
const SOONER = 0.2;
/** A shorter hint is simply waited for: learning a better one would cost further refusals. */
const LONG_MS = 5_000;

/** Handles refusals that name, or reveal, the limit that refused. */
export class NamedRefusals {
  readonly #limits: LimitSet;
  readonly #givenBack: GivenBack;
  readonly #unnamedWait = new FallbackWait(250, 8_000);
  readonly #secondWait = new FallbackWait(25, MIN_SECONDS_MS);

  constructor(limits: LimitSet, givenBack: GivenBack) {
    this.#limits = limits;
    this.#givenBack = givenBack;
  }

  /** Something got through. */
  reset(): void {
    this.#unnamedWait.reset();
    this.#secondWait.reset();
  }

  /** How long the lane waits: the hint, or a fallback that doubles. */
  laneMs(hintMs: number | undefined, news: boolean): number {
    return hintMs ?? (news ? this.#unnamedWait.next() : 0);
  }

  /** The limit that refused: the named one, or else one whose remaining amount is too small for the call. */
  dimensionOf({ refusal, reserved }: Reservation, { dimension }: Failure): Failure['dimension'] {
    if (dimension !== 'unknown') return dimension;
    const short = refusal?.find((reading) => {
      if (!isBucket(reading.dimension) || reading.remaining === undefined) return false;
      const { unit, windowMs } = LIMIT_KINDS[reading.dimension];
      return reading.windowMs === windowMs && reading.remaining < reserved[unit];
    });
    return short?.dimension ?? dimension;
  }

  /** Whether only the refused call waits for its one-second hint, since the limit is known more precisely. */
  onlyTheCallWaits(dimension: BucketDimension, { reserved }: Reservation, hintMs: number | undefined): boolean {
    return saysTooMuch(this.#limits.get(dimension), reserved[LIMIT_KINDS[dimension].unit], hintMs);
  }

  /** How long the lane waits for a known limit. A reset header states when the limit is full, which is far too long. */
  pauseMs(dimension: BucketDimension, failure: Failure, comingBack: number): number {
    if (tellsWhenFull(this.#limits.get(dimension), failure) || comesSooner(failure, comingBack)) return 0;
    return failure.hintMs ?? 0;
  }

  /** Corrects the bucket that refused. `comingBack`: what calls in flight will return to it. False if it is unknown. */
  correct(
    dimension: BucketDimension,
    reservation: Reservation,
    failure: Failure,
    comingBack: number,
    news: boolean,
    now: number,
  ): boolean {
    const { limit, remaining, requested, windowMs } = failure;
    const { unit, windowMs: whole } = LIMIT_KINDS[dimension];
    const known = this.#limits.get(dimension);
    if ((!known && limit === undefined) || (windowMs !== undefined && windowMs > whole)) return false;
    const amount = requested ?? reservation.reserved[unit];
    const shown = reservation.refusal?.find(
      (each) => each.dimension === dimension && each.windowMs === whole,
    )?.remaining;
    const waitMs = this.#waitMs(known, amount, failure, comingBack, news);
    // What the refused call took has already been returned.
    if (known && news && unit === 'tokens' && remaining !== undefined) {
      this.#givenBack.refused(known.level - remaining, now);
    }
    const since = this.#limits.since(reservation, unit);
    const { sequence, sentAt } = reservation;
    const hinted = waitMs === failure.hintMs;
    const refusal = { amount, sequence, sentAt, news, hinted };
    known?.refused(refusal, shown, since, waitMs, now);
    if (limit === undefined) return true;
    if (windowMs !== undefined && windowMs < whole) {
      // A limit per second or the like: the limit per minute is enforced in parts.
      const bucket = known ?? this.#limits.add(dimension, (limit * whole) / windowMs, 'body', now);
      bucket.burstIs(limit, now);
    } else if (shown === undefined || (known && limit !== known.limit)) {
      // The hint implies the level of a bucket smaller than its window; "Used" refers to the whole window.
      const told = known && failure.hintMs !== undefined ? undefined : remaining;
      this.#limits.learn({ dimension, limit, remaining: told, source: 'body', refused: true }, reservation, now);
      if (!known && remaining === undefined) this.#limits.get(dimension)!.refused(refusal, 0, since, waitMs, now);
    }
    return true;
  }

  /** Milliseconds until `amount` is available, from the hint and what is known about the limit. */
  #waitMs(known: Limit | undefined, amount: number, failure: Failure, comingBack: number, news: boolean): number {
    const { hintMs } = failure;
    const next = (wait: FallbackWait): number => (news ? wait.next() : wait.currentMs);
    if (hintMs === undefined) return next(this.#unnamedWait);
    if (comesSooner(failure, comingBack)) return Math.min(hintMs, next(this.#unnamedWait));
    if (!saysTooMuch(known, amount, hintMs) && !tellsWhenFull(known, failure)) return hintMs;
    return Math.min(hintMs, Math.max(amount / known!.rate, next(this.#secondWait)));
  }
}

/** Whether calls in flight will return what is missing well before the hint ends, which does not account for them. */
function comesSooner({ hintMs = 0, requested, remaining }: Failure, comingBack: number): boolean {
  if (hintMs < LONG_MS || requested === undefined || remaining === undefined) return false;
  return comingBack > requested - remaining;
}

/** Whether the hint is the smallest in whole seconds and `amount` refills far sooner. */
function saysTooMuch(known: Limit | undefined, amount: number, hintMs: number | undefined): known is Limit {
  return hintMs === MIN_SECONDS_MS && known?.observed === true && amount / known.rate < SOONER * hintMs;
}

/** Whether the hint is the time until a steadily refilling bucket is full: a call fits far sooner. */
function tellsWhenFull(known: Limit | undefined, { hintSource }: Failure): boolean {
  return hintSource === 'reset_header' && known?.observed === true && known.refills;
}
