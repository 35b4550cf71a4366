import type { Priority } from './admission.ts';
import type { Attempt, RunningCall } from './attempt.ts';
import type { Clock } from './clock.ts';
import type { CallInfo, GuardEvent, Instrumentation } from './events.ts';
import type { Lane } from './lane.ts';
import type { Failure } from './outcome.ts';
import type { ProviderAdapter, RequestInfo, RequestLike } from './provider.ts';
import type { ErrorDetails, TidegateErrorCode } from '../errors.ts';

/** Makes the errors that the application sees, in its SDK's own classes. */
export interface ErrorFactory {
  /** The SDK's error for a request that the caller aborted. */
  aborted(signal: AbortSignal): unknown;
  own(code: TidegateErrorCode, message: string, details: ErrorDetails, cause?: unknown): unknown;
}

/**
 * How a request path sends an attempt, in steps: a step that waits for nothing makes no promise. Each throws AttemptFailed after
 * `attempt.fail`, or any other error when the request never left (the SDK's validation, the application's own hooks).
 */
export interface Exchange<T, R = unknown> {
  /** Resolves at the response head. */
  send(attempt: Attempt): Promise<R>;
  /** Makes of the head what the application gets. */
  receive(response: R, attempt: Attempt): T | Promise<T>;
  /** What an error of `send` means. */
  failed(error: unknown, attempt: Attempt): unknown;
}

/** All steps in one. */
export type Send<T> = (attempt: Attempt) => Promise<T>;

export function inOneStep<T>(send: Send<T>): Exchange<T, T> {
  return { send, receive: (value) => value, failed: (error) => error };
}

/** Where a call counts, and as what. */
export interface CallPlace {
  readonly lane: Lane;
  readonly info: CallInfo;
  readonly request: RequestInfo;
}

export interface CallSettings {
  /** Another one, where the call leaves flex for the standard tier. */
  place: CallPlace;
  /** How its answers are read: calls of one lane may be of different APIs. */
  readonly adapter: ProviderAdapter;
  /** What is sent. Handed on when the call has failed, never read here. */
  readonly sent: RequestLike;
  /** The guard that begins the call. */
  readonly owner: object;
  readonly priority: Priority;
  readonly tenant: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly startedAt: number;
  readonly deadlineAt: number;
  /** Attempts that may follow the first, waits for a limit not counted. */
  readonly retries: number;
  /** Longest time from sending a stream's request to its first content; Infinity when there is none. */
  readonly firstContentTimeoutMs: number;
  /** Longest silence of a stream after its first content; Infinity when there is none. */
  readonly stallTimeoutMs: number;
  readonly clock: Clock;
  readonly errors: ErrorFactory;
  readonly instrumentation: Instrumentation | undefined;
  readonly emit: (event: GuardEvent) => void;
  /** Whether anything listens: events without a listener need not be created. */
  readonly isHeard: () => boolean;
  /** True when telemetry or a listener consumes `call.end`. */
  readonly hasEndListener: () => boolean;
  /** Whether the times between the chunks of its stream are consumed. */
  readonly timesChunks: boolean;
  /** True once the guard is closed: nothing is sent again. */
  readonly closed: () => boolean;
  /** Where the call counts from then on that leaves a flex tier without capacity; undefined where it does not leave. */
  readonly withoutFlex: (() => CallPlace) | undefined;
  /** A limit has refused an attempt: its words may tell more of pools than tables do. */
  readonly refused: (lane: Lane, request: RequestInfo, failure: Failure) => void;
  /** The call has failed for good, though it might have been retried: what is sent again now is a second layer's. */
  readonly gaveUp: (call: RunningCall, sent: RequestLike) => void;
}
