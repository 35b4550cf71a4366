import type { Attempt } from '../../core/attempt.ts';
import type { BodyEnd } from '../../core/body-end.ts';
import type { Failure } from '../../core/outcome.ts';
import type { TimeUp } from '../../core/time-limits.ts';
import { AttemptBody, type Replacement } from '../body/open-body.ts';
import type { BodyTimes } from '../body/body-timer.ts';
import { isJson } from '../body/read-answer.ts';
import { classifyConnection } from '../errors/classify-connection.ts';
import type { ClientSeam, LateBody } from './client-seam.ts';
import type { ResponseProps, SdkRequestOptions } from './sdk-client.ts';
import { connectionError, streamError } from './sdk-errors.ts';
import { noteFailure, noteUnnamed } from './stream-errors.ts';

/** The request that an answer is of, as its body needs it. */
export interface AnsweredRequest {
  readonly seam: ClientSeam;
  /** Whether the SDK parses its answer, that of further attempts included: then only the SDK gives it up. */
  readonly isParsed: boolean;
  /** Nothing of a response's body was delivered: another attempt takes its place, if one may be made. */
  replace(
    attempt: Attempt,
    failure: Failure,
    given: AbortSignal | undefined,
    left: AbortSignal | undefined,
  ): Promise<Replacement>;
  /** The body of a delivered response did not arrive in time and the SDK wants it fetched again. */
  refetch(options: SdkRequestOptions, logId: string): Promise<ResponseProps>;
  /** Milliseconds that an attempt may take, by the SDK's `timeout`. */
  timeoutMs(): number;
}

/** An answer on its way to the application. */
export interface Handing {
  readonly request: AnsweredRequest;
  readonly props: ResponseProps;
  readonly attempt: Attempt;
  /** Closes the connection of an answer whose time is up. */
  readonly abort: ((reason: TimeUp) => void) | undefined;
}

/** The body of an answer that was handed to an SDK. */
export class HandedBody extends AttemptBody {
  readonly request: AnsweredRequest;
  /** Headers that an error of the SDK will carry. */
  readonly #headers: Headers;

  /** @param headers headers that an error of the SDK will carry */
  constructor({ request, props, attempt, abort }: Handing, headers: Headers = props.response.headers) {
    super(attempt, request.seam.host.watch, abort);
    this.request = request;
    this.#headers = headers;
  }

  replace(failure: Failure, signal: AbortSignal | undefined, left: AbortSignal): Promise<Replacement> {
    return this.request.replace(this.attempt, failure, signal, left);
  }

  streamError(body: object): unknown {
    if (!this.attempt.call.info.stream) return undefined;
    return streamError(this.request.seam.client.constructor, body, this.#headers);
  }

  override onEnd(end: BodyEnd): void {
    this.noteEnd(end);
    super.onEnd(end);
  }

  protected noteEnd({ failure, errorBody }: BodyEnd): void {
    if (!failure || this.attempt.decision?.retry) return;
    const known = this.attempt.call.details(failure);
    noteFailure(this.#headers, known);
    const { client, losesHeaders } = this.request.seam;
    if (errorBody !== undefined && losesHeaders) noteUnnamed(client.constructor, errorBody, known, this.clock);
  }
}

/** Times a body that is read whole by an SDK without a body timeout: it ends with its attempt, as openai's do. */
export class WholeBody extends HandedBody {
  /** Undefined if the body is not JSON. Holds no reference to the response, and is held strongly because the SDK drops it while reading. */
  readonly #controller: AbortController | undefined;

  constructor(handing: Handing) {
    super(handing);
    if (isJson(handing.props.response)) this.#controller = handing.props.controller;
  }

  override get times(): BodyTimes {
    const wholeAt = this.#controller ? this.attempt.startedAt + this.request.timeoutMs() : Infinity;
    return { ...super.times, wholeAt };
  }

  late(): unknown {
    this.#controller?.abort(LATE);
    return connectionError(this.request.seam.client.constructor, bodyTimeout(), undefined);
  }
}

/** A body that the SDK itself times out and may request again. */
export class RetriedBody extends HandedBody implements LateBody {
  readonly options: SdkRequestOptions;
  readonly logId: string;
  /** Cancels the end of the call that a failed body has announced. */
  #cancelEnd: (() => void) | undefined;

  constructor(handing: Handing) {
    super(handing);
    const { options, retryOfRequestLogID, requestLogID } = handing.props;
    this.options = options;
    this.logId = retryOfRequestLogID ?? requestLogID ?? '';
  }

  /** What the SDK's own timer gives up, the SDK asks for once more. */
  override replace(failure: Failure, signal: AbortSignal | undefined, left: AbortSignal): Promise<Replacement> {
    return this.request.replace(this.attempt, failure, signal, this.request.isParsed ? undefined : left);
  }

  /** The SDK asks for it within the same turn; if it does not, the call has ended. */
  override onEnd(given: BodyEnd): void {
    const { attempt } = this;
    const { seam } = this.request;
    // A caller that reads the raw response may abandon it; a body that the SDK reads is given up only by its timer or the caller's signal.
    const timedOut = given.outcome === 'cancelled' && !attempt.call.signal?.aborted && this.request.isParsed;
    const end: BodyEnd = timedOut ? { outcome: 'interrupted', failure: bodyTimeout() } : given;
    attempt.bodyEnded(end);
    // Otherwise another attempt takes its place.
    if (!attempt.decision?.retry) this.#ended(seam, end);
    this.noteEnd(given);
  }

  /** The SDK has requested the body again. */
  refetched(): void {
    this.#cancelEnd?.();
    this.request.seam.forget(this);
  }

  #ended(seam: ClientSeam, end: BodyEnd): void {
    const { call } = this.attempt;
    if (end.outcome === 'completed' || end.outcome === 'unread') {
      seam.forget(this);
      call.bodyEnded(end);
      return;
    }
    seam.remember(this);
    this.#cancelEnd = seam.host.clock.after(0, () => {
      seam.forget(this);
      call.bodyEnded(end);
    });
  }
}

/** The reason for closing a connection whose body did not arrive in time. */
export const LATE: Error = new Error('The body did not arrive in time.');

/** The failure to report when the SDK's own timer gives up a body. */
export function bodyTimeout(): Failure {
  return classifyConnection(new DOMException('The body did not arrive in time.', 'TimeoutError'), false);
}
