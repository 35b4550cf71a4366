import type { BucketDimension, LimitKind } from '../../core/dimensions.ts';
import type { DimensionSnapshot, LimitSource } from '../../core/snapshot.ts';
import type { Contradiction } from './enforced-rate.ts';
import type { LimitBeliefs } from './limit-beliefs.ts';
import type { Observation } from './observation.ts';

/** What is known of a limit, and concluded. */
export interface LimitFacts {
  readonly dimension: BucketDimension;
  readonly kind: LimitKind;
  readonly limit: number;
  readonly source: LimitSource;
  /** What is believed to be left of all of it, whoever may spend it. */
  readonly level: number;
  /** What it lets through at once, as far as answers have shown. */
  readonly full: number;
  /** Units per millisecond that the provider refills, and those of them that are not taken by others. */
  readonly limitRate: number;
  readonly rate: number;
  /** Whether an answer has told what is left. */
  readonly observed: boolean;
  /** Whether what was taken comes back steadily, as far as answers have shown. */
  readonly refills: boolean;
  /** Whether it is known if others use it. */
  readonly gauged: boolean;
  /** Whether others take of it too. */
  readonly shared: boolean;
  readonly beliefs: Pick<LimitBeliefs, 'holds'>;
  /** Part of a prompt's tokens that the provider counts on arrival. */
  readonly countedShare: { value: number };
}

/**
 * One limit of a lane, as the pacer goes by it: when an amount may be spent, and what came of it. A process by itself
 * goes by a model of the provider's bucket; one of a fleet by its part of it.
 */
export interface Limit extends LimitFacts {
  /** Passes the time; to be asked before the others. */
  refill(now: number): void;
  /** Milliseconds until `amount` may be spent. */
  waitMs(amount: number): number;
  /** Whether no more than our part is missing: there is enough for all. */
  awaitsLease(amount: number): boolean;
  /** Least time until `amount` was let through, whatever others leave us. */
  leastWaitMs(amount: number): number;
  /** Whether no wait would ever help. */
  neverFits(amount: number): boolean;
  take(amount: number, sequence: number): void;
  /** A call that takes so much got through. */
  accepted(amount: number, now: number): void;
  /** The provider charges so much less in the end than on arrival. Says whether it is known to give that back. */
  trueUp(amount: number, now: number): boolean;
  /** The provider never counted this part of a request. */
  neverCounted(sequence: number, amount: number): void;
  /** A call of the lane was refused, by it or by another limit. */
  anyRefused(): void;
  /** An answer told of it. Says whether the limit changed. */
  observe(seen: Observation, now: number): boolean;
  /**
   * A request was refused by it though it seemed to fit: the provider showed `remaining` of the whole window, undefined
   * when it showed nothing, and we took `since` after it. Says how much is there, for all.
   */
  refused(refusal: Contradiction, remaining: number | undefined, since: number, waitMs: number, now: number): number;
  /** The provider named the most that it lets through at once. */
  burstIs(burst: number, now: number): void;
  /** Others have learned of another limit, or of another bucket. */
  adopt(limit: number, burst: number, now: number): void;
  /** Others have found so many units a millisecond to come. */
  adoptRate(rate: number, now: number): void;
  snapshot(now: number): DimensionSnapshot;
}

/** What an answer told of a limit's level. */
export interface LevelSample {
  /** Monotonic time at which the request was sent, and at which the provider counted it. */
  readonly sentAt: number;
  readonly at: number;
  /** What this process has sent after it. */
  readonly since: number;
  /** What the bucket held then, and what it was taken for. */
  readonly left: number;
  readonly burst: number;
  /** How far off that may be. */
  readonly tolerance: number;
}

/** A limit in which processes have parts, as one of them models it by itself: it learns whoever divides. */
export interface LimitModel extends Limit {
  /** Most that the provider lets through at once: the whole limit until a smaller bucket is discovered. */
  readonly burst: number;
  /** Part of it that is never spent. */
  readonly headroomShare: number;
  /** What the newest answer told. */
  readonly sample: LevelSample | undefined;
  /** Milliseconds until `amount` may go by the pace at which calls are spread, whatever is left. */
  spreadMs(amount: number): number;
  /** A call waits for our part of it. */
  waits(): void;
  /** At most this part of the limit may be used while nobody tells what is ours; 1 for all of it. */
  shareAtMost: number;
  /** Those who divide it, and what they believe to be left in all; undefined while they do not. */
  sharers: { readonly level: number | undefined } | undefined;
}
