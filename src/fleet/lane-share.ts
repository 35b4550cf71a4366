import type { SharedMode } from '../core/event-values.ts';
import type { SharedSnapshot } from '../core/snapshot.ts';
import { type BucketDimension, LIMIT_KINDS } from '../core/dimensions.ts';
import type { DividedLane, LimitDivider } from '../pacing/limits/limit-divider.ts';
import type { Limit, LimitModel } from '../pacing/limits/limit.ts';
import { NewsSubscription } from './news-subscription.ts';
import { SharedPause } from './shared-pause.ts';
import { ExchangeSchedule } from './exchange-schedule.ts';
import { SharedFindings } from './shared-findings.ts';
import { takeGrant } from './take-grant.ts';
import { Timer } from './timer.ts';
import { LeasedLimit } from './leased-limit.ts';
import type { LaneShareDeps } from './lane-share-deps.ts';
import { Lease, type LeaseHost } from './lease.ts';
import { Exchange, PATIENCE_MS } from './exchange.ts';
import type { Grant, News, Report } from './fleet-store.ts';
import { CROWD } from './turn-time.ts';

/** A lease is void this long after its renewal was due. */
const GRACE_MS = 1_500;
/** How long a call waits for a store not yet known to work. */
const FIRST_MS = 50;
const FIRST_TOOK_MS = 5;
const TOOK_WEIGHT = 0.2;

/** One process's share of a lane: leased ahead, in the background, so that no call waits for the store. */
export class LaneShare implements LimitDivider, LeaseHost {
  mode: SharedMode = 'joining';
  fleet: number;
  warm = false;
  readonly #deps: LaneShareDeps;
  readonly #leases = new Map<BucketDimension, Lease>();
  #lane: DividedLane | undefined;
  #serial = 0;
  #leaseUntil = -Infinity;
  #measuredAt = 0;
  #tookMs = FIRST_TOOK_MS;
  readonly #exchanges: Exchange;
  readonly #timing: ExchangeSchedule;
  readonly #timer: Timer;
  readonly #findings: SharedFindings;
  readonly #subscription: NewsSubscription;
  readonly #pause = new SharedPause();
  #returns = false;
  #since: number | undefined;
  /** How far the store's clock is ahead of ours. */
  #aheadMs: number | undefined;
  /** Whether the lane is unknown and earlier processes are probing it. */
  #othersFirst = false;
  #over = false;

  constructor(deps: LaneShareDeps) {
    this.#deps = deps;
    this.fleet = deps.assumed;
    this.#timer = new Timer(deps.clock);
    this.#exchanges = new Exchange(deps.store, deps.lane, deps.clock);
    this.#findings = new SharedFindings(() => deps.onCircuit());
    const now = deps.clock.now();
    this.#timing = new ExchangeSchedule(now);
    this.#measuredAt = now;
    this.#subscription = new NewsSubscription(deps.store, deps.lane, this.#timing, {
      onNews: (news) => this.#heard(news),
      onSilence: () => this.#soon(),
    });
  }

  join(lane: DividedLane): void {
    this.#lane = lane;
    this.#exchange();
  }

  partOf(limit: LimitModel): Limit {
    const lease = new Lease(limit, this);
    this.#leases.set(limit.dimension, lease);
    limit.shareAtMost = 1 / this.fleet;
    if (this.#lane) this.#schedule(0);
    return new LeasedLimit(limit, lease);
  }

  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.clear();
    this.#subscription.end();
    this.#exchanges.end();
    if (this.mode === 'shared') void this.#exchanges.tell(this.#report(true));
  }

  get crowded(): boolean {
    return this.fleet > CROWD;
  }

  joinMs(): number {
    if (this.#isAlone) return 0;
    if (this.mode === 'joining') return Math.max(1, this.#tookMs);
    if (!this.#othersFirst) return 0;
    return Math.max(1, this.#exchanges.askedAt === undefined ? this.#timer.at - this.#deps.clock.now() : this.#tookMs);
  }

  get leases(): boolean {
    return this.mode === 'shared' && !this.#isAlone && this.#deps.clock.now() < this.#leaseUntil;
  }

  /** This process's circuit has opened for `openForMs`, or closed if that is 0. */
  circuit(openForMs: number): void {
    this.#findings.circuit(openForMs, this.#deps.clock.now());
    this.#schedule(Math.max(this.#deps.clock.now(), this.#timing.telling));
  }

  snapshot(): SharedSnapshot {
    return {
      mode: this.mode,
      processes: this.fleet,
      active: this.#timing.active,
      exchangeMs: this.#tookMs,
      dimensions: Array.from(this.#leases.values(), (lease) => lease.snapshot()),
    };
  }

  /** Whether this process must pace calls by its own knowledge. */
  get #isAlone(): boolean {
    if (this.mode === 'alone' || this.#over) return true;
    const now = this.#deps.clock.now();
    const patience = this.mode === 'joining' ? FIRST_MS : PATIENCE_MS;
    return this.#exchanges.askedAt !== undefined && now - this.#exchanges.askedAt >= patience;
  }

  hungry(): number | undefined {
    const now = this.#deps.clock.now();
    this.#timing.used(now);
    if (this.#isAlone) return undefined;
    // The answer wakes the lane; this number only serves calls with a deadline.
    if (this.#exchanges.askedAt !== undefined) return Math.max(1, this.#tookMs);
    this.#schedule(this.#timing.soonest(now));
    return Math.max(1, this.#timer.at - now);
  }

  tell(isUrgent: boolean): void {
    this.hungry();
    if (isUrgent || this.#timing.comesSeldom) this.#schedule(Math.max(this.#deps.clock.now(), this.#timing.telling));
  }

  spent(low: boolean): void {
    const now = this.#deps.clock.now();
    this.#timing.used(now);
    if (!this.leases) this.#returns = true;
    this.#schedule(low && this.mode === 'shared' ? this.#timing.soonest(now) : this.#timing.renewal);
  }

  #schedule(at: number): void {
    if (this.#over || this.#exchanges.askedAt !== undefined || at >= this.#timer.at) return;
    this.#timer.set(at, () => this.#exchange());
  }

  #exchange(): void {
    if (this.#over || this.#exchanges.askedAt !== undefined) return;
    const report = this.#report(false);
    this.#timing.asked(this.#deps.clock.now());
    this.#timer.clear();
    this.#exchanges.ask(report, {
      onGrant: (report, grant, sentAt) => this.#granted(report, grant, sentAt),
      onFailure: (error, sentAt) => this.#failed(error, sentAt),
    });
  }

  #report(leaves: boolean): Report {
    const { clock, process } = this.#deps;
    const now = clock.now();
    const demand = this.#lane!.demand();
    const keeps = this.#timing.keeps(now);
    const ends = this.#timing.ends(demand.arrived, now);
    const elapsed = now - this.#measuredAt;
    this.#measuredAt = now;
    const returns = this.#returns;
    return {
      process,
      serial: ++this.#serial,
      // Without waiting calls the weight is unknown.
      weight: demand.weight || 1,
      classes: demand.classes,
      at: this.#aheadMs === undefined ? undefined : now + this.#aheadMs,
      fleet: this.fleet,
      returns,
      leaves,
      renewMs: this.#timing.renewMs,
      pauseMs: this.#pause.report(this.#lane!, now),
      ...this.#findings.report(this.#lane!, now),
      limits: Array.from(this.#leases.values(), (lease) => {
        const { unit } = LIMIT_KINDS[lease.limit.dimension];
        const { next, all, unanswered } = demand;
        const use = {
          next: next?.[unit] ?? 0,
          queued: all[unit],
          unanswered: unanswered[unit],
          keeps: keeps && !leaves,
          ends,
          renewMs: this.#timing.renewMs,
        };
        return lease.report(use, elapsed, now);
      }),
    };
  }

  #granted(report: Report, grant: Grant, sentAt: number): void {
    const { clock } = this.#deps;
    const now = clock.now();
    this.#deps.onExchange(now - sentAt, undefined);
    this.#tookMs += (now - sentAt - this.#tookMs) * TOOK_WEIGHT;
    this.#leaseUntil = sentAt + Math.max(this.#timing.renewMs, grant.waitMs) + GRACE_MS;
    this.#returns = false;
    this.#timing.active = grant.active;
    this.#timing.fleet = grant.fleet;
    this.warm = grant.warm;
    this.#othersFirst = grant.limits.length === 0 && grant.waitMs > 0;
    if (grant.fleet !== this.fleet) {
      this.fleet = grant.fleet;
      for (const { limit } of this.#leases.values()) limit.shareAtMost = 1 / this.fleet;
    }
    if (grant.since !== this.#since) for (const lease of this.#leases.values()) lease.forget();
    this.#since = grant.since;
    this.#aheadMs = grant.now === undefined ? undefined : grant.now - (sentAt + now) / 2;
    takeGrant(this.#leases, this.#lane!, grant, report, (sentAt + now) / 2, now);
    this.#lane!.weigh(grant.parts ?? {});
    this.#findings.granted(this.#lane!, grant, sentAt, now);
    if (this.mode !== 'shared') this.#enter('shared', undefined);
    this.#pause.adopt(this.#lane!, grant.pauseMs, now);
    const leases = Array.from(this.#leases.values());
    this.#timing.longestMs = Math.min(...leases.map((lease) => lease.longestMs(grant.active)));
    this.#subscription.listenInCrowds();
    const news = leases.some((lease) => lease.isNews);
    const { waitMs } = grant;
    const granted = grant.limits.some((each) => each.granted > 0);
    this.#schedule(this.#timing.answered({ sentAt, waitMs, granted, news, limits: leases.length > 0 }, now));
    this.#lane!.wake();
  }

  #heard({ pauseMs, voids, ends = false }: News): void {
    if (this.mode !== 'shared' || (ends && !this.#lane!.demand().next)) return;
    const now = this.#deps.clock.now();
    this.#pause.adopt(this.#lane!, pauseMs, now);
    if (voids) for (const lease of this.#leases.values()) lease.void();
    // A paused lane needs nothing yet.
    if (voids || pauseMs === 0) this.#soon();
  }

  #soon(): void {
    this.#schedule(this.#timing.afterNews(this.#timer.at, this.#deps.clock.now()));
  }

  #failed(error: unknown, sentAt: number): void {
    const { clock } = this.#deps;
    this.#deps.onExchange(clock.now() - sentAt, error);
    if (this.mode !== 'alone') this.#enter('alone', error);
    this.#schedule(this.#timing.failed(clock.now()));
    this.#lane!.wake();
  }

  #enter(mode: SharedMode, error: unknown): void {
    this.mode = mode;
    if (mode === 'alone') for (const lease of this.#leases.values()) lease.void();
    this.#deps.onMode(mode, error, this.fleet);
  }
}
