import type { BucketDimension } from '../../core/dimensions.ts';
import type { Closed } from '../queue/exhausted-lane.ts';
import type { Amounts } from '../usage/reservation.ts';
import type { LearnedModel, LearnedTokens } from '../usage/learned-tokens.ts';
import type { Limit, LimitFacts, LimitModel } from './limit.ts';

/** Calls waiting in a lane. */
export interface Demand {
  /** Amounts of the next call; undefined when none waits. */
  readonly next: Readonly<Amounts> | undefined;
  readonly all: Readonly<Amounts>;
  /** Sent but not yet answered. */
  readonly unanswered: Readonly<Amounts>;
  /** Calls that have ever arrived at the lane. */
  readonly arrived: number;
  /** Weight of this process's claim relative to other waiting processes; 0 when nothing waits. */
  readonly weight: number;
  /** The weight by class, keyed by a digest of priority and tenant. */
  readonly classes: Readonly<Record<string, number>>;
}

/** Token usage observed for a lane's calls. */
export interface Learned extends Pick<LearnedTokens, 'countedOnArrival'> {
  /** Number of calls this is based on. */
  readonly calls: number;
  models(): ReadonlyMap<string, LearnedModel>;
}

/** A lane whose limits are divided. */
export interface DividedLane {
  readonly limits: readonly LimitFacts[];
  demand(): Demand;
  /** This process's share has changed. */
  wake(): void;
  /** Limits that other processes have learned. */
  learn(dimension: BucketDimension, limit: number, burst: number): void;
  learned(): Learned;
  /** Token usage observed in other processes. */
  adopt(learned: LearnedTokens): void;
  /**
   * For some classes only a fraction of the calls wait in this process; the rest of the weight belongs to other
   * processes.
   */
  weigh(parts: Readonly<Record<string, number>>): void;
  pausedForMs(): number;
  pauseFor(ms: number): void;
  /** What closed the lane; undefined while it is open. */
  closed(): Closed | undefined;
  /** Another process reported the lane as closed, or open again. */
  close(closed: Closed): void;
  open(): void;
}

/** Divides the limits of one lane among processes. */
export interface LimitDivider {
  join(lane: DividedLane): void;
  /** This process's share of a limit, used in place of the lane's own model. */
  partOf(limit: LimitModel): Limit;
  /** Whether other processes already know these limits, so that no cautious start is needed. */
  readonly warm: boolean;
  /** Processes of the fleet. */
  readonly fleet: number;
  /** Whether the fleet is so large that leases alone hold back the first calls on a newly learned limit. */
  readonly crowded: boolean;
  /** Milliseconds to wait for the other processes' knowledge; 0 if it is already here or unavailable. */
  joinMs(): number;
  leave(): void;
}
