import type { Admission, WhoWaits } from './admission.ts';
import type { CircuitState, GiveUpReason, RetryReason } from './event-words.ts';
import type { LaneCounts, LaneSnapshot } from './snapshot.ts';
import type { Failure, HintSource } from './outcome.ts';

/** What the retry policy says about one failed attempt. */
export type RetryDecision =
  | {
      readonly retry: true;
      /** Where the lane is paused, the shortest that it may be. */
      readonly delayMs: number;
      readonly source: HintSource | 'backoff';
      readonly reason: RetryReason;
      /** False for waiting out a limit that will pass. */
      readonly counted: boolean;
      /** True when the delay is the lane's, not the call's: admission waits, not the call. */
      readonly pausesLane: boolean;
    }
  | { readonly retry: false; readonly reason: GiveUpReason };

export type Retry = RetryDecision & { readonly retry: true };

/**
 * Refusals of one call for which its whole lane pauses. Of a further one the lane learns nothing new: the call then
 * waits by itself, and others go on.
 */
export const PAUSES_OF_A_CALL = 3;

/**
 * Nothing got through for as long as so many of the longest waits that are agreed to: what a server promises is not kept.
 * In less, others on the account may have taken it.
 */
export const WAITS_IN_VAIN = 3;

/** Why nothing may be sent again, whatever failed: retries are off, or the request's body is a stream. */
export type RetryBar = 'attempts' | 'streaming_body' | undefined;

export interface RetryContext {
  /** Counted attempts left after the failed one. */
  readonly remaining: number;
  readonly barred: RetryBar;
  /** Who waits after a refusal; undefined where nobody paces. */
  readonly waiter: WhoWaits | undefined;
  /** The failed attempt was the one that an open circuit lets through: that it fails is the circuit's to count. */
  readonly probe: boolean;
  readonly attempts: number;
  /** Attempts of the lane that a limit has let through so far: tells whether a refusal is about the call alone. */
  readonly served: number;
  /** Monotonic; Infinity when there is none. */
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
  /** What the application would see. */
  readonly error: unknown;
  /** Whether the provider had failed the call before: a call that is retried is one piece of evidence, not six. */
  readonly isFurtherFault: boolean;

  constructor(failure: Failure, error: unknown, isFurtherFault = false) {
    super(failure.outcome);
    this.name = 'AttemptFailed';
    this.failure = failure;
    this.error = error;
    this.isFurtherFault = isFurtherFault;
  }
}

/** Leave for one attempt to be sent. What has to follow for the circuit has followed when the promise resolves, if there is one. */
export interface Passage {
  succeeded(): Promise<void> | undefined;
  failed(error: unknown): Promise<void> | undefined;
}

/** Calls of one account and pool of limits: they share limits, circuit, slots and retry budget. */
export interface Lane {
  readonly label: string;
  /** The pool of limits: a model, several that share theirs, or what `limitGroup` says. */
  readonly group: string;
  readonly admission: Admission;
  readonly retry: { forCall(): CallRetry };
  readonly budget: { deposit(): void } | undefined;
  readonly breaker: {
    /** @throws CircuitOpen where the queue should not have let the caller through. */
    enter(): Passage;
    recordFailure(isFurtherFault: boolean): void;
    state(): CircuitState;
    /** Longest time that an open circuit may hold a call back. */
    readonly maxWaitMs: number;
  };
  readonly slots: {
    /** @throws where none is free, which the queue sees to. */
    take(): void;
    free(): void;
  };
  /** Calls that have begun and not ended, wherever they wait. */
  active: number;
  readonly counts: { -readonly [K in keyof LaneCounts]: LaneCounts[K] };
  snapshot(): LaneSnapshot;
}

/** Thrown by a breaker to a caller that its gate had not let through. The call goes back to the queue. */
export class CircuitOpen extends Error {
  constructor() {
    super('circuit open');
    this.name = 'CircuitOpen';
  }
}
