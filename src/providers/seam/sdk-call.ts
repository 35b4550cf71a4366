import { AsyncResource } from 'node:async_hooks';
import type { Attempt } from '../../core/attempt.ts';
import type { Call } from '../../core/call.ts';
import type { Exchange } from '../../core/call-settings.ts';
import { AttemptFailed, type RetryBar, type RetryDecision } from '../../core/lane.ts';
import type { Failure } from '../../core/outcome.ts';
import { classifyConnection } from '../errors/classify-connection.ts';
import type { CallerStack } from './caller-stack.ts';
import type { ClientSeam } from './client-seam.ts';
import {
  type AnsweredRequest,
  bodyTimeout,
  HandedBody,
  type Handing,
  LATE,
  RetriedBody,
  WholeBody,
} from './delivered-body.ts';
import { watchParser } from './parse-answer.ts';
import { connectionError } from './sdk-errors.ts';
import { streamHooks } from '../body/stream-progress.ts';
import { boundErrorBody } from '../body/error-bodies.ts';
import { isEmptyAnswer, refusalInHead } from '../body/refused-stream.ts';
import { guardBody } from '../body/watch-body.ts';
import { sendGuarded } from './guarded-requests.ts';
import { guardStream, isEventStream } from '../body/watch-stream.ts';
import { dataOf } from '../request/plain-data.ts';
import { hasStreamingBody, type ResponseProps, type SdkRequestOptions } from './sdk-client.ts';
import { discardBody } from '../body/node-body.ts';
import type { Replacement } from '../body/open-body.ts';
import { type RequestUnderWay, RetrySignal, type Sending, sendings } from './sdk-context.ts';

/** One logical request on its way through the SDK, attempt after attempt. */
export class SeamRequest implements Exchange<ResponseProps, ResponseProps>, AnsweredRequest, RequestUnderWay {
  readonly seam: ClientSeam;
  readonly #call: Call;
  readonly #rest: readonly unknown[];
  /** Retries allowed at all: off when the caller asked for none. */
  readonly #allowed: boolean;
  /** Later attempts run in the caller's async context, even when the stream is read in another. */
  readonly #callerContext: AsyncResource | undefined;
  isParsed = false;
  /** Frames of the code that awaited the delivered stream. */
  caller: CallerStack | undefined;
  #options: SdkRequestOptions;
  /** Retries as reported to the SDK, which may remember more than there are. */
  #retriesRemaining: number | null;
  #logId: string | undefined;
  /** The attempt that has no response yet. */
  #sending: Sending | undefined;
  /** The response that was delivered last, if its body may be requested again. */
  #latest: RetriedBody | undefined;
  /** The attempt that replaces a broken body, and whether the SDK requested it. */
  #underway: Promise<ResponseProps> | undefined;
  #claimed = false;
  #streamHeaders: Headers | undefined;

  constructor(
    seam: ClientSeam,
    call: Call,
    options: SdkRequestOptions,
    retriesRemaining: number | null,
    rest: readonly unknown[],
  ) {
    this.seam = seam;
    this.#call = call;
    this.#options = options;
    this.#retriesRemaining = retriesRemaining;
    this.#rest = rest;
    this.#allowed = call.retriesLeft > 0;
    // A snapshot would be the same at ten times the cost.
    this.#callerContext = call.info.stream ? new AsyncResource('tidegate.stream') : undefined;
  }

  send(attempt: Attempt): Promise<ResponseProps> {
    const sending: Sending = {
      seam: this.seam,
      request: this,
      attempt,
      remaining: this.#retriesRemaining ?? this.seam.retriesOf(this.#options),
      fetchError: undefined,
      errorBody: undefined,
      timer: undefined,
    };
    this.#sending = sending;
    this.seam.watchFetch();
    return sendGuarded(this.seam.client.baseURL, () => sendings.run(sending, SeamRequest.#make, this));
  }

  static #make(this: void, request: SeamRequest): Promise<ResponseProps> {
    const { makeRequest, client } = request.seam;
    return makeRequest.call(client, request.#options, request.#retriesRemaining, request.#logId, ...request.#rest);
  }

  receive(props: ResponseProps, attempt: Attempt): ResponseProps | Promise<ResponseProps> {
    const { response } = props;
    attempt.head(response.status, response.headers);
    const handing: Handing = { request: this, props, attempt, abort: this.#sending?.timer?.abort };
    this.#sending = undefined;
    const { stream } = this.#call.info;
    if (stream && isEventStream(response, true)) this.#handOverStream(handing);
    else if (stream || isEmptyAnswer(response, this.#call.ownsAnswer)) return this.#handOverUnlessRefused(handing);
    else this.#handOver(handing);
    return props;
  }

  /** The answer to a stream request is not a stream, or there is none. */
  async #handOverUnlessRefused(handing: Handing): Promise<ResponseProps> {
    await this.#refuse(handing);
    this.#handOver(handing);
    return handing.props;
  }

  /** Throws if the request got an error, or nothing, and is to be retried. */
  async #refuse({ props, attempt }: Handing): Promise<void> {
    const refusal = await refusalInHead(props.response, attempt, this.leftMs(attempt));
    const decision = refusal && attempt.fail(refusal, this.#barred);
    if (!decision?.retry) return;
    await discardBody(props.response);
    this.again(this.#options);
    throw new AttemptFailed(refusal!, undefined, attempt.isFurtherFault);
  }

  fail(sending: Sending, failure: Failure): RetryDecision {
    return sending.attempt.fail(failure, this.#barred);
  }

  again(options: SdkRequestOptions, logId?: string): void {
    this.#options = options;
    this.#retriesRemaining = this.#call.retriesLeft;
    this.#logId = logId ?? this.#logId;
  }

  async refetch(options: SdkRequestOptions, logId: string): Promise<ResponseProps> {
    if (this.#underway) {
      this.#claimed = true;
      return this.#underway;
    }
    const { attempt } = this.#latest!;
    this.#latest!.refetched();
    const failure = bodyTimeout();
    attempt.bodyEnded({ outcome: 'interrupted', failure });
    const decision = attempt.failBehindHead(failure, this.#barred);
    if (!decision.retry) {
      const error = connectionError(this.seam.client.constructor, failure, undefined);
      this.#call.finishFailed(failure, { error });
      throw error;
    }
    this.again(options, logId);
    return this.#call.resume(decision, this);
  }

  boundError(response: Response, attempt: Attempt): void {
    const times = { leftMs: this.leftMs(attempt), deadlineAt: this.#call.deadlineAt };
    boundErrorBody(response, this.seam.host.clock, times);
  }

  leftMs({ startedAt }: Attempt): number {
    return Math.min(startedAt + this.timeoutMs(), this.#call.deadlineAt) - this.seam.host.clock.now();
  }

  timeoutMs(): number {
    const timeout = dataOf(this.#options, 'timeout') ?? this.seam.client.timeout;
    return typeof timeout === 'number' && timeout > 0 ? timeout : Infinity;
  }

  get #barred(): RetryBar {
    if (!this.#allowed) return 'attempts';
    return hasStreamingBody(this.#options) ? 'streaming_body' : undefined;
  }

  /** What an error that left the SDK means for the loop. */
  failed(error: unknown, attempt: Attempt): unknown {
    const sending = this.#sending;
    this.#sending = undefined;
    // The circuit or the slots refused it before it was sent.
    if (sending?.attempt !== attempt) return error;
    if (error instanceof RetrySignal) return new AttemptFailed(attempt.failure!, error, attempt.isFurtherFault);
    if (!attempt.failure) {
      const failure = this.#classify(sending, error);
      // The SDK refused the request, or a hook of the application threw: the provider is not involved.
      if (!failure) return error;
      this.fail(sending, failure);
    }
    // The SDK had no retry left, or leaves the decision to us; a temporary limit is waited out in either case.
    if (attempt.decision?.retry) this.again(this.#options);
    else if (sending.timer?.timeUp) {
      return new AttemptFailed(
        attempt.failure!,
        this.#call.timeError(sending.timer.timeUp.limit),
        attempt.isFurtherFault,
      );
    }
    return new AttemptFailed(attempt.failure!, error, attempt.isFurtherFault);
  }

  #classify(sending: Sending, error: unknown): Failure | undefined {
    const { APIConnectionError, APIError, APIUserAbortError } = this.seam.client.constructor;
    const aborted = this.#call.isLeft || (APIUserAbortError && error instanceof APIUserAbortError);
    if (aborted) return classifyConnection(error, true);
    if (APIError && error instanceof APIError) {
      const { status, headers, error: body } = error as { status?: number; headers?: Headers; error?: unknown };
      if (status !== undefined) {
        const response = { status, headers, body: body ?? error.message };
        return this.#call.adapter.classify(response, this.seam.host.clock.wall());
      }
    }
    const connection = APIConnectionError !== undefined && error instanceof APIConnectionError;
    if (sending.fetchError === undefined && !connection) return undefined;
    const failure = classifyConnection(sending.fetchError ?? error, false);
    // An error that the SDK throws with retries left is one that it considers final.
    return sending.remaining > 0 ? { ...failure, retryable: false } : failure;
  }

  #handOver(handing: Handing): void {
    const { props, attempt } = handing;
    attempt.succeeded(false);
    this.#latest = this.seam.retriesBodies ? new RetriedBody(handing) : undefined;
    if (this.#latest) watchParser(props, this);
    guardBody(props.response, this.#latest ?? new WholeBody(handing), props.controller.signal);
  }

  #handOverStream(handing: Handing): void {
    const { props, attempt } = handing;
    const { host, client } = this.seam;
    // A stream that took another's place is read behind the head of the first.
    this.#streamHeaders ??= props.response.headers;
    attempt.succeeded(true);
    guardStream(
      props.response,
      new HandedBody(handing, this.#streamHeaders),
      streamHooks(attempt, host.finalEvents, client.baseURL),
      props.controller.signal,
    );
  }

  async replace(
    attempt: Attempt,
    failure: Failure,
    given: AbortSignal | undefined,
    left: AbortSignal | undefined,
  ): Promise<Replacement> {
    const decision = attempt.failBehindHead(failure, this.#barred);
    if (!decision.retry) return undefined;
    // Must not be held during the next attempt: see `TrackedBody`.
    const signal = given && new WeakRef(given);
    this.again(this.#options);
    const resume = (): Promise<ResponseProps> => this.#call.resume(decision, this, left);
    const next = this.#callerContext?.runInAsyncScope(resume) ?? resume();
    // Meanwhile the SDK's own timer may give up the body and request another.
    if (this.#latest) this.seam.remember(this.#latest);
    this.#underway = next;
    let props: ResponseProps;
    try {
      props = await next;
    } catch (thrown) {
      if (this.caller) this.seam.nameCaller(thrown, this.caller);
      throw thrown;
    } finally {
      this.#underway = undefined;
    }
    if (this.#claimed) {
      this.#claimed = false;
      throw signal?.deref()?.reason;
    }
    forwardAbort(signal?.deref(), props.controller);
    return { response: props.response };
  }
}

/** If the application aborts the response it got, its replacement is aborted too. */
function forwardAbort(signal: AbortSignal | undefined, controller: AbortController): void {
  if (!signal || signal.reason === LATE) return;
  if (signal.aborted) {
    controller.abort(signal.reason);
    return;
  }
  const reference = new WeakRef(controller);
  signal.addEventListener('abort', () => reference.deref()?.abort(signal.reason), { once: true });
}
