import type { LimitBelief } from '../../core/beliefs.ts';
import type { LimitSource } from '../../core/snapshot.ts';
import { EnforcedRate } from './enforced-rate.ts';
import { FixedWindow, type ToldReset } from './fixed-window.ts';
import { PromisedReset } from './promised-reset.ts';
import type { HiddenBelief } from './hidden-limit.ts';
import type { Observation } from './observation.ts';
import { LevelScale } from './level-scale.ts';
import { LargerScope } from './larger-scope.ts';
import { ReturnedUnits } from './returned-units.ts';
import { RefillRate } from './refill-rate.ts';
import { SharedPace } from './shared-pace.ts';
import { ShortBucket } from './short-bucket.ts';
import { UnenforcedLevel } from './unenforced-level.ts';

/** A belief about a limit that the provider states. */
export type BucketBelief = Exclude<LimitBelief, HiddenBelief>;

export const BUCKET_BELIEFS: readonly BucketBelief[] = [
  'short_bucket',
  'scaled_level',
  'shorter_window',
  'other_scope',
  'less_than_told',
  'unenforced_level',
  'shared',
  'resets_at_once',
  'fixed_window',
];

interface MarkedReset extends ToldReset {
  /** Our total consumption up to the answered request. */
  readonly mark: number;
}

/** How to interpret a limit's stated numbers. Each belief has its own class, with the evidence for and against it. */
export class LimitBeliefs {
  readonly scale: LevelScale = new LevelScale();
  readonly shortBucket: ShortBucket = new ShortBucket();
  readonly returns: ReturnedUnits = new ReturnedUnits();
  readonly refill: RefillRate = new RefillRate();
  readonly otherScope: LargerScope = new LargerScope();
  readonly enforced: EnforcedRate = new EnforcedRate();
  readonly unenforced: UnenforcedLevel = new UnenforcedLevel();
  readonly sharing: SharedPace = new SharedPace();
  readonly promise: PromisedReset = new PromisedReset();
  readonly fixed: FixedWindow = new FixedWindow();

  get held(): BucketBelief[] {
    return BUCKET_BELIEFS.filter((belief) => this.holds(belief));
  }

  holds(belief: BucketBelief): boolean {
    switch (belief) {
      case 'short_bucket':
        return this.shortBucket.capacity !== undefined;
      case 'scaled_level':
        return this.scale.factor > 1;
      case 'shorter_window':
        return this.refill.factor > 1;
      case 'other_scope':
        return this.otherScope.told !== undefined;
      case 'less_than_told':
        return this.enforced.holds;
      case 'unenforced_level':
        return this.unenforced.holds;
      case 'shared':
        return this.sharing.shared;
      case 'resets_at_once':
        return this.promise.confirmed;
      case 'fixed_window':
        return this.fixed.believed;
    }
  }

  /** The limit changed: earlier answers no longer apply. */
  forget(limit: number, now: number): void {
    this.sharing.foreign.forget();
    this.scale.forget();
    this.returns.forget();
    this.shortBucket.restart(limit, this.scale.factor);
    this.fixed.forget();
    this.refill.restart(now);
    this.promise.forget();
  }

  /** The provider never counted `amount` of the request with this sequence number. */
  neverCounted(sequence: number, amount: number): void {
    this.sharing.foreign.neverCounted(sequence, amount);
    this.scale.neverCounted(sequence, amount);
    this.returns.neverCounted(sequence, amount);
  }

  /** A request was refused, so that the levels which answers report do not include it. */
  refused(sequence: number): void {
    this.scale.neverCounted(sequence, 1);
    this.returns.neverCounted(sequence, 1);
  }

  /** Whether an answer describes another limit than the one believed to be enforced. `known` came from `source`. */
  isOfAnother(seen: Observation, known: number, source: LimitSource, perDay: boolean, now: number): boolean {
    if (seen.source === 'header') return this.otherScope.covers(seen.limit, now);
    if (seen.source !== 'body') return false;
    if (source === 'header' && seen.limit > known && !perDay) {
      this.refill.named(seen.limit, known);
      return true;
    }
    const told = source === 'header' ? known : this.otherScope.told;
    if (told !== undefined) this.otherScope.named(seen.limit, told, now);
    return false;
  }

  /** Whether the remaining amount that an answer shows is meaningless. */
  isUnenforced({ remaining, amount, refused }: Observation): boolean {
    if (remaining === undefined || refused) return false;
    this.unenforced.served(remaining, amount, this.sharing.share);
    if (!this.unenforced.holds) return false;
    this.sharing.foreign.forget();
    return true;
  }

  /**
   * `rate`: stated refill per millisecond. Returns whether the limit has just turned out to be a fixed window rather than
   * a refilling bucket.
   */
  reset(told: MarkedReset, rate: number, burst: number, quantum: number): boolean {
    const { at, resetMs, missing, mark } = told;
    const before = this.fixed.believed;
    this.fixed.observe(told, this.refill.factor * rate, quantum);
    const changed = this.fixed.believed !== before;
    // The estimate of other users was based on the wrong interpretation.
    if (changed) this.sharing.foreign.forget();
    this.promise.observe({ at, fullAt: at + resetMs, mark, missing, full: burst, comesInMs: missing / rate });
    return changed && !before;
  }

  /** Units refilled at `rate` in the `elapsedMs` before `until`; 0 while a fixed window is still running. */
  returned(elapsedMs: number, until: number, rate: number): number {
    return this.fixed.endsAt(until) === undefined ? elapsedMs * rate : 0;
  }

  /** Milliseconds until `missing` units have refilled at `rate`, or until the fixed window ends. */
  comesInMs(missing: number, rate: number, now: number): number {
    const endsAt = this.fixed.endsAt(now);
    return endsAt === undefined ? missing / rate : endsAt - now;
  }
}
