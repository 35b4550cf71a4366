import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt } from '../../core/attempt.ts';
import type { Call } from '../../core/call.ts';
import { AttemptFailed, type RetryAllowance, type RetryDecision } from '../../core/lane.ts';
import type { Failure } from '../../core/outcome.ts';
import type { ErrorResponse } from '../../core/provider.ts';
import { classifyConnection } from '../errors/classify-connection.ts';
import type { CallerStack } from './caller-stack.ts';
import { type Delivered, bodyTimeout, endRetriable } from './delivered-body.ts';
import { connectionError } from './sdk-errors.ts';
import { guardBody } from '../body/watch-body.ts';
import { guardStream } from '../body/watch-stream.ts';
import { DeadlinePassed } from './sdk-fetch.ts';
import { sendGuarded } from './guarded-requests.ts';
import { hasStreamingBody, type ResponseProps, type SdkRequestOptions } from './sdk-client.ts';
import type { Seam } from './seam.ts';
import type { Replacement } from '../body/stream-holdback.ts';
import { RetrySignal, type Sending, sendings } from './sdk-context.ts';

/** One logical request on its way through the SDK, attempt after attempt. */
export class SeamRequest {
  readonly #seam: Seam;
  readonly #call: Call;
  readonly #rest: readonly unknown[];
  /** Retries allowed at all: off when the caller asked for none. */
  readonly #allowed: boolean;
  /** Runs a later attempt in the caller's async context, whoever reads the stream. */
  readonly #inCallerContext: <R>(fn: () => R) => R;
  /** Who awaited the stream that was handed over. */
  caller: CallerStack | undefined;
  #options: SdkRequestOptions;
  #retriesRemaining: number | null;
  #logId: string | undefined;

  constructor(
    seam: Seam,
    call: Call,
    options: SdkRequestOptions,
    retriesRemaining: number | null,
    rest: readonly unknown[],
  ) {
    this.#seam = seam;
    this.#call = call;
    this.#options = options;
    this.#retriesRemaining = retriesRemaining;
    this.#rest = rest;
    this.#allowed = (retriesRemaining ?? seam.retriesOf(options)) > 0;
    this.#inCallerContext = call.info.stream ? AsyncLocalStorage.snapshot() : (fn) => fn();
  }

  readonly send = async (attempt: Attempt): Promise<{ value: ResponseProps; ended: Promise<void> }> => {
    const remaining = this.#retriesRemaining ?? this.#seam.retriesOf(this.#options);
    const sending: Sending = {
      seam: this.#seam,
      request: this,
      attempt,
      remaining,
      fetchError: undefined,
      errorBody: undefined,
    };
    const { makeRequest, client } = this.#seam;
    let props: ResponseProps;
    try {
      props = await sendGuarded(client.baseURL, () =>
        sendings.run(sending, () =>
          makeRequest.call(client, this.#options, this.#retriesRemaining, this.#logId, ...this.#rest),
        ),
      );
    } catch (error) {
      throw this.#failed(sending, error);
    }
    attempt.head(props.response.status, props.response.headers);
    if (this.#call.info.stream) this.#handOverStream(props, attempt, remaining);
    else this.#handOver(props, attempt);
    return { value: props, ended: attempt.ended };
  };

  /** Decides about a failed attempt, once. */
  fail(sending: Sending, failure: Failure, remaining: number): RetryDecision {
    return sending.attempt.fail(failure, this.#allowance(remaining));
  }

  /** Sets what the next attempt is made with. */
  again(
    decision: RetryDecision & { retry: true },
    options: SdkRequestOptions,
    remaining: number,
    logId: string | undefined,
  ): void {
    this.#options = options;
    this.#retriesRemaining = decision.counted ? Math.max(0, remaining - 1) : remaining;
    this.#logId = logId ?? this.#logId;
  }

  /** The body of a delivered response did not arrive in time and the SDK wants it fetched again. */
  async refetch(
    delivered: Delivered,
    options: SdkRequestOptions,
    remaining: number,
    logId: string,
  ): Promise<ResponseProps> {
    delivered.cancelEnd?.();
    this.#seam.forget(delivered);
    const failure = bodyTimeout();
    delivered.attempt.bodyEnded({ outcome: 'interrupted', failure });
    const decision = delivered.attempt.failBehindHead(failure, this.#allowance(remaining));
    if (!decision.retry) {
      this.#call.finishFailed(failure);
      throw connectionError(this.#seam.client.constructor, failure, undefined);
    }
    this.again(decision, options, remaining, logId);
    return this.#call.resume(decision, this.send);
  }

  #allowance(remaining: number): RetryAllowance {
    if (!this.#allowed) return { remaining, barred: 'attempts' };
    return { remaining, barred: hasStreamingBody(this.#options) ? 'streaming_body' : undefined };
  }

  /** What an error that left the SDK means for the loop. */
  #failed(sending: Sending, error: unknown): unknown {
    const { attempt } = sending;
    if (error instanceof RetrySignal) return new AttemptFailed(attempt.failure!, error, attempt.number);
    if (!attempt.failure) {
      const failure = this.#classify(sending, error);
      // The SDK refused the request itself, or a hook of the application threw: no word of the provider.
      if (!failure) return error;
      this.fail(sending, failure, sending.remaining);
    }
    // The SDK had no retry left, or leaves the decision to us; a limit that will pass is waited out all the same.
    if (attempt.decision?.retry) this.again(attempt.decision, this.#options, sending.remaining, undefined);
    else if (sending.fetchError instanceof DeadlinePassed) {
      return new AttemptFailed(attempt.failure!, this.#call.deadlineError(error), attempt.number);
    }
    return new AttemptFailed(attempt.failure!, error, attempt.number);
  }

  #classify(sending: Sending, error: unknown): Failure | undefined {
    const { APIConnectionError, APIError, APIUserAbortError } = this.#seam.client.constructor;
    const aborted = this.#call.signal?.aborted === true || (APIUserAbortError && error instanceof APIUserAbortError);
    if (aborted) return classifyConnection(error, true);
    if (APIError && error instanceof APIError) {
      const { status, headers, error: body } = error as { status?: number; headers?: Headers; error?: unknown };
      if (status !== undefined) {
        const response = { status, headers, body: body ?? error.message };
        return this.#call.lane.adapter.classify(response, this.#seam.host.clock.wall());
      }
    }
    const connection = APIConnectionError !== undefined && error instanceof APIConnectionError;
    if (sending.fetchError === undefined && !connection) return undefined;
    const failure = classifyConnection(sending.fetchError ?? error, false);
    if (sending.fetchError instanceof DeadlinePassed) return { ...failure, retryable: false, cutByCaller: true };
    // What the SDK throws without asking for a retry that it has left, it does not take for retryable.
    return sending.remaining > 0 ? { ...failure, retryable: false } : failure;
  }

  #handOver(props: ResponseProps, attempt: Attempt): void {
    const { host, retriesBodies } = this.#seam;
    attempt.succeeded(false);
    const call = this.#call;
    const delivered: Delivered | undefined = retriesBodies
      ? {
          options: props.options,
          logId: props.retryOfRequestLogID ?? props.requestLogID ?? '',
          request: this,
          attempt,
          cancelEnd: undefined,
        }
      : undefined;
    guardBody(props.response, {
      adapter: call.lane.adapter,
      watch: host.watch,
      clock: host.clock,
      signal: props.controller.signal,
      onEnd: delivered ? (end) => endRetriable(this.#seam, call, delivered, end) : (end) => attempt.delivered(end),
    });
  }

  #handOverStream(props: ResponseProps, attempt: Attempt, remaining: number): void {
    const { host } = this.#seam;
    attempt.succeeded(true);
    const call = this.#call;
    const { signal } = props.controller;
    guardStream(props.response, {
      adapter: call.lane.adapter,
      watch: host.watch,
      clock: host.clock,
      signal,
      onFirstContent: () => attempt.firstContent(),
      onEarlyError: (error) => this.#replaceStream(attempt, error, remaining, signal),
      onEnd: (end) => attempt.delivered(end),
    });
  }

  /** An error came before the first content of a stream: another attempt takes its place, if one may be made. */
  async #replaceStream(
    attempt: Attempt,
    error: ErrorResponse,
    remaining: number,
    signal: AbortSignal,
  ): Promise<Replacement> {
    const failure = this.#call.lane.adapter.classify(error, this.#seam.host.clock.wall());
    const decision = attempt.failBehindHead(failure, this.#allowance(remaining));
    if (!decision.retry) return undefined;
    this.again(decision, this.#options, remaining, undefined);
    const props = await this.#inCallerContext(() => this.#call.resume(decision, this.send)).catch((thrown: unknown) => {
      if (this.caller) this.#seam.nameCaller(thrown, this.caller);
      throw thrown;
    });
    forwardAbort(signal, props.controller);
    return { response: props.response };
  }
}

/** The application aborts the response it got; the one that replaced it goes with it. */
function forwardAbort(signal: AbortSignal, controller: AbortController): void {
  if (signal.aborted) {
    controller.abort(signal.reason);
    return;
  }
  const reference = new WeakRef(controller);
  signal.addEventListener('abort', () => reference.deref()?.abort(signal.reason), { once: true });
}
