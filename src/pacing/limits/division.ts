import type { BucketDimension } from '../../core/dimensions.ts';
import type { Closed } from '../queue/exhausted-lane.ts';
import type { Amounts } from '../usage/reservation.ts';
import type { LearnedModel, LearnedTokens } from '../usage/learned-tokens.ts';
import type { Limit, LimitFacts, LimitModel } from './limit.ts';

/** What waits in a lane. */
export interface Demand {
  /** What the next call takes; undefined when none waits. */
  readonly next: Readonly<Amounts> | undefined;
  readonly all: Readonly<Amounts>;
  /** What was sent that was not answered yet. */
  readonly unanswered: Readonly<Amounts>;
  /** Calls that have ever come to the lane. */
  readonly arrived: number;
  /** How much of a limit is due to it beside what waits in other processes; 0 when nothing waits. */
  readonly weight: number;
  /** Weight of the most urgent priority that waits; 0 when nothing waits. */
  readonly urgency: number;
}

/** What calls of a lane were found to take. */
export interface Learned extends Pick<LearnedTokens, 'countedOnArrival'> {
  /** So many have told it. */
  readonly calls: number;
  models(): ReadonlyMap<string, LearnedModel>;
}

/** A lane whose limits are divided. */
export interface DividedLane {
  readonly limits: readonly LimitFacts[];
  demand(): Demand;
  /** What is ours has changed. */
  wake(): void;
  /** Limits that other processes have learned. */
  learn(dimension: BucketDimension, limit: number, burst: number): void;
  learned(): Learned;
  /** What calls were found to take in other processes. */
  adopt(learned: LearnedTokens): void;
  pausedForMs(): number;
  pauseFor(ms: number): void;
  /** What closed the lane; undefined while it is open. */
  closed(): Closed | undefined;
  /** Another process has found out what closes it, or that it is open again. */
  close(closed: Closed): void;
  open(): void;
}

/** Divides the limits of one lane among processes. */
export interface Division {
  join(lane: DividedLane): void;
  /** Our part of a limit: what the lane goes by instead of what it models itself. */
  partOf(limit: LimitModel): Limit;
  /** Whether limits are known from others who have used them: there is nothing to feel for. */
  readonly warm: boolean;
  /** Processes of the fleet. */
  readonly fleet: number;
  /** Whether those are so many that a new limit is leased too slowly for any of them to need to hold back. */
  readonly crowded: boolean;
  /** Milliseconds until it is known what others have learned; 0 when it is, or nobody tells. */
  joinMs(): number;
  leave(): void;
}
