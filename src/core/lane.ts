import type { Admission, WhoWaits } from './admission.ts';
import type { LateRetries } from './late-retries.ts';
import type { CircuitState, GiveUpReason, RetryReason } from './event-values.ts';
import type { LaneCounts, LaneSnapshot } from './snapshot.ts';
import type { Failure, HintSource } from './outcome.ts';

/** The retry policy's decision about a failed attempt. */
export type RetryDecision =
  | {
      readonly retry: true;
      /** If the lane is paused, the minimum length of the pause. */
      readonly delayMs: number;
      /** The delay if a call of the lane is served meanwhile; as long as `delayMs` if undefined. */
      readonly soonMs?: number;
      readonly source: HintSource | 'backoff';
      readonly reason: RetryReason;
      /** Whether it counts as a retry; waiting out a limit does not. */
      readonly counted: boolean;
      /** True if the delay pauses the lane: the wait is then in the queue, not in the call. */
      readonly pausesLane: boolean;
    }
  | { readonly retry: false; readonly reason: GiveUpReason };

export type Retry = RetryDecision & { readonly retry: true };

/**
 * Refusals of one call that pause its whole lane. A further one teaches the lane nothing new: the call then waits by
 * itself, and others continue.
 */
export const PAUSES_OF_A_CALL = 3;

/**
 * Once nothing has got through for this multiple of the longest accepted wait, the server does not keep its promises.
 * Before that, other users of the account may have taken the capacity.
 */
export const WAITS_IN_VAIN = 3;

/** Why the call must not be retried, whatever failed: retries are off, or the request's body is a stream. */
export type RetryBar = 'attempts' | 'streaming_body' | undefined;

export interface RetryContext {
  /** Retries left after the failed attempt. */
  readonly remaining: number;
  readonly barred: RetryBar;
  /** Who waits after a refusal; undefined with pacing off. */
  readonly waiter: WhoWaits | undefined;
  /** The failed attempt was the probe of an open circuit, which counts its failure. */
  readonly probe: boolean;
  readonly attempts: number;
  /** Attempts of the lane that got through so far: shows whether a refusal concerns only this call. */
  readonly served: number;
  /** Attempts of the lane in flight. */
  readonly inFlight: number;
  /** Attempts of the lane that were refused so far. */
  readonly refused: number;
  /** Monotonic; Infinity without a deadline. */
  readonly deadlineAt: number;
  readonly now: number;
}

/** Retry policy of one call. */
export interface CallRetry {
  decide(failure: Failure, context: RetryContext): RetryDecision;
  /** The latest retry was answered. */
  answered(): void;
}

/** A failed attempt on its way through the policies. */
export class AttemptFailed extends Error {
  readonly failure: Failure;
  /** The error for the application. */
  readonly error: unknown;
  /** Whether the provider had failed the call before: a retried call is one piece of evidence, not one per attempt. */
  readonly isFurtherFault: boolean;

  constructor(failure: Failure, error: unknown, isFurtherFault = false) {
    super(failure.outcome);
    this.name = 'AttemptFailed';
    this.failure = failure;
    this.error = error;
    this.isFurtherFault = isFurtherFault;
  }
}

/** Permission to send one attempt. The circuit's state is up to date once the promise, if any, resolves. */
export interface Passage {
  succeeded(): Promise<void> | undefined;
  /** Refused for the number of attempts in flight: says nothing about the provider's health. */
  crowded(error: unknown): Promise<void> | undefined;
  failed(error: unknown): Promise<void> | undefined;
}

/** Calls of one account and pool. They share limits, circuit, slots and retry budget. */
export interface Lane {
  readonly label: string;
  /** The pool: a model, several that share limits, or the result of `limitGroup`. */
  readonly group: string;
  readonly admission: Admission;
  readonly retry: { forCall(): CallRetry };
  readonly budget: { deposit(): void } | undefined;
  readonly breaker: {
    /** @throws CircuitOpen if the queue should not have let the caller through. */
    enter(): Passage;
    recordFailure(isFurtherFault: boolean): void;
    state(): CircuitState;
    /** Longest time that an open circuit may hold a call back. */
    readonly maxWaitMs: number;
  };
  readonly slots: {
    /** @throws if none is free, which the queue prevents. */
    take(): void;
    free(): void;
  };
  readonly late: LateRetries;
  /** Unfinished calls, wherever they wait. */
  active: number;
  readonly counts: { -readonly [K in keyof LaneCounts]: LaneCounts[K] };
  snapshot(): LaneSnapshot;
}

/** Thrown by a breaker whose gate did not let the caller through. The call returns to the queue. */
export class CircuitOpen extends Error {
  constructor() {
    super('circuit open');
    this.name = 'CircuitOpen';
  }
}
