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
 * How a request path sends an attempt, in steps; synchronous steps create no promise. Each throws AttemptFailed after
 * `attempt.fail`, or any other error if the request was never sent (the SDK's validation, the application's own hooks).
 */
export interface Exchange<T, R = unknown> {
  /** Resolves once the response's headers have arrived. */
  send(attempt: Attempt): Promise<R>;
  /** Turns the response into what the application gets. */
  receive(response: R, attempt: Attempt): T | Promise<T>;
  /** Classifies an error of `send`. */
  failed(error: unknown, attempt: Attempt): unknown;
}

/** A request path with a single step. */
export type Send<T> = (attempt: Attempt) => Promise<T>;

export function inOneStep<T>(send: Send<T>): Exchange<T, T> {
  return { send, receive: (value) => value, failed: (error) => error };
}

/** The lane in which a call counts, and its description there. */
export interface CallPlace {
  readonly lane: Lane;
  readonly info: CallInfo;
  readonly request: RequestInfo;
}

export interface CallSettings {
  /** Replaced when the call leaves flex for the standard tier. */
  place: CallPlace;
  /** How its answers are read: calls of one lane may be of different APIs. */
  readonly adapter: ProviderAdapter;
  /** The request. Passed on if the call fails, never read here. */
  readonly sent: RequestLike;
  /** The guard that makes the call. */
  readonly owner: object;
  readonly priority: Priority;
  readonly tenant: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly startedAt: number;
  readonly deadlineAt: number;
  /** Maximum number of retries, not counting those that wait for a limit. */
  readonly retries: number;
  /** Longest time from sending a stream's request to its first content; Infinity for no limit. */
  readonly firstContentTimeoutMs: number;
  /** Longest gap between a stream's pieces of content; Infinity for no limit. */
  readonly stallTimeoutMs: number;
  readonly clock: Clock;
  readonly errors: ErrorFactory;
  readonly instrumentation: Instrumentation | undefined;
  readonly emit: (event: GuardEvent) => void;
  /** Whether there is any listener; otherwise events need not be created. */
  readonly isHeard: () => boolean;
  /** True when telemetry or a listener consumes `call.end`. */
  readonly hasEndListener: () => boolean;
  /** Whether anything consumes the times between the chunks of its stream. */
  readonly timesChunks: boolean;
  /** True once the guard is closed: no more retries. */
  readonly closed: () => boolean;
  /** The place of the call after it leaves a flex tier without capacity; undefined if it stays. */
  readonly withoutFlex: (() => CallPlace) | undefined;
  /** A limit has refused an attempt; its message may correct the tables of pools. */
  readonly refused: (lane: Lane, request: RequestInfo, failure: Failure) => void;
  /** The call has failed for good although it was retryable: if it is sent again, a second layer retries. */
  readonly gaveUp: (call: RunningCall, sent: RequestLike) => void;
}
