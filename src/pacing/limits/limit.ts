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
  /** Units per millisecond that the provider refills, and the part of them that others leave. */
  readonly limitRate: number;
  readonly rate: number;
  /** Whether an answer has stated its level. */
  readonly observed: boolean;
  /** Whether what was taken comes back steadily, as far as answers have shown. */
  readonly refills: boolean;
  /** Whether it is known if others use the limit. */
  readonly gauged: boolean;
  /** Whether others use the limit too. */
  readonly shared: boolean;
  readonly beliefs: Pick<LimitBeliefs, 'holds'>;
  /** Part of a prompt's tokens that the provider counts on arrival. */
  readonly countedShare: { value: number };
}

/**
 * One limit of a lane, as the pacer sees it: when an amount may be spent, and what came of it. A process on its own
 * uses a model of the provider's bucket; one of a fleet its share of it.
 */
export interface Limit extends LimitFacts {
  /** Advances to `now`; call it before the others. */
  refill(now: number): void;
  /** Milliseconds until `amount` may be spent. */
  waitMs(amount: number): number;
  /** Whether only our lease is too small: there is enough for all. */
  awaitsLease(amount: number): boolean;
  /** Least time until `amount` gets through, however much others leave us. */
  leastWaitMs(amount: number): number;
  /** Whether no wait would ever help. */
  neverFits(amount: number): boolean;
  take(amount: number, sequence: number): void;
  /** A call of this amount got through. */
  accepted(amount: number, now: number): void;
  /** The provider finally charges this much less than on arrival. Returns whether it is known to give that back. */
  trueUp(amount: number, now: number): boolean;
  /** The provider never counted this part of a request. */
  neverCounted(sequence: number, amount: number): void;
  /** A call of the lane was refused, by it or by another limit. */
  anyRefused(): void;
  /** An answer stated the limit. Returns whether it changed. */
  observe(seen: Observation, now: number): boolean;
  /**
   * The limit refused a request that seemed to fit: the provider showed `remaining` of the whole window (undefined if
   * it showed nothing), and we took `since` after it. Returns the level, for all.
   */
  refused(refusal: Contradiction, remaining: number | undefined, since: number, waitMs: number, now: number): number;
  /** The provider named the most that it lets through at once. */
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

/** One process's own model of a limit that a fleet may divide: it keeps learning whoever divides. */
export interface LimitModel extends Limit {
  /** Most that the provider lets through at once: the whole limit until a smaller bucket is discovered. */
  readonly burst: number;
  /** Part of it that is never spent. */
  readonly headroomShare: number;
  /** Level stated by the newest answer. */
  readonly sample: LevelSample | undefined;
  /** Milliseconds until `amount` may go by the pace at which calls are spread, whatever is left. */
  spreadMs(amount: number): number;
  /** A call waits for our share of it. */
  waits(): void;
  /** Calls of other processes took so much of it; below 0 where it was given back. */
  othersServed(amount: number, now: number): void;
  /** Largest part of the limit we may use while nobody assigns our share; 1 for all of it. */
  shareAtMost: number;
  /** The fleet that divides it, and its belief of what is left; undefined while there is none. */
  sharers: { readonly level: number | undefined } | undefined;
}
