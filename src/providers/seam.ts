import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt, BodyEnd } from '../core/attempt.ts';
import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { AttemptFailed, type RetryDecision } from '../core/lane.ts';
import { type Failure, isProviderFault } from '../core/outcome.ts';
import type { ErrorResponse } from '../core/provider.ts';
import type { BodyWatch } from './body-watch.ts';
import { classifyConnection } from './connection-error.ts';
import { readErrorBody } from './error-body.ts';
import { connectionError } from './error-factory.ts';
import { guardBody } from './guard-body.ts';
import { guardStream, type Replacement } from './guard-stream.ts';
import { hasStreamingBody, type MakeRequest, type ResponseProps, type SdkClient, type SdkRequestOptions } from './sdk-client.ts';

/** What the seam needs of the guard. */
export interface SeamHost {
  readonly clock: Clock;
  readonly watch: BodyWatch;
  /** Begins a logical call of this client. @throws when the guard is closed. */
  begin(options: SdkRequestOptions): Call;
  /** Headers that carry the trace of an attempt; empty when propagation is off. */
  propagationHeaders(attempt: Attempt): Readonly<Record<string, string>>;
}

/** One attempt while the SDK is making it; found again by the SDK's own calls through the async context. */
interface Sending {
  readonly seam: Seam;
  readonly request: SeamRequest;
  readonly attempt: Attempt;
  /** Retries that the SDK counts as left while this attempt runs. */
  readonly remaining: number;
  /** True once the request was given to fetch. */
  sent: boolean;
  fetchError: unknown;
}

/** Leaves the SDK's `retryRequest`: the loop around it makes the next attempt. */
class RetrySignal extends Error {}

const sendings = new AsyncLocalStorage<Sending>();

/**
 * Takes over the request path of one client. The SDK goes on deciding with its real retry count,
 * building, sending, logging and parsing; only the waiting between attempts and the verdict
 * about a failed one are ours.
 */
export class Seam {
  readonly client: SdkClient;
  readonly host: SeamHost;
  readonly makeRequest: MakeRequest;
  readonly #shouldRetry: SdkClient['shouldRetry'];
  readonly #retryRequest: SdkClient['retryRequest'];
  readonly #buildRequest: SdkClient['buildRequest'];
  /** Responses whose body an SDK may still ask to be fetched again, by options object and log id. */
  readonly #delivered = new WeakMap<SdkRequestOptions, Map<string, Delivered>>();
  /** Only openai >= 7.5 retries a body that does not arrive. */
  readonly retriesBodies: boolean;

  constructor(client: SdkClient, host: SeamHost) {
    this.client = client;
    this.host = host;
    this.makeRequest = client.makeRequest;
    this.#shouldRetry = client.shouldRetry;
    this.#retryRequest = client.retryRequest;
    this.#buildRequest = client.buildRequest;
    this.retriesBodies = 'parseResponseWithTimeout' in client;
  }

  /** Overrides the four methods and `fetch` on the instance; its class stays as it is. */
  install(): void {
    const seam = this;
    override(this.client, 'makeRequest', function (this: SdkClient, options, retriesRemaining, retryOf, ...rest) {
      // Only the SDK's own recursion names the request that it repeats.
      if (retryOf !== undefined) return seam.makeRequest.call(this, options, retriesRemaining, retryOf, ...rest);
      return seam.#request(options, retriesRemaining, rest);
    } satisfies MakeRequest);
    override(this.client, 'shouldRetry', (response: Response, ...rest: unknown[]) => this.#verdict(response, rest));
    override(
      this.client,
      'retryRequest',
      (options: SdkRequestOptions, remaining: number, logId: string, ...rest: unknown[]) =>
        this.#retry(options, remaining, logId, rest),
    );
    override(this.client, 'buildRequest', (options: SdkRequestOptions, context?: { retryCount?: number }) =>
      this.#build(options, context),
    );
    this.#installFetch();
  }

  async #request(
    optionsInput: SdkRequestOptions | PromiseLike<SdkRequestOptions>,
    retriesRemaining: number | null,
    rest: readonly unknown[],
  ): Promise<ResponseProps> {
    const options = await optionsInput;
    const call = this.host.begin(options);
    return call.run(new SeamRequest(this, call, options, retriesRemaining, rest).send);
  }

  /** The SDK asks whether to send again; tells it what the guard has decided. */
  #verdict(response: Response, rest: readonly unknown[]): boolean | Promise<boolean> {
    const stock = this.#shouldRetry.call(this.client, response, ...rest);
    const sending = this.#current();
    if (!sending) return stock;
    sending.attempt.head(response.status, response.headers);
    // Old SDKs decide synchronously. Their answer becomes no: they then read the body and throw it,
    // and the decision is made from that error.
    if (typeof stock === 'boolean') return false;
    return stock.then(async (stockSaysRetry) => {
      const failure = sending.attempt.call.lane.adapter.classify(
        {
          status: response.status,
          headers: response.headers,
          body: await readErrorBody(response, this.host.clock),
        },
        this.host.clock.wall(),
      );
      // The SDK renews an expired token inside its own shouldRetry and wants the request sent again, once.
      const renewed = stockSaysRetry && response.status === 401 && response.headers.get('x-should-retry') === null;
      return sending.request.fail(sending, renewed ? { ...failure, retryable: true } : failure, sending.remaining).retry;
    });
  }

  /** The SDK wants to wait and send again. */
  #retry(
    options: SdkRequestOptions,
    remaining: number,
    logId: string,
    rest: readonly unknown[],
  ): Promise<ResponseProps> {
    const delivered = this.#delivered.get(options)?.get(logId);
    if (delivered) return delivered.request.refetch(delivered, options, remaining, logId);
    const sending = this.#current();
    if (!sending) return this.#retryRequest.call(this.client, options, remaining, logId, ...rest);
    const failure = sending.attempt.failure ?? classifyConnection(sending.fetchError, false);
    const decision = sending.request.fail(sending, failure, remaining);
    if (!decision.retry) {
      return Promise.reject(connectionError(this.client.constructor, failure, sending.fetchError) as Error);
    }
    sending.request.again(decision, options, remaining, logId);
    return Promise.reject(new RetrySignal());
  }

  /** The retry count header tells the truth, and the trace goes out with the attempt. */
  #build(options: SdkRequestOptions, context?: { retryCount?: number }): ReturnType<SdkClient['buildRequest']> {
    const sending = this.#current();
    if (!sending) return this.#buildRequest.call(this.client, options, context);
    const built = this.#buildRequest.call(this.client, options, {
      ...context,
      retryCount: sending.attempt.number - 1,
    });
    const headers = Object.entries(this.host.propagationHeaders(sending.attempt));
    if (headers.length === 0) return built;
    const add = (request: Awaited<typeof built>): Awaited<typeof built> => {
      if (request.req.headers instanceof Headers) {
        for (const [name, value] of headers) request.req.headers.set(name, value);
      }
      return request;
    };
    return built instanceof Promise ? built.then(add) : add(built);
  }

  /** Sees the error behind a failed connection, which the SDK does not hand to `retryRequest`. */
  #installFetch(): void {
    let raw = unguarded(this.client.fetch);
    let guarded = guardFetch(raw);
    Object.defineProperty(this.client, 'fetch', {
      configurable: true,
      enumerable: true,
      get: () => guarded,
      set: (replacement: typeof fetch) => {
        raw = unguarded(replacement);
        guarded = guardFetch(raw);
      },
    });
  }

  #current(): Sending | undefined {
    const sending = sendings.getStore();
    return sending?.seam === this ? sending : undefined;
  }

  remember(delivered: Delivered): void {
    let byLogId = this.#delivered.get(delivered.options);
    if (!byLogId) this.#delivered.set(delivered.options, (byLogId = new Map()));
    byLogId.set(delivered.logId, delivered);
  }

  forget({ options, logId }: Delivered): void {
    this.#delivered.get(options)?.delete(logId);
  }
}

/** A response whose body has not ended. Does not hold the response: nobody reading it must show. */
interface Delivered {
  readonly options: SdkRequestOptions;
  readonly logId: string;
  readonly request: SeamRequest;
  readonly attempt: Attempt;
  /** Cancels the end of the call that a failed body has announced. */
  cancelEnd: (() => void) | undefined;
}

/** One logical request on its way through the SDK, attempt after attempt. */
class SeamRequest {
  readonly #seam: Seam;
  readonly #call: Call;
  readonly #rest: readonly unknown[];
  /** Retries allowed at all: off when the caller asked for none. */
  readonly #allowed: boolean;
  /** Runs a later attempt in the caller's async context, whoever reads the stream. */
  readonly #inCallerContext: <R>(fn: () => R) => R;
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
    this.#allowed = (retriesRemaining ?? maxRetriesOf(options, seam.client)) > 0;
    this.#inCallerContext = call.info.stream ? AsyncLocalStorage.snapshot() : (fn) => fn();
  }

  readonly send = async (attempt: Attempt): Promise<{ value: ResponseProps; ended: Promise<void> }> => {
    const remaining = this.#retriesRemaining ?? maxRetriesOf(this.#options, this.#seam.client);
    const sending: Sending = {
      seam: this.#seam,
      request: this,
      attempt,
      remaining,
      sent: false,
      fetchError: undefined,
    };
    const { makeRequest, client } = this.#seam;
    let props: ResponseProps;
    try {
      props = await sendings.run(sending, () =>
        makeRequest.call(client, this.#options, this.#retriesRemaining, this.#logId, ...this.#rest),
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
    return this.#decide(sending.attempt, failure, remaining);
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
    if (isProviderFault(failure.outcome)) this.#call.lane.breaker.recordFailure();
    const decision = this.#decide(delivered.attempt, failure, remaining);
    if (!decision.retry) {
      this.#call.finishFailed(failure);
      throw connectionError(this.#seam.client.constructor, failure, undefined);
    }
    this.again(decision, options, remaining, logId);
    return this.#call.resume(decision, this.send);
  }

  #decide(attempt: Attempt, failure: Failure, remaining: number): RetryDecision {
    if (this.#allowed && hasStreamingBody(this.#options)) {
      return attempt.fail(failure, { remaining: 0, retriesAllowed: false });
    }
    return attempt.fail(failure, { remaining, retriesAllowed: this.#allowed });
  }

  /** What an error that left the SDK means for the loop. */
  #failed(sending: Sending, error: unknown): unknown {
    const { attempt } = sending;
    if (error instanceof RetrySignal) return new AttemptFailed(attempt.failure!, error);
    if (!attempt.failure) {
      const failure = this.#classify(sending, error);
      // Nothing was sent: the SDK refused the request itself, or a hook of the application threw.
      if (!failure) return error;
      this.fail(sending, failure, sending.remaining);
    }
    // The SDK had no retry left, or leaves the decision to us; a limit that will pass is waited out all the same.
    if (attempt.decision?.retry) this.again(attempt.decision, this.#options, sending.remaining, undefined);
    else if (sending.fetchError instanceof DeadlinePassed) {
      return new AttemptFailed(attempt.failure!, this.#call.deadlineError(error));
    }
    return new AttemptFailed(attempt.failure!, error);
  }

  #classify(sending: Sending, error: unknown): Failure | undefined {
    const { APIError, APIUserAbortError } = this.#seam.client.constructor;
    const aborted = this.#call.signal?.aborted === true || (APIUserAbortError && error instanceof APIUserAbortError);
    if (aborted) return classifyConnection(error, true);
    if (sending.fetchError !== undefined) return classifyConnection(sending.fetchError, false);
    if (!APIError || !(error instanceof APIError)) return sending.sent ? classifyConnection(error, false) : undefined;
    const { status, headers, error: body } = error as { status?: number; headers?: Headers; error?: unknown };
    if (status === undefined) return sending.sent ? classifyConnection(error, false) : undefined;
    const { adapter } = this.#call.lane;
    return adapter.classify({ status, headers, body: body ?? error.message }, this.#seam.host.clock.wall());
  }

  #handOver(props: ResponseProps, attempt: Attempt): void {
    const { host, retriesBodies } = this.#seam;
    attempt.succeeded(false);
    const call = this.#call;
    let onEnd = (end: BodyEnd): void => {
      attempt.bodyEnded(end);
      call.bodyEnded(end);
    };
    if (retriesBodies) {
      const delivered: Delivered = {
        options: props.options,
        logId: props.retryOfRequestLogID ?? props.requestLogID ?? '',
        request: this,
        attempt,
        cancelEnd: undefined,
      };
      this.#seam.remember(delivered);
      onEnd = bodyEndOfRetriable(this.#seam, call, delivered);
    }
    guardBody(props.response, {
      adapter: call.lane.adapter,
      watch: host.watch,
      now: () => host.clock.now(),
      wall: () => host.clock.wall(),
      signal: props.controller.signal,
      onEnd,
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
      now: () => host.clock.now(),
      wall: () => host.clock.wall(),
      signal,
      onFirstContent: () => attempt.firstContent(),
      onEarlyError: (error) => this.#replaceStream(attempt, error, remaining, signal),
      onEnd: (end) => {
        attempt.bodyEnded(end);
        // An attempt that was replaced does not end the call; its successor does.
        if (!attempt.decision?.retry) call.bodyEnded(end);
      },
    });
  }

  /** An error came before the first content of a stream: another attempt takes its place, if one may be made. */
  async #replaceStream(
    attempt: Attempt,
    error: ErrorResponse,
    remaining: number,
    signal: AbortSignal,
  ): Promise<Replacement> {
    const { lane } = this.#call;
    const failure = lane.adapter.classify(error, this.#seam.host.clock.wall());
    if (isProviderFault(failure.outcome)) lane.breaker.recordFailure();
    const decision = this.#decide(attempt, failure, remaining);
    attempt.release();
    if (!decision.retry) return undefined;
    this.again(decision, this.#options, remaining, undefined);
    const props = await this.#inCallerContext(() => this.#call.resume(decision, this.send));
    forwardAbort(signal, props.controller);
    return { response: props.response };
  }
}

/**
 * A body that failed may still be fetched again: the SDK asks for it within the same turn.
 * Only when it does not, the call has ended.
 */
function bodyEndOfRetriable(seam: Seam, call: Call, delivered: Delivered): (end: BodyEnd) => void {
  return (given) => {
    // Nobody but the SDK's own timer can have given the body up where the caller's signal did not.
    const timedOut = given.outcome === 'cancelled' && !call.signal?.aborted;
    const end: BodyEnd = timedOut ? { outcome: 'interrupted', failure: bodyTimeout() } : given;
    delivered.attempt.bodyEnded(end);
    if (end.outcome === 'completed' || end.outcome === 'unread') {
      seam.forget(delivered);
      call.bodyEnded(end);
      return;
    }
    delivered.cancelEnd = seam.host.clock.after(0, () => {
      seam.forget(delivered);
      call.bodyEnded(end);
    });
  };
}

function bodyTimeout(): Failure {
  return classifyConnection(new DOMException('The body did not arrive in time.', 'TimeoutError'), false);
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

function maxRetriesOf(options: SdkRequestOptions, client: SdkClient): number {
  const value = options.maxRetries ?? client.maxRetries;
  return Number.isInteger(value) && value > 0 ? value : 0;
}

function override<K extends keyof SdkClient>(client: SdkClient, name: K, value: unknown): void {
  Object.defineProperty(client, name, { value, configurable: true, enumerable: false, writable: true });
}

/** The call's time was up while its request was in flight. */
class DeadlinePassed extends Error {
  override readonly name = 'TimeoutError';
}

/** The request's init with a signal that also ends at the call's deadline: at the head of a stream, else at the body's end. */
function withDeadline(
  attempt: Attempt,
  init: RequestInit | undefined,
): { init: RequestInit; cancel: () => void; passed: () => boolean } {
  const { clock, deadlineAt } = attempt.call;
  const controller = new AbortController();
  const cancel = clock.after(deadlineAt - clock.now(), () => controller.abort(new DeadlinePassed()));
  const signal = init?.signal ? AbortSignal.any([init.signal, controller.signal]) : controller.signal;
  return { init: { ...init, signal }, cancel, passed: () => controller.signal.aborted };
}

const rawFetches = new WeakMap<object, typeof fetch>();

/** The fetch that a guarded one wraps: clones of a client pass it on, and it must not be wrapped twice. */
function unguarded(fn: typeof fetch): typeof fetch {
  return rawFetches.get(fn) ?? fn;
}

function guardFetch(raw: typeof fetch): typeof fetch {
  const guarded: typeof fetch = async (input, init) => {
    const sending = sendings.getStore();
    if (!sending) return raw.call(undefined, input, init);
    sending.sent = true;
    const { attempt } = sending;
    const deadline = Number.isFinite(attempt.call.deadlineAt) ? withDeadline(attempt, init) : undefined;
    try {
      const response = await raw.call(undefined, input, deadline?.init ?? init);
      if (deadline) void (attempt.call.info.stream ? Promise.resolve() : attempt.ended).then(deadline.cancel);
      return response;
    } catch (error) {
      deadline?.cancel();
      sending.fetchError = deadline?.passed() ? new DeadlinePassed() : error;
      throw error;
    }
  };
  rawFetches.set(guarded, raw);
  return guarded;
}
