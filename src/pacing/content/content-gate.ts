import { AdmissionRefused, type AdmissionRequest, type LaneListener, type Ticket } from '../../core/admission.ts';
import type { Clock } from '../../core/clock.ts';
import type { KeptLane } from '../../core/kept-lane.ts';
import { CONTENT_DIMENSIONS, CONTENT_KINDS, type ContentDimension, isContent } from '../../core/content-kinds.ts';
import type { WaitCause } from '../../core/event-values.ts';
import type { DimensionSnapshot, Waiting } from '../../core/snapshot.ts';
import type { Failure, LimitReading } from '../../core/outcome.ts';
import { LaneTimer } from '../queue/lane-timer.ts';
import { WaitingTally } from '../queue/waiting-tally.ts';
import type { SharedAdmission } from '../queue/lane-queue.ts';
import { ContentLimit } from './content-limit.ts';
import { ContentTicket } from './content-ticket.ts';
import { type ContentWaiter, contentWaiter, type Need } from './content-waiter.ts';

export interface ContentGateConfig {
  readonly clock: Clock;
  readonly random: () => number;
  readonly maxQueued: number;
  /** Longest wait for a limit. */
  readonly maxLimitWaitMs: number;
  readonly listener: LaneListener;
}

/**
 * Sits in front of a lane's queue and holds calls with limited content (images, audio, long contexts, web searches) in
 * order, without blocking other calls.
 */
export class ContentGate implements SharedAdmission {
  readonly #inner: SharedAdmission;
  readonly #config: ContentGateConfig;
  readonly #timer: LaneTimer;
  readonly #limits = new Map<ContentDimension, ContentLimit>();
  readonly #waiters = new Set<ContentWaiter>();
  /** Limits that already have a waiter; later calls that need one queue behind it. */
  #behind = new Set<ContentDimension>();

  constructor(inner: SharedAdmission, config: ContentGateConfig) {
    this.#inner = inner;
    this.#config = config;
    this.#timer = new LaneTimer(config.clock, () => this.#pump());
  }

  get queued(): number {
    return this.#inner.queued + this.#waiters.size;
  }
  get inFlight(): number {
    return this.#inner.inFlight;
  }
  get served(): number {
    return this.#inner.served;
  }
  get maxConcurrent(): number {
    return this.#inner.maxConcurrent;
  }
  get maxQueued(): number {
    return this.#inner.maxQueued;
  }

  acquire(request: AdmissionRequest): Ticket | Promise<Ticket> {
    if (!request.info.content) return this.#inner.acquire(request);
    const needs = needsOf(request);
    const { clock, maxQueued } = this.#config;
    const now = clock.now();
    if (this.#waiters.size === 0 && this.#blocking(needs, now) === undefined) return this.#enter(request, needs, now);
    if (request.signal?.aborted) return Promise.reject(request.signal.reason as Error);
    if (request.place === undefined && this.queued >= maxQueued) {
      return Promise.reject(new AdmissionRefused('queue_full'));
    }
    const waiter = contentWaiter(request, needs, now, () => this.#leave(waiter));
    // Earlier waiters are rechecked by the timer and on settlement: rechecking them all on each arrival is quadratic.
    this.#timer.set(Math.min(this.#timer.at, this.#advance(waiter, now)));
    return waiter.promise;
  }

  wake(): void {
    this.#inner.wake();
  }

  close(): void {
    this.#refuse(() => true);
    this.#inner.close();
  }

  closeFor(owner: object): void {
    this.#refuse(({ request }) => request.owner === owner);
    this.#inner.closeFor(owner);
  }

  recall(kept: KeptLane, ageMs: number): void {
    this.#inner.recall(kept, ageMs);
  }

  learnedTokens(): string | undefined {
    return this.#inner.learnedTokens();
  }

  get cause(): WaitCause {
    return this.#inner.cause;
  }

  oldestWaitMs(): number {
    const [oldest] = this.#waiters;
    return Math.max(this.#inner.oldestWaitMs(), oldest ? this.#config.clock.now() - oldest.enqueuedAt : 0);
  }

  waiting(): Waiting {
    const inner = this.#inner.waiting();
    if (this.#waiters.size === 0) return inner;
    const tally = new WaitingTally();
    for (const { request } of this.#waiters) tally.add(request.priority, request.tenant, 1);
    const own = tally.result(this.#waiters.size);
    // Report the busiest tenant of the longer queue.
    const { busiestTenant, busiestShare } = this.#waiters.size > this.#inner.queued ? own : inner;
    return { urgent: inner.urgent + own.urgent, busiestTenant, busiestShare };
  }

  pausedForMs(): number {
    return this.#inner.pausedForMs();
  }

  dimensions(): readonly DimensionSnapshot[] {
    const now = this.#config.clock.now();
    const own = [...this.#limits.values()].map((limit) => limit.snapshot(now)).filter((each) => each !== undefined);
    return own.length === 0 ? this.#inner.dimensions() : [...this.#inner.dimensions(), ...own];
  }

  /** The limit that holds a call with these needs the longest, and for how long. */
  #blocking(
    needs: readonly Need[],
    now: number,
  ): { readonly limit: ContentLimit; readonly waitMs: number } | undefined {
    let blocking: { readonly limit: ContentLimit; readonly waitMs: number } | undefined;
    for (const { dimension, amount } of needs) {
      const limit = this.#limits.get(dimension);
      const waitMs = limit?.waitMs(amount, now) ?? 0;
      if (limit && waitMs > (blocking?.waitMs ?? 0)) blocking = { limit, waitMs };
    }
    return blocking;
  }

  #pump(): void {
    const { clock } = this.#config;
    const now = clock.now();
    let nextAt = Infinity;
    this.#behind = new Set();
    for (const waiter of this.#waiters) nextAt = Math.min(nextAt, this.#advance(waiter, now));
    this.#timer.set(nextAt);
  }

  /** Refuses a call, lets it go or keeps it; returns when to look at it again. */
  #advance(waiter: ContentWaiter, now: number): number {
    const { request, needs } = waiter;
    // Its own abort handler removes it: removing all waiters of a shared signal here would block the event loop.
    if (request.signal?.aborted) return Infinity;
    const blocking = this.#blocking(needs, now);
    const refusal = this.#refusal(waiter, blocking, now);
    // Don't overtake an earlier waiter for the same limit.
    const waits = blocking !== undefined || needs.some(({ dimension }) => this.#behind.has(dimension));
    if (refusal === undefined && waits) {
      for (const { dimension } of needs) if (this.#limits.has(dimension)) this.#behind.add(dimension);
      if (blocking) waiter.cause = blocking.limit.dimension;
      this.#waiters.add(waiter);
      return Math.min(now + (blocking?.waitMs ?? Infinity), request.deadlineAt);
    }
    this.#waiters.delete(waiter);
    if (refusal === undefined) waiter.resolve(this.#enter(request, needs, waiter.enqueuedAt, waiter.cause));
    else waiter.reject(refusal);
    return Infinity;
  }

  /** The caller gave up; waiters behind it may proceed. */
  #leave(waiter: ContentWaiter): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.reject(waiter.request.signal?.reason);
    this.#timer.set(this.#waiters.size === 0 ? Infinity : this.#config.clock.now());
  }

  /** The reason to reject a waiting call; undefined if there is none. */
  #refusal(
    { request }: ContentWaiter,
    blocking: { readonly limit: ContentLimit; readonly waitMs: number } | undefined,
    now: number,
  ): unknown {
    const { limit, waitMs = 0 } = blocking ?? {};
    const details = { dimension: limit?.dimension, limit: limit?.limit, failure: limit?.failure };
    if (limit?.isNone(now)) return new AdmissionRefused('too_large', { ...details, requested: 1 });
    const known = Number.isFinite(waitMs) ? waitMs : undefined;
    if (now >= request.deadlineAt || (known !== undefined && now + known > request.deadlineAt)) {
      return new AdmissionRefused('deadline', { ...details, waitMs: known });
    }
    if (limit && known !== undefined && known > this.#config.maxLimitWaitMs) {
      return new AdmissionRefused(limit.kind.perDay ? 'day_limit' : 'deadline', { ...details, waitMs: known });
    }
    return undefined;
  }

  async #enter(
    request: AdmissionRequest,
    needs: readonly Need[],
    since: number,
    cause: WaitCause = 'none',
  ): Promise<Ticket> {
    const { clock } = this.#config;
    const now = clock.now();
    for (const { dimension, amount } of needs) this.#limits.get(dimension)?.take(amount, now);
    // Limits learned after this point were not charged and need no refund.
    const taken = needs.filter(({ dimension }) => this.#limits.has(dimension));
    const host = {
      headed: (readings: readonly LimitReading[], status: number): void => this.#headed(readings, status),
      settled: (result: Parameters<Ticket['settle']>[0] | undefined): void => {
        const refused = result?.failure?.outcome === 'throttled' || result?.failure?.outcome === 'too_large';
        const counted = result !== undefined && !refused;
        for (const { dimension, amount } of taken) {
          this.#limits.get(dimension)!.settled(amount, counted, result?.outcome === 'ok');
        }
        if (refused) this.#refused(result.failure);
        this.#pump();
      },
    };
    try {
      return new ContentTicket(await this.#inner.acquire(request), host, now - since, cause);
    } catch (error) {
      host.settled(undefined);
      throw error;
    }
  }

  #headed(readings: readonly LimitReading[], status: number): void {
    if (status === 429) return;
    for (const reading of readings) {
      if (isContent(reading.dimension)) this.#learn(reading.dimension, (limit, now) => limit.told(reading, now));
    }
  }

  #refused(failure: Failure): void {
    const { dimension } = failure;
    if (isContent(dimension)) this.#learn(dimension, (limit, now) => limit.refused(failure, now));
  }

  #learn(dimension: ContentDimension, learn: (limit: ContentLimit, now: number) => boolean): void {
    const { clock, random, listener } = this.#config;
    let limit = this.#limits.get(dimension);
    if (!limit) this.#limits.set(dimension, (limit = new ContentLimit(dimension, random)));
    const previous = limit.limit;
    if (learn(limit, clock.now())) listener.onLimit(dimension, limit.limit!, previous, 'body');
  }

  #refuse(which: (waiter: ContentWaiter) => boolean): void {
    for (const waiter of [...this.#waiters].filter(which)) {
      this.#waiters.delete(waiter);
      waiter.reject(new AdmissionRefused('closed'));
    }
    if (this.#waiters.size === 0) this.#timer.set(Infinity);
  }
}

/** The content limits that count something of a call. */
function needsOf({ info }: AdmissionRequest): Need[] {
  return CONTENT_DIMENSIONS.flatMap((dimension) => {
    const amount = info.content?.[CONTENT_KINDS[dimension].content];
    return amount === undefined ? [] : [{ dimension, amount }];
  });
}
