import type { DimensionSnapshot } from '../../core/snapshot.ts';
import { CONTENT_KINDS, type ContentDimension, type ContentKind } from '../../core/content-kinds.ts';
import type { Failure, LimitReading } from '../../core/outcome.ts';

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** How long a limit of 0 is believed before one call tries again. */
const NONE_MS = 60_000;
const JITTER = 0.1;

/**
 * A limit that counts one kind of content. It is unknown until a refusal or a header states it; then it is a bucket
 * that refills over its window. If a refusal states no numbers, one call at a time may try until one gets through.
 */
export class ContentLimit {
  readonly dimension: ContentDimension;
  readonly kind: ContentKind;
  limit: number | undefined;
  /** The latest refusal, until a call gets through. */
  failure: Failure | undefined;
  readonly #random: () => number;
  #windowMs: number;
  #level = Infinity;
  #at = 0;
  #until = 0;
  #refusals = 0;
  #trying = 0;
  #observedAt = 0;
  #source: DimensionSnapshot['source'] = 'body';
  /** Assumed content of a call whose amount is unknown. */
  #usual = 1;

  constructor(dimension: ContentDimension, random: () => number) {
    this.dimension = dimension;
    this.kind = CONTENT_KINDS[dimension];
    this.#windowMs = this.kind.windowMs;
    this.#random = random;
  }

  /** Milliseconds until `amount` of the content may be sent; Infinity while a trial call awaits its answer. */
  waitMs(amount: number, now: number): number {
    const pausedMs = Math.max(0, this.#until - now);
    if (this.limit === undefined) return this.failure && pausedMs === 0 && this.#trying > 0 ? Infinity : pausedMs;
    if (this.limit === 0) return pausedMs;
    this.#refill(now);
    // A call larger than the limit goes when the bucket is full.
    const missing = Math.min(this.#cost(amount), this.limit) - this.#level;
    return Math.max(pausedMs, missing <= 0 ? 0 : (missing * this.#windowMs) / this.limit);
  }

  /** Whether the account's limit is currently believed to be 0. */
  isNone(now: number): boolean {
    return this.limit === 0 && now < this.#until;
  }

  take(amount: number, now: number): void {
    this.#trying++;
    this.#refill(now);
    this.#level -= this.#cost(amount);
    // Let one call test whether the limit is still 0.
    if (this.limit === 0) this.#until = now + NONE_MS;
  }

  /** The call has ended; `counted`: whether the provider counted its content. */
  settled(amount: number, counted: boolean, answered: boolean): void {
    this.#trying--;
    if (!counted) this.#level += this.#cost(amount);
    if (!answered) return;
    this.#refusals = 0;
    this.failure = undefined;
    if (this.limit !== 0) return;
    this.limit = undefined;
    this.#until = 0;
  }

  /** The limit refused a call. Returns whether its number is news. */
  refused(failure: Failure, now: number): boolean {
    const { limit, remaining, requested, windowMs, hintMs, resetMs } = failure;
    this.failure = failure;
    this.#observedAt = now;
    if (requested !== undefined && requested > 0) this.#usual += (requested - this.#usual) / 2;
    const guessMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#refusals++);
    const waitMs = limit === 0 ? NONE_MS : (hintMs ?? (limit === undefined ? (resetMs ?? guessMs) : 0));
    this.#until = Math.max(this.#until, now + waitMs * (1 + JITTER * this.#random()));
    if (limit === undefined) return false;
    const isNews = limit !== this.limit;
    this.limit = limit;
    this.#windowMs = windowMs ?? this.kind.windowMs;
    this.#at = now;
    // The hint is the time until one usual call fits.
    this.#level = hintMs === undefined ? (remaining ?? 0) : this.#usual - (hintMs * limit) / this.#windowMs;
    return isNews;
  }

  /** A header stated the limit. Returns whether its number is news. */
  told({ limit, remaining, windowMs, source }: LimitReading, now: number): boolean {
    const isNews = limit !== this.limit;
    this.limit = limit;
    this.#windowMs = windowMs;
    this.#source = source;
    this.#observedAt = now;
    this.#refill(now);
    if (remaining !== undefined) this.#level = Math.min(remaining, isNews ? remaining : this.#level);
    return isNews;
  }

  snapshot(now: number): DimensionSnapshot | undefined {
    if (this.limit === undefined) return undefined;
    this.#refill(now);
    const rate = this.limit / this.#windowMs;
    const remaining = Math.min(this.limit, Math.max(0, this.#level));
    return {
      dimension: this.dimension,
      limit: this.limit,
      remaining,
      resetMs: rate > 0 ? (this.limit - remaining) / rate : undefined,
      windowMs: this.#windowMs,
      source: this.#source,
      observedAgeMs: now - this.#observedAt,
      ratePerSecond: undefined,
    };
  }

  #cost(amount: number): number {
    return amount > 0 ? amount : this.#usual;
  }

  #refill(now: number): void {
    const { limit } = this;
    if (limit !== undefined) {
      this.#level = Math.min(limit, this.#level + (Math.max(0, now - this.#at) * limit) / this.#windowMs);
    }
    this.#at = now;
  }
}
