import type { LimitBelief } from './beliefs.ts';
import type { WaitCause } from './event-words.ts';
import type { Priority } from './events.ts';
import type { DimensionSnapshot, Waiting } from './snapshot.ts';
import type { Dimension, Failure, LimitReading, Outcome, Usage } from './outcome.ts';
import type { ChargeRule, RequestInfo } from './provider.ts';

/** One attempt that asks to be sent. */
export interface AdmissionRequest {
  /** Place in the order, given by the lane at the first attempt; a retry passes it to keep its place. */
  readonly place: number | undefined;
  readonly info: RequestInfo;
  /** How often a limit has refused the call so far. */
  readonly refusals: number;
  /** The guard whose call it is: when that closes it refuses its own, and the lane goes on for others. */
  readonly owner: object;
  readonly priority: Priority;
  readonly tenant: string | undefined;
  /** Aborts the wait; the promise then rejects with the signal's reason within 5 ms. */
  readonly signal: AbortSignal | undefined;
  /** Monotonic time after which the wait is useless; Infinity when there is none. */
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
  /** How long the wait would have taken, where it is known. */
  readonly waitMs: number | undefined;
  /** The failure that closed the lane, where there was one. */
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
 * Who waits after a refusal: the lane, and with it the call, which goes back to its place; or the call alone, where
 * others may go on.
 */
export type WhoWaits = 'lane' | 'call';

/** What a granted attempt holds. Every method may be called once; later calls do nothing. */
export interface Ticket {
  readonly place: number;
  /** When it was granted. */
  readonly sentAt: number;
  readonly waitedMs: number;
  /** What was waited for; `concurrency` means a slot. */
  readonly cause: WaitCause;
  /** Tokens that the reservation expects the call to use; undefined when nothing was reserved. */
  readonly estimate: TokenEstimate | undefined;
  /** The head of the response has arrived, whatever its status. Never called when no response came. */
  onHead(readings: readonly LimitReading[], status: number): void;
  /**
   * The attempt is decided: corrects the reservation.
   * `failure` for anything but `ok`; `usage` when the provider told it; `unretried` where the caller has retries off.
   * Says who waits after a refusal; undefined where nobody paces, or nothing is known to wait for.
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

/** Gate that the circuit breaker puts in front of a lane's queue. */
export interface CircuitGate {
  /** Monotonic time until which nobody may go; 0 when the circuit lets calls through. */
  openUntil(): number;
  /** How many attempts may be in flight now: Infinity when closed, 1 for a half-open probe. */
  maxInFlight(): number;
  /** Longest time that a queued call may be held back by the circuit; 0 when calls fail at once. */
  readonly maxWaitMs: number;
}

/** Who may go next in one lane. */
export interface Admission {
  /** A ticket at once where nothing holds the attempt back; else rejects with AdmissionRefused or the abort reason. */
  acquire(request: AdmissionRequest): Ticket | Promise<Ticket>;
  /** Something outside the lane changed (circuit closed, limits learned): look at the queue again. */
  wake(): void;
  /** Refuses every queued call and every later one with `closed`. Leaves no timer behind. */
  close(): void;
  readonly queued: number;
  readonly inFlight: number;
  /** Attempts that were answered and not refused, so far. */
  readonly served: number;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  /** What holds the lane back, or did last. */
  readonly cause: WaitCause;
  /** How long the call waits that came first; 0 where none does. */
  oldestWaitMs(): number;
  /** Who waits. */
  waiting(): Waiting;
  pausedForMs(): number;
  dimensions(): readonly DimensionSnapshot[];
}

/** Events of a lane that nobody's call owns. */
export interface LaneListener {
  onPause(forMs: number, dimension: Dimension): void;
  onLimit(dimension: Dimension, limit: number, previous: number | undefined, source: DimensionSnapshot['source']): void;
  onBelief(dimension: Dimension, belief: LimitBelief, holds: boolean): void;
}

export type { ChargeRule, Priority };
