import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt } from '../../core/attempt.ts';
import type { RetryDecision } from '../../core/lane.ts';
import type { Failure } from '../../core/outcome.ts';
import type { RequestTimer } from './request-timer.ts';
import type { ClientSeam } from './client-seam.ts';
import type { SdkRequestOptions } from './sdk-client.ts';

/** The request that an attempt is made for, as the SDK's own calls during the attempt need it. */
export interface RequestUnderWay {
  /** Decides about a failed attempt, once. */
  fail(sending: Sending, failure: Failure): RetryDecision;
  /** Sets what the next attempt is made with. */
  again(options: SdkRequestOptions, logId?: string): void;
  /** Bounds the text of an error, which the SDK reads to its end, by its attempt's time. */
  boundError(response: Response, attempt: Attempt): void;
  /** What is left of an attempt. */
  leftMs(attempt: Attempt): number;
}

/** One attempt while the SDK is making it; the SDK's nested calls find it through the async context. */
export interface Sending {
  readonly seam: ClientSeam;
  readonly request: RequestUnderWay;
  readonly attempt: Attempt;
  /** Retries that the SDK counts as left while this attempt runs. */
  readonly remaining: number;
  fetchError: unknown;
  /** Body of an error response, for an SDK that decides in the turn in which it sees the head. */
  errorBody: unknown;
  /** Timer of the latest fetch; undefined if the call has no time limit. */
  timer: RequestTimer | undefined;
}

/** Leaves the SDK's `retryRequest`: the loop around it makes the next attempt. */
export class RetrySignal extends Error {}

export const sendings: AsyncLocalStorage<Sending> = new AsyncLocalStorage<Sending>();
