import type { BucketDimension, LimitKind } from '../../core/dimensions.ts';
import type { DimensionSnapshot, LimitSource } from '../../core/snapshot.ts';
import type { Contradiction } from './enforced-rate.ts';
import type { LimitBeliefs } from './limit-beliefs.ts';
import type { Observation } from './observation.ts';

/** What is known or concluded about a limit. */
export interface LimitFacts {
  readonly dimension: BucketDimension;
  readonly kind: LimitKind;
  readonly limit: number;
  readonly source: LimitSource;
  /** Believed level of the whole limit, whoever may spend it. */
  readonly level: number;
  /** Size of its bucket, as far as answers have shown. */
  readonly full: number;
  /** Units per millisecond that the provider refills, and how many of them others leave. */
  readonly limitRate: number;
  readonly rate: number;
  /** Whether an answer has reported its level. */
  readonly observed: boolean;
  /** Whether the limit refills steadily, as far as answers have shown. */
  readonly refills: boolean;
  /** Whether it is known if others use the limit. */
  readonly gauged: boolean;
  /** Whether its reported level may not be what it seems. */
  readonly suspect: boolean;
  /** Whether others use the limit too. */
  readonly shared: boolean;
  readonly beliefs: Pick<LimitBeliefs, 'holds'>;
  /** Part of a prompt's tokens that the provider counts on arrival. */
  readonly countedShare: { value: number };
}

/**
 * One limit of a lane, as the pacer sees it. A process on its own uses a model of the provider's bucket; in a fleet it
 * uses its share of that bucket.
 */
export interface Limit extends LimitFacts {
  /** Advances to `now`; call it before the others. */
  refill(now: number): void;
  /** Milliseconds until `amount` may be spent. */
  waitMs(amount: number): number;
  /** Whether only our lease is too small, not the limit itself. */
  awaitsLease(amount: number): boolean;
  /** Lower bound of the wait for `amount`, whatever others leave us. */
  leastWaitMs(amount: number): number;
  /** Whether no wait would ever help. */
  neverFits(amount: number): boolean;
  take(amount: number, sequence: number): void;
  /** A call that took `reserved` and is charged `amount` got through. */
  accepted(amount: number, reserved: number, sentAt: number, now: number): void;
  /**
   * The final charge of the request with this sequence number is `amount` less than on arrival. Returns whether the
   * provider is known to return the difference.
   */
  trueUp(amount: number, now: number, sequence?: number): boolean;
  /** The provider never counted this part of a request. */
  neverCounted(sequence: number, amount: number): void;
  /** A call of the lane was refused, by this or another limit. */
  anyRefused(sequence: number): void;
  /** An answer stated the limit. Returns whether it changed. */
  observe(seen: Observation, now: number): boolean;
  /**
   * The limit refused a request that seemed to fit: the provider showed `remaining` of the whole window (undefined if
   * it showed nothing), and we took `since` after it. Returns the level of the whole limit.
   */
  refused(refusal: Contradiction, remaining: number | undefined, since: number, waitMs: number, now: number): number;
  /** The provider stated its bucket size. */
  burstIs(burst: number, now: number): void;
  /** Other processes have learned another limit, or another bucket size. */
  adopt(limit: number, burst: number, now: number): void;
  /** Other processes have found this refill rate, in units per millisecond. */
  adoptRate(rate: number, now: number): void;
  snapshot(now: number): DimensionSnapshot;
}

/** A limit's level as an answer stated it. */
export interface LevelSample {
  /** Monotonic time at which the request was sent, and at which the provider counted it. */
  readonly sentAt: number;
  readonly at: number;
  /** Amount this process has sent after it. */
  readonly since: number;
  /** Level of the bucket then, and the level that was assumed. */
  readonly left: number;
  readonly burst: number;
  /** How far off that may be. */
  readonly tolerance: number;
}

/** A process's own model of a limit that a fleet may divide. It keeps learning while the fleet divides. */
export interface LimitModel extends Limit {
  /** Bucket size: the whole limit until a smaller one is found. */
  readonly burst: number;
  /** Fraction of the limit that is never spent. */
  readonly headroomShare: number;
  /** Level stated by the newest answer. */
  readonly sample: LevelSample | undefined;
  /** Milliseconds until `amount` may go at the pace at which calls are spread, whatever the level. */
  spreadMs(amount: number): number;
  /** A call waits for our share. */
  waits(): void;
  /** Calls of other processes took `amount`; negative if it was given back. */
  othersServed(amount: number, now: number): void;
  /** The provider counted so much of what all who share it took for `own`. */
  counted(own: number, counted: number): void;
  /** Largest part of the limit we may use while nobody assigns our share; 1 for all of it. */
  shareAtMost: number;
  /** The fleet that divides the limit, with its own view of the level; undefined without a fleet. */
  sharers: { readonly level: number | undefined } | undefined;
}
