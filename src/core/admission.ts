import type { LimitBelief } from './beliefs.ts';
import type { WaitCause } from './event-values.ts';
import type { Priority } from './events.ts';
import type { DimensionSnapshot, Waiting } from './snapshot.ts';
import type { Dimension, Failure, LimitReading, Outcome, Usage } from './outcome.ts';
import type { ChargeRule, RequestInfo } from './provider.ts';

/** An attempt that requests admission. */
export interface AdmissionRequest {
  /** Position in the queue's order, assigned at the first attempt; a retry passes it to keep its position. */
  readonly place: number | undefined;
  readonly info: RequestInfo;
  /** Number of times a limit has refused the call so far. */
  readonly refusals: number;
  /** The guard that made the call. When it closes, only its own calls are refused. */
  readonly owner: object;
  readonly priority: Priority;
  readonly tenant: string | undefined;
  /** Aborts the wait; the promise then rejects with the signal's reason within 5 ms. */
  readonly signal: AbortSignal | undefined;
  /** Monotonic time after which waiting is pointless; Infinity without a deadline. */
  readonly deadlineAt: number;
}

/** Why a wait was refused. The guard turns it into a TidegateError. */
export type RefusalReason = 'deadline' | 'queue_full' | 'too_large' | 'quota' | 'day_limit' | 'circuit_open' | 'closed';

/** Thrown by `acquire`. Internal: applications see a TidegateError. */
export class AdmissionRefused extends Error {
  readonly reason: RefusalReason;
  readonly dimension: Dimension | undefined;
  readonly limit: number | undefined;
  readonly requested: number | undefined;
  /** How long the wait would have taken, if known. */
  readonly waitMs: number | undefined;
  /** The failure that closed the lane, if any. */
  readonly failure: Failure | undefined;

  constructor(
    reason: RefusalReason,
    details: {
      dimension?: Dimension | undefined;
      limit?: number | undefined;
      requested?: number | undefined;
      waitMs?: number | undefined;
      failure?: Failure | undefined;
    } = {},
  ) {
    super(reason);
    this.name = 'AdmissionRefused';
    this.reason = reason;
    this.dimension = details.dimension;
    this.limit = details.limit;
    this.requested = details.requested;
    this.waitMs = details.waitMs;
    this.failure = details.failure;
  }
}

export interface TokenEstimate {
  readonly inputTokens: number;
  readonly expectedOutputTokens: number;
}

/**
 * Who waits after a refusal: the whole lane, and the call at its position in the queue; or the call alone, while others
 * continue.
 */
export type WhoWaits = 'lane' | 'call';

/** Held by an admitted attempt. Every method takes effect once; further calls do nothing. */
export interface Ticket {
  readonly place: number;
  /** When the attempt was admitted. */
  readonly sentAt: number;
  readonly waitedMs: number;
  /** What it waited for; `concurrency` means a slot. */
  readonly cause: WaitCause;
  /** Expected tokens of the call; undefined if nothing was reserved. */
  readonly estimate: TokenEstimate | undefined;
  /** The response's headers have arrived, whatever its status. Not called without a response. */
  onHead(readings: readonly LimitReading[], status: number): void;
  /**
   * The outcome is known: corrects the reservation. `failure`: set unless `ok`. `usage`: set if the provider reported
   * it. `unretried`: the caller has retries off. Returns who waits after a refusal; undefined with pacing off, or if
   * there is nothing to wait for.
   */
  settle(result: {
    readonly outcome: Outcome;
    readonly failure?: Failure | undefined;
    readonly usage?: Usage | undefined;
    readonly unretried?: boolean;
  }): WhoWaits | undefined;
  /** The response body has ended: frees the concurrency slot. */
  release(): void;
}

/** The circuit breaker's gate in front of a lane's queue. */
export interface CircuitGate {
  /** Monotonic time before which no call may go; 0 while the circuit lets calls through. */
  openUntil(): number;
  /** How many attempts may be in flight: Infinity if closed, 1 for a half-open probe. */
  maxInFlight(): number;
  /** Longest time that the circuit may hold a queued call back; 0 if calls fail at once. */
  readonly maxWaitMs: number;
}

/** Decides which attempt of a lane may go next. */
export interface Admission {
  /** Returns a ticket at once if nothing holds the attempt back. Rejects with AdmissionRefused or the abort reason. */
  acquire(request: AdmissionRequest): Ticket | Promise<Ticket>;
  /** Something outside the lane has changed (circuit closed, limits learned): re-evaluate the queue. */
  wake(): void;
  /** Refuses all queued and later calls with `closed`. Leaves no timer behind. */
  close(): void;
  readonly queued: number;
  readonly inFlight: number;
  /** Number of attempts so far that were answered and not refused. */
  readonly served: number;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  /** What holds the lane back, or last did. */
  readonly cause: WaitCause;
  /** How long the oldest queued call has waited; 0 if none is queued. */
  oldestWaitMs(): number;
  /** Queued calls by priority and tenant. */
  waiting(): Waiting;
  pausedForMs(): number;
  dimensions(): readonly DimensionSnapshot[];
}

/** Events of a lane that belong to no call. */
export interface LaneListener {
  onPause(forMs: number, dimension: Dimension): void;
  onLimit(dimension: Dimension, limit: number, previous: number | undefined, source: DimensionSnapshot['source']): void;
  onBelief(dimension: Dimension, belief: LimitBelief, holds: boolean): void;
}

export type { ChargeRule, Priority };
