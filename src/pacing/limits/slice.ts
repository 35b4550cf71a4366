import type { BucketDimension } from '../../core/dimensions.ts';
import type { LimitSource } from '../../core/events.ts';
import type { Closed } from '../queue/exhausted-lane.ts';
import type { Amounts } from '../usage/reservation.ts';

/** What an answer told of a limit's level. */
export interface LevelSample {
  /** Monotonic time at which the request was sent, and at which the provider counted it. */
  readonly sentAt: number;
  readonly at: number;
  /** What this process has sent after it. */
  readonly since: number;
  /** What its bucket held then. */
  readonly left: number;
  /** How far off that may be. */
  readonly tolerance: number;
}

/** A limit that processes divide among them, as one of them knows it. */
export interface DividedLimit {
  readonly dimension: BucketDimension;
  readonly limit: number;
  readonly source: LimitSource;
  /** Most that the provider lets through at once. */
  readonly burst: number;
  readonly level: number;
  readonly observed: boolean;
  /** Part of it that is never spent. */
  readonly headroomShare: number;
  /** Other processes have learned of another limit, or of another bucket. */
  adopt(limit: number, burst: number, now: number): void;
  /** At most this part of the limit may be used while no slice tells what is ours; 1 for all of it. */
  shareAtMost: number;
}

/** Our part of a limit that processes divide among them. */
export interface Slice {
  /** Milliseconds until `amount` is ours to spend; undefined where nobody divides at present, and the limit counts. */
  waitMs(amount: number): number | undefined;
  take(amount: number): void;
  giveBack(amount: number): void;
  told(sample: LevelSample): void;
  /** The provider refused, and holds no more than `level` now. */
  refused(level: number): void;
  /** What the processes believe to be left in all; undefined where nobody divides at present. */
  readonly level: number | undefined;
}

/** What waits in a lane. */
export interface Demand {
  /** What the next call takes; undefined when none waits. */
  readonly next: Readonly<Amounts> | undefined;
  readonly all: Readonly<Amounts>;
  /** What was sent that was not answered yet. */
  readonly unanswered: Readonly<Amounts>;
  /** How much of a limit is due to it beside what waits in other processes; 0 when nothing waits. */
  readonly weight: number;
}

/** A lane whose limits are divided. */
export interface DividedLane {
  readonly limits: readonly DividedLimit[];
  demand(): Demand;
  /** What is ours has changed. */
  wake(): void;
  /** Limits that other processes have learned. */
  learn(dimension: BucketDimension, limit: number, burst: number): void;
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
  sliceOf(limit: DividedLimit): Slice | undefined;
  /** Whether limits are known from others who have used them: there is nothing to feel for. */
  readonly warm: boolean;
  /** Processes of the fleet. */
  readonly fleet: number;
  /** Milliseconds until it is known what others have learned; 0 when it is, or nobody tells. */
  joinMs(): number;
  leave(): void;
}
