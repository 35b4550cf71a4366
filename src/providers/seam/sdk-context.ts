import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt } from '../../core/attempt.ts';
import type { RequestTimer } from './request-timer.ts';
import type { SeamRequest } from './sdk-call.ts';
import type { Seam } from './seam.ts';

/** One attempt while the SDK is making it; the SDK's nested calls find it through the async context. */
export interface Sending {
  readonly seam: Seam;
  readonly request: SeamRequest;
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
