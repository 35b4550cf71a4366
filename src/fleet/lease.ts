import type { SharedDimensionSnapshot } from '../core/snapshot.ts';
import type { LevelSample, LimitModel } from '../pacing/limits/limit.ts';
import { LIMIT_KINDS } from '../core/dimensions.ts';
import { ComparedSamples } from './compared-samples.ts';
import type { LimitGrant, LimitReport, SampleReport } from './fleet-store.ts';
import { type OwnSample, Totals } from './totals.ts';

/** Callbacks from a lease to its lane. */
export interface LeaseHost {
  readonly leases: boolean;
  /** The lease is too small. Milliseconds until there may be more; undefined if unknown. */
  hungry(): number | undefined;
  /** Something must be reported; `isUrgent`: within half a second, because others' calls would otherwise be refused. */
  tell(isUrgent: boolean): void;
  /** Something was spent; `low` when less than half of the lease is left. */
  spent(low: boolean): void;
}

/** What a lane's calls use of a limit. */
interface Use {
  /** Amount of the first call that waits; 0 when none does. */
  readonly next: number;
  readonly queued: number;
  readonly unanswered: number;
  /** Whether to keep a reserve for future calls; `ends`: whether no call has come for a while. */
  readonly keeps: boolean;
  readonly renewMs: number;
  readonly ends: boolean;
}

const RATE_WEIGHT = 0.3;
const AMOUNT_WEIGHT = 0.1;
/** Lease in advance what this many intervals between exchanges use, plus this many calls. */
const AHEAD = 2;
const CALLS_AHEAD = 2;
/** Largest part of a bucket to lease ahead, and the calls a bucket must hold per process. */
const PART_OF_BUCKET = 0.25;
const CALLS_EACH = 4;
const LOW = 0.5;
const EPSILON = 1e-6;
/** A call may take this much more than was requested for it: its token estimate is made again when it is sent. */
const INEXACT = 0.05;
/** Windows that differ by a smaller share are the same. */
const UNLIKE = 0.01;

function areUnlike(a: number, b: number): boolean {
  return Math.abs(a - b) > UNLIKE * b;
}

/** What this process has leased of one limit. */
export class Lease {
  readonly limit: LimitModel;
  readonly #host: LeaseHost;
  readonly #totals = new Totals();
  readonly #compared = new ComparedSamples();
  #granted = 0;
  /** In total, and when the lease was requested. */
  #spent = 0;
  #spentBefore = 0;
  #free = 0;
  #kept = 0;
  #outstanding = 0;
  /** Total spent by the other processes. */
  #others: number | undefined;
  #known: { readonly limit: number; readonly burst: number; readonly windowMs: number } | undefined;
  #newest: OwnSample | undefined;
  #covered: OwnSample | undefined;
  #refusedAt: number | undefined;
  /** Amount of the call last requested for: with an open circuit that is the newest waiting call, not the first. */
  #asked = 0;
  #average = 0;
  #rate = 0;
  #measured = 0;

  constructor(limit: LimitModel, host: LeaseHost) {
    this.limit = limit;
    this.#host = host;
  }

  /** Unspent part of the lease; below 0 if more was spent. */
  get left(): number {
    return this.#granted - (this.#spent - this.#spentBefore);
  }

  /** What the fleet believes to be left; undefined while the limit is not divided. */
  get level(): number | undefined {
    return this.#host.leases && this.#known ? this.#free + Math.max(0, this.left) : undefined;
  }

  /** Milliseconds until `amount` may be spent; undefined while the limit is not divided, when its own model decides. */
  waitMs(amount: number): number | undefined {
    this.#asked = amount;
    if (!this.#host.leases) return this.#host.hungry();
    const most = Math.max(Math.min(1, this.limit.burst), this.limit.burst - this.#kept);
    const { unit } = LIMIT_KINDS[this.limit.dimension];
    const missing = unit === 'requests' ? EPSILON : INEXACT * amount;
    return this.left + missing >= Math.min(amount, most) ? 0 : this.#host.hungry();
  }

  take(amount: number): void {
    this.#asked = 0;
    this.#spent += amount;
    if (amount <= 0) return;
    this.#average += (amount - this.#average) * (this.#average === 0 ? 1 : AMOUNT_WEIGHT);
    this.#host.spent(this.left < LOW * this.#granted);
  }

  giveBack(amount: number): void {
    this.#spent -= amount;
  }

  told(sample: LevelSample): void {
    this.#newest = { ...sample, own: this.#spent - sample.since };
  }

  /** A refusal showed that the provider's bucket holds at most `level`. */
  refused(level: number): void {
    this.#refusedAt = Math.min(level, this.#refusedAt ?? Infinity);
    // The leased amount does not exist.
    this.void();
    this.#host.tell(true);
  }

  /** The limit changed: the others learn of it at their next renewal, and the store must know by then. */
  changed(): void {
    this.#host.tell(this.#known !== undefined && this.limit.limit < this.#known.limit);
  }

  /** The lease is over. */
  void(): void {
    this.#granted = Math.min(this.#granted, this.#spent - this.#spentBefore);
  }

  /** Another store, or one that has lost its state. */
  forget(): void {
    this.#totals.forget();
    this.#compared.forget();
    this.#others = undefined;
    this.#newest = undefined;
    this.#covered = undefined;
  }

  /** The report for the store; `elapsedMs` since the last one. */
  report({ next, queued, unanswered, keeps, renewMs, ends }: Use, elapsedMs: number, now: number): LimitReport {
    const { dimension, limit, burst, level, headroomShare } = this.limit;
    const rate = Math.max(0, this.#spent - this.#measured) / Math.max(1, elapsedMs);
    this.#measured = this.#spent;
    this.#rate += (rate - this.#rate) * RATE_WEIGHT;
    // A burst is not a rate: in the long run no process spends more than the refill.
    const spends = Math.min(this.#rate, limit / LIMIT_KINDS[dimension].windowMs);
    const ahead = keeps ? Math.max(AHEAD * renewMs * spends, CALLS_AHEAD * this.#average) : 0;
    const need = next > 0 ? Math.max(next, this.#asked) : 0;
    const refusedAt = this.#refusedAt;
    this.#refusedAt = undefined;
    return {
      name: dimension,
      limit,
      windowMs: this.#windowMs,
      full: burst,
      changed: this.#isChanged,
      headroom: headroomShare,
      level,
      spent: this.#spent,
      unanswered,
      need,
      want: Math.max(need, queued + ahead),
      rest: ends ? queued : undefined,
      sample: this.#sample(now),
      refusedAt,
    };
  }

  #sample(now: number): SampleReport | undefined {
    const covered = this.#covered;
    this.#covered = undefined;
    const { burst, limitRate } = this.limit;
    if (covered?.burst !== burst) return undefined;
    const sample = this.#totals.report(covered, now);
    const seen = this.#compared.next(sample, burst, limitRate, now);
    if (seen) this.limit.counted(seen.own, seen.counted);
    return sample;
  }

  /**
   * Maximum duration of a lease among so many processes: a small bucket, or one that fills quickly, would be held by
   * idle processes.
   */
  longestMs(processes: number): number {
    const { burst, limitRate } = this.limit;
    return burst < CALLS_EACH * processes * this.#average ? 0 : (PART_OF_BUCKET * burst) / limitRate;
  }

  /** The store's answer to what was reported. */
  granted(grant: LimitGrant, report: LimitReport | undefined, at: number, now: number): void {
    this.#free = grant.free - grant.kept;
    this.#kept = grant.kept;
    this.#outstanding = grant.unspentMost;
    if (!report) return;
    const leftBefore = this.#granted - (report.spent - this.#spentBefore);
    this.#granted = grant.granted;
    this.#spentBefore = report.spent;
    this.#totals.add(at, grant, report.spent, leftBefore);
    // A store with rules of its own may not report totals.
    const others = grant.total > 0 ? grant.total - grant.unspentMost - report.spent : undefined;
    if (others !== undefined && this.#others !== undefined) this.limit.othersServed(others - this.#others, now);
    this.#others = others;
    if (this.#newest && this.#totals.covers(this.#newest.sentAt)) {
      this.#covered = this.#newest;
      this.#newest = undefined;
    }
    const { limit, burst } = this.limit;
    // A change learned since the report was sent counts at the next report.
    if (report.limit !== limit || report.full !== burst) return;
    if (grant.limit !== limit || grant.full !== burst) this.limit.adopt(grant.limit, grant.full, now);
    if (areUnlike(grant.windowMs, this.#windowMs)) this.limit.adoptRate(grant.limit / grant.windowMs, now);
    this.#known = { limit: this.limit.limit, burst: this.limit.burst, windowMs: this.#windowMs };
  }

  /** Time in which the whole limit refills, as far as it is known. */
  get #windowMs(): number {
    return this.limit.limit / this.limit.limitRate;
  }

  get #isChanged(): boolean {
    const known = this.#known;
    const { limit, burst } = this.limit;
    if (!known) return false;
    return known.limit !== limit || known.burst !== burst || areUnlike(known.windowMs, this.#windowMs);
  }

  snapshot(): SharedDimensionSnapshot {
    const leased = this.#host.leases ? Math.max(0, this.left) : 0;
    return { dimension: this.limit.dimension, leased, free: this.#free, mostOvershoot: this.#outstanding };
  }

  /** Whether nothing was learned since the last report, so that the store's last answer applies. */
  get isNews(): boolean {
    return this.#known === undefined || this.#known.limit !== this.limit.limit || this.#refusedAt !== undefined;
  }
}
