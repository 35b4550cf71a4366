import type { Clock } from '../core/clock.ts';
import type { SharedMode, SharedSnapshot } from '../core/events.ts';
import { type BucketDimension, isBucket, LIMIT_KINDS } from '../core/dimensions.ts';
import type { DividedLane, Division } from '../pacing/limits/division.ts';
import type { Limit, LimitModel } from '../pacing/limits/limit.ts';
import { Rhythm } from './rhythm.ts';
import { SharedFacts } from './shared-facts.ts';
import { Timer } from './timer.ts';
import { LeasedLimit } from './leased-limit.ts';
import { Lease, type LeaseHost } from './lease.ts';
import { Exchange, PATIENCE_MS } from './exchange.ts';
import type { FleetStore, Grant, Report } from './protocol.ts';

/** Later than this after it was asked for a lease is void. */
const LEASE_MS = 2_000;
/** So long a call waits for a store of which nothing is known. */
const FIRST_MS = 50;
const FIRST_TOOK_MS = 5;
const TOOK_WEIGHT = 0.2;
/** How unlike two pauses must be. */
const SAME_PAUSE_MS = 25;

export interface LaneShareDeps {
  readonly store: FleetStore;
  /** Names the lane, and tells nothing of the account. */
  readonly lane: string;
  readonly process: string;
  readonly clock: Clock;
  /** Processes that are reckoned with while the store has told of none. */
  readonly assumed: number;
  onMode(mode: SharedMode, error: unknown, processes: number): void;
  onExchange(tookMs: number, error: unknown): void;
  /** Another process has opened its circuit: says whether ours was closed, and opens. */
  onCircuit(): boolean;
}

/** One process's part of a lane: leases it ahead, in the background, so that no call waits for the store. */
export class LaneShare implements Division, LeaseHost {
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
  readonly #rhythm: Rhythm;
  readonly #timer: Timer;
  readonly #facts: SharedFacts;
  #returns = false;
  #since: number | undefined;
  #adoptedUntil = 0;
  /** Nothing is known of the lane, and those who came before find out. */
  #othersFirst = false;
  #over = false;

  constructor(deps: LaneShareDeps) {
    this.#deps = deps;
    this.fleet = deps.assumed;
    this.#timer = new Timer(deps.clock);
    this.#exchanges = new Exchange(deps.store, deps.lane, deps.clock);
    this.#facts = new SharedFacts(() => deps.onCircuit());
    const now = deps.clock.now();
    this.#rhythm = new Rhythm(now);
    this.#measuredAt = now;
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
    this.#exchanges.end();
    if (this.mode === 'shared') void this.#exchanges.tell(this.#report(true));
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

  /** The circuit of this process has opened for so long, or closed when that is 0. */
  circuit(openForMs: number): void {
    this.#facts.circuit(openForMs, this.#deps.clock.now());
    this.#schedule(this.#rhythm.evenly);
  }

  snapshot(): SharedSnapshot {
    return {
      mode: this.mode,
      processes: this.fleet,
      active: this.#rhythm.active,
      exchangeMs: this.#tookMs,
      dimensions: Array.from(this.#leases.values(), (lease) => lease.snapshot()),
    };
  }

  /** Whether calls must go by what the process knows itself. */
  get #isAlone(): boolean {
    if (this.mode === 'alone' || this.#over) return true;
    const now = this.#deps.clock.now();
    const patience = this.mode === 'joining' ? FIRST_MS : PATIENCE_MS;
    return this.#exchanges.askedAt !== undefined && now - this.#exchanges.askedAt >= patience;
  }

  hungry(): number | undefined {
    const now = this.#deps.clock.now();
    this.#rhythm.used(now);
    if (this.#isAlone) return undefined;
    // The answer wakes the lane; this is looked at by who has a deadline.
    if (this.#exchanges.askedAt !== undefined) return Math.max(1, this.#tookMs);
    this.#schedule(this.#rhythm.soonest(now));
    return Math.max(1, this.#timer.at - now);
  }

  spent(low: boolean): void {
    const now = this.#deps.clock.now();
    this.#rhythm.used(now);
    if (!this.leases) this.#returns = true;
    this.#schedule(low && this.mode === 'shared' ? this.#rhythm.soonest(now) : this.#rhythm.renewal);
  }

  #schedule(at: number): void {
    if (this.#over || this.#exchanges.askedAt !== undefined || at >= this.#timer.at) return;
    this.#timer.set(at, () => this.#exchange());
  }

  #exchange(): void {
    if (this.#over || this.#exchanges.askedAt !== undefined) return;
    const report = this.#report(false);
    this.#rhythm.asked(this.#deps.clock.now());
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
    const keeps = this.#rhythm.keeps(now);
    const ends = this.#rhythm.ends(demand.arrived, now);
    const elapsed = now - this.#measuredAt;
    this.#measuredAt = now;
    const pausedMs = this.#lane!.pausedForMs();
    const returns = this.#returns;
    return {
      process,
      serial: ++this.#serial,
      // Of calls that do not wait nobody knows how urgent they are.
      weight: demand.weight || 1,
      fleet: this.fleet,
      returns,
      leaves,
      pauseMs: now + pausedMs > this.#adoptedUntil + SAME_PAUSE_MS ? pausedMs : 0,
      ...this.#facts.report(this.#lane!, now),
      limits: Array.from(this.#leases.values(), (lease) => {
        const { unit } = LIMIT_KINDS[lease.limit.dimension];
        const { next, all, unanswered } = demand;
        const use = {
          need: next?.[unit] ?? 0,
          queued: all[unit],
          unanswered: unanswered[unit],
          keeps: keeps && !leaves,
          ends,
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
    this.#leaseUntil = sentAt + LEASE_MS;
    this.#returns = false;
    this.#rhythm.active = grant.active;
    this.#rhythm.fleet = grant.fleet;
    this.warm = grant.warm;
    this.#othersFirst = grant.limits.length === 0 && grant.waitMs > 0;
    if (grant.fleet !== this.fleet) {
      this.fleet = grant.fleet;
      for (const { limit } of this.#leases.values()) limit.shareAtMost = 1 / this.fleet;
    }
    if (grant.since !== this.#since) for (const lease of this.#leases.values()) lease.forget();
    this.#since = grant.since;
    const at = (sentAt + now) / 2;
    for (const each of grant.limits) {
      if (!isBucket(each.name as BucketDimension)) continue;
      const dimension = each.name as BucketDimension;
      const twin = LIMIT_KINDS[dimension].sameHeaderAs;
      const isTwin = this.#lane!.limits.some((known) => known.dimension === twin && known.limit === each.limit);
      if (!this.#leases.has(dimension) && !isTwin) this.#lane!.learn(dimension, each.limit, each.full);
      const told = report.limits.find(({ name }) => name === each.name);
      this.#leases.get(dimension)?.granted(each, told, at, now);
    }
    this.#facts.granted(this.#lane!, grant, sentAt, now);
    if (this.mode !== 'shared') this.#enter('shared', undefined);
    if (grant.pauseMs > this.#lane!.pausedForMs() + SAME_PAUSE_MS) {
      this.#adoptedUntil = now + grant.pauseMs;
      this.#lane!.pauseFor(grant.pauseMs);
    }
    const leases = Array.from(this.#leases.values());
    const news = leases.some((lease) => lease.isNews);
    const { waitMs } = grant;
    this.#schedule(this.#rhythm.answered({ sentAt, waitMs, news, limits: leases.length > 0 }, now));
    this.#lane!.wake();
  }

  #failed(error: unknown, sentAt: number): void {
    const { clock } = this.#deps;
    this.#deps.onExchange(clock.now() - sentAt, error);
    if (this.mode !== 'alone') this.#enter('alone', error);
    this.#schedule(this.#rhythm.failed(clock.now()));
    this.#lane!.wake();
  }

  #enter(mode: SharedMode, error: unknown): void {
    this.mode = mode;
    if (mode === 'alone') for (const lease of this.#leases.values()) lease.void();
    this.#deps.onMode(mode, error, this.fleet);
  }
}
