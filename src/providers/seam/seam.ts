import { isTidegateError } from '../../errors.ts';
import { classifyConnection } from '../errors/classify-connection.ts';
import { readErrorBody } from '../errors/error-body.ts';
import { type CallerStack, captureCaller, nameCaller } from './caller-stack.ts';
import type { ClientSeam, LateBody, SeamHost } from './client-seam.ts';
import { parseAnswer } from './parse-answer.ts';
import { connectionError } from './sdk-errors.ts';
import { probeFetch, unguarded } from './sdk-fetch.ts';
import type { MakeRequest, ResponseProps, SdkClient, SdkRequestOptions } from './sdk-client.ts';
import { SeamRequest } from './sdk-call.ts';
import { withoutFlex } from '../request/flex-tier.ts';
import { RetrySignal, type Sending, sendings } from './sdk-context.ts';

/**
 * Takes over the request path of one client. The SDK goes on deciding with its real retry count,
 * building, sending, logging and parsing; only the waiting between attempts and the verdict
 * about a failed one are ours.
 */
export class Seam implements ClientSeam {
  readonly client: SdkClient;
  readonly host: SeamHost;
  readonly makeRequest: MakeRequest;
  readonly #shouldRetry: SdkClient['shouldRetry'];
  readonly #retryRequest: SdkClient['retryRequest'];
  readonly #buildRequest: SdkClient['buildRequest'];
  /** Responses whose body an SDK may still request again, by options object and log id. */
  readonly #delivered = new WeakMap<SdkRequestOptions, Map<string, LateBody>>();
  /** The client's `maxRetries` as its SDK set it, which leaves the count to the guard; undefined if the application did. */
  #defaultRetries: number | undefined;
  /** The client's `fetch`, as it was replaced last. */
  #fetch: typeof fetch | undefined;
  readonly retriesBodies: boolean;
  readonly losesHeaders: boolean;
  readonly decidesAtOnce: boolean;

  /** `explicit`: the application chose the client's `maxRetries` itself. */
  constructor(client: SdkClient, host: SeamHost, explicit: boolean) {
    this.client = client;
    this.host = host;
    this.makeRequest = client.makeRequest;
    this.#shouldRetry = client.shouldRetry;
    this.#retryRequest = client.retryRequest;
    this.#buildRequest = client.buildRequest;
    this.#defaultRetries = explicit ? undefined : client.maxRetries;
    this.decidesAtOnce = Object.prototype.toString.call(client.shouldRetry) !== '[object AsyncFunction]';
    this.retriesBodies = 'parseResponseWithTimeout' in client;
    this.losesHeaders = host.family !== 'anthropic' && !this.retriesBodies;
  }

  /**
   * Overrides the four methods and `fetch` on the instance; its class stays as it is. No property of the instance becomes
   * an accessor: that would turn the client into a dictionary, and each of the SDK's looks at it into a search.
   */
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
    this.#installParser();
    this.watchFetch();
  }

  /** Whether the application chose the client's `maxRetries`. */
  get explicitRetries(): boolean {
    return this.client.maxRetries !== this.#defaultRetries;
  }

  /** Call when the number on the client turns out to be the SDK's default. */
  useDefaultRetries(): void {
    this.#defaultRetries = this.client.maxRetries;
  }

  retriesOf(options: SdkRequestOptions): number {
    const own = this.explicitRetries ? this.client.maxRetries : this.host.defaultRetries;
    const value = options.maxRetries ?? own;
    return Number.isInteger(value) && value > 0 ? value : 0;
  }

  async #request(
    optionsInput: SdkRequestOptions | PromiseLike<SdkRequestOptions>,
    retriesRemaining: number | null,
    rest: readonly unknown[],
  ): Promise<ResponseProps> {
    const options = await optionsInput;
    const call = this.host.begin(options, retriesRemaining ?? this.retriesOf(options));
    const request = new SeamRequest(this, call, options, retriesRemaining, rest);
    try {
      const props = await call.run(request);
      if (call.info.stream) request.caller = captureCaller();
      return props;
    } catch (error) {
      this.nameCaller(error, captureCaller());
      throw error;
    }
  }

  nameCaller(error: unknown, caller: CallerStack): void {
    const { APIError } = this.client.constructor;
    nameCaller(error, caller, isTidegateError(error) || (APIError !== undefined && error instanceof APIError));
  }

  /** Answers the SDK's question whether to send again with the guard's decision. */
  #verdict(response: Response, rest: readonly unknown[]): boolean | Promise<boolean> {
    const stock = this.#shouldRetry.call(this.client, response, ...rest);
    const sending = this.#current();
    if (!sending) return stock;
    sending.attempt.head(response.status, response.headers);
    if (typeof stock === 'boolean') return this.#decide(sending, response, sending.errorBody, stock);
    return stock.then(async (stockSaysRetry) => {
      const body = await readErrorBody(response, this.host.clock, sending.request.leftMs(sending.attempt));
      return this.#decide(sending, response, body, stockSaysRetry);
    });
  }

  #decide(sending: Sending, response: Response, body: unknown, stockSaysRetry: boolean): boolean {
    const { status, headers } = response;
    const failure = sending.attempt.call.adapter.classify({ status, headers, body }, this.host.clock.wall());
    // The SDK renews an expired token inside its own shouldRetry and wants the request sent again, once.
    const renewed = stockSaysRetry && status === 401 && headers.get('x-should-retry') === null;
    const decided = renewed ? { ...failure, retryable: true } : failure;
    const { retry } = sending.request.fail(sending, decided);
    // The SDK throws the body away where it sends again.
    if (!retry || sending.remaining === 0) sending.request.boundError(response, sending.attempt);
    return retry;
  }

  /** The SDK wants to wait and send again. */
  #retry(
    options: SdkRequestOptions,
    remaining: number,
    logId: string,
    rest: readonly unknown[],
  ): Promise<ResponseProps> {
    // Within an attempt, that attempt is repeated, even if it replaces a delivered body.
    const sending = this.#current();
    if (!sending) {
      // A body that was given up in the turn in which it arrived has not reported that yet.
      this.host.watch.settle();
      const delivered = this.#delivered.get(options)?.get(logId);
      if (delivered) return this.#refetch(delivered, options, logId);
      return this.#retryRequest.call(this.client, options, remaining, logId, ...rest);
    }
    const failure =
      sending.attempt.failure ?? classifyConnection(sending.fetchError, sending.attempt.call.left?.aborted === true);
    const decision = sending.request.fail(sending, failure);
    if (!decision.retry) {
      return Promise.reject(connectionError(this.client.constructor, failure, sending.fetchError));
    }
    sending.request.again(options, logId);
    return Promise.reject(new RetrySignal());
  }

  async #refetch(delivered: LateBody, options: SdkRequestOptions, logId: string): Promise<ResponseProps> {
    try {
      return await delivered.request.refetch(options, logId);
    } catch (error) {
      this.nameCaller(error, captureCaller());
      throw error;
    }
  }

  /** Sets the real retry count and the trace headers on the outgoing request. */
  #build(options: SdkRequestOptions, context?: { retryCount?: number }): ReturnType<SdkClient['buildRequest']> {
    const sending = this.#current();
    if (!sending) return this.#buildRequest.call(this.client, options, context);
    const built = this.#buildRequest.call(this.client, options, {
      ...context,
      retryCount: sending.attempt.number - 1,
    });
    const { propagationHeaders } = this.host;
    const { withoutFlex: leavesFlex } = sending.attempt.call;
    if (!propagationHeaders && !leavesFlex) return built;
    const headers = Object.entries(propagationHeaders?.(sending.attempt) ?? {});
    const add = (request: Awaited<typeof built>): Awaited<typeof built> => {
      if (request.req.headers instanceof Headers) {
        for (const [name, value] of headers) request.req.headers.set(name, value);
      }
      if (leavesFlex) request.req.body = withoutFlex(request.req.body);
      return request;
    };
    return built instanceof Promise ? built.then(add) : add(built);
  }

  /** Newer SDKs of OpenAI parse an answer themselves. */
  #installParser(): void {
    const { client } = this;
    const { parseResponseWithTimeout: parse } = client;
    if (parse === undefined) return;
    override(client, 'parseResponseWithTimeout', (parser: unknown, props: ResponseProps) =>
      parseAnswer(() => parse.call(client, parser, props), props),
    );
  }

  /**
   * Sees the error behind a failed connection, which the SDK does not hand to `retryRequest`. The application may replace
   * `fetch` between requests.
   */
  watchFetch(): void {
    const { client } = this;
    if (client.fetch !== this.#fetch) client.fetch = this.#fetch = probeFetch(unguarded(client.fetch));
  }

  #current(): Sending | undefined {
    const sending = sendings.getStore();
    return sending?.seam === this ? sending : undefined;
  }

  remember(delivered: LateBody): void {
    let byLogId = this.#delivered.get(delivered.options);
    if (!byLogId) this.#delivered.set(delivered.options, (byLogId = new Map()));
    byLogId.set(delivered.logId, delivered);
  }

  forget({ options, request }: LateBody): void {
    const byLogId = this.#delivered.get(options);
    if (!byLogId) return;
    for (const [logId, each] of byLogId) if (each.request === request) byLogId.delete(logId);
  }
}

function override(client: SdkClient, name: keyof SdkClient, value: unknown): void {
  Object.defineProperty(client, name, { value, configurable: true, enumerable: false, writable: true });
}
