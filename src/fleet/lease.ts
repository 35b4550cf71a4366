import type { SharedDimensionSnapshot } from '../core/snapshot.ts';
import type { LevelSample, LimitModel } from '../pacing/limits/limit.ts';
import { LIMIT_KINDS } from '../core/dimensions.ts';
import type { LimitGrant, LimitReport } from './protocol.ts';
import { type OwnSample, Totals } from './totals.ts';

/** What a lease asks of its lane. */
export interface LeaseHost {
  readonly leases: boolean;
  /** The lease is not enough. Milliseconds until there may be more; undefined where nobody knows. */
  hungry(): number | undefined;
  /** Something is known that others must hear of; within half a second where calls of theirs would be refused. */
  tell(isUrgent: boolean): void;
  /** Something was spent; `low` when less than half of the lease is left. */
  spent(low: boolean): void;
}

/** What calls take of a limit. */
interface Use {
  readonly need: number;
  readonly queued: number;
  readonly unanswered: number;
  /** Whether something is to be kept in hand for calls to come, and whether none has come for a while. */
  readonly keeps: boolean;
  readonly renewMs: number;
  readonly ends: boolean;
}

const RATE_WEIGHT = 0.3;
const AMOUNT_WEIGHT = 0.1;
/** What is spent in so many times of that between two exchanges is leased ahead, and so many calls. */
const AHEAD = 2;
const CALLS_AHEAD = 2;
/** Part of a bucket that a lease lasts for at most, and calls that it must have for each process. */
const PART_OF_BUCKET = 0.25;
const CALLS_EACH = 4;
const LOW = 0.5;
const EPSILON = 1e-6;
/** Windows that differ by less are the same. */
const UNLIKE = 0.01;

function areUnlike(a: number, b: number): boolean {
  return Math.abs(a - b) > UNLIKE * b;
}

/** What this process has leased of one limit. */
export class Lease {
  readonly limit: LimitModel;
  readonly #host: LeaseHost;
  readonly #totals = new Totals();
  #granted = 0;
  /** In all, and when the lease was asked for. */
  #spent = 0;
  #spentBefore = 0;
  #free = 0;
  #kept = 0;
  #outstanding = 0;
  #known: { readonly limit: number; readonly burst: number; readonly windowMs: number } | undefined;
  #newest: OwnSample | undefined;
  #covered: OwnSample | undefined;
  #refusedAt: number | undefined;
  #average = 0;
  #rate = 0;
  #measured = 0;

  constructor(limit: LimitModel, host: LeaseHost) {
    this.limit = limit;
    this.#host = host;
  }

  /** What of the lease is left; below 0 while more was spent. */
  get left(): number {
    return this.#granted - (this.#spent - this.#spentBefore);
  }

  /** What the processes believe to be left in all; undefined where nobody divides at present. */
  get level(): number | undefined {
    return this.#host.leases && this.#known ? this.#free + Math.max(0, this.left) : undefined;
  }

  /** Milliseconds until `amount` is ours to spend; undefined where nobody divides at present, and the limit counts. */
  waitMs(amount: number): number | undefined {
    if (!this.#host.leases) return this.#host.hungry();
    const most = Math.max(Math.min(1, this.limit.burst), this.limit.burst - this.#kept);
    return this.left + EPSILON >= Math.min(amount, most) ? 0 : this.#host.hungry();
  }

  take(amount: number): void {
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

  /** The provider refused, and holds no more than `level` now. */
  refused(level: number): void {
    this.#refusedAt = Math.min(level, this.#refusedAt ?? Infinity);
    // What is leased is not there.
    this.void();
    this.#host.tell(true);
  }

  /** It is another limit now: the others learn of it when they renew, and the store must know by then. */
  changed(): void {
    this.#host.tell(this.#known !== undefined && this.limit.limit < this.#known.limit);
  }

  /** The lease is over. */
  void(): void {
    this.#granted = Math.min(this.#granted, this.#spent - this.#spentBefore);
  }

  /** Another store, or one that has lost what it knew. */
  forget(): void {
    this.#totals.forget();
    this.#newest = undefined;
    this.#covered = undefined;
  }

  /** What to tell the store; `elapsedMs` since the last time. */
  report({ need, queued, unanswered, keeps, renewMs, ends }: Use, elapsedMs: number, now: number): LimitReport {
    const { dimension, limit, burst, level, headroomShare } = this.limit;
    const rate = Math.max(0, this.#spent - this.#measured) / Math.max(1, elapsedMs);
    this.#measured = this.#spent;
    this.#rate += (rate - this.#rate) * RATE_WEIGHT;
    // A burst is no rate: nobody spends more for long than comes.
    const spends = Math.min(this.#rate, limit / LIMIT_KINDS[dimension].windowMs);
    const ahead = keeps ? Math.max(AHEAD * renewMs * spends, CALLS_AHEAD * this.#average) : 0;
    const sample = this.#covered;
    this.#covered = undefined;
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
      sample: sample?.burst === burst ? this.#totals.report(sample, now) : undefined,
      refusedAt,
    };
  }

  /** For how long it may be leased to so many: a bucket of few calls, or one that fills soon, would lie with those who rest. */
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
    if (this.#newest && this.#totals.covers(this.#newest.sentAt)) {
      this.#covered = this.#newest;
      this.#newest = undefined;
    }
    const { limit, burst } = this.limit;
    // What was learned while the store answered counts when it is told.
    if (report.limit !== limit || report.full !== burst) return;
    if (grant.limit !== limit || grant.full !== burst) this.limit.adopt(grant.limit, grant.full, now);
    if (areUnlike(grant.windowMs, this.#windowMs)) this.limit.adoptRate(grant.limit / grant.windowMs, now);
    this.#known = { limit: this.limit.limit, burst: this.limit.burst, windowMs: this.#windowMs };
  }

  /** In which as much as the limit comes, as far as it is known. */
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

  /** Nothing was learned that the store does not know: what it told the last time counts. */
  get isNews(): boolean {
    return this.#known === undefined || this.#known.limit !== this.limit.limit || this.#refusedAt !== undefined;
  }
}
