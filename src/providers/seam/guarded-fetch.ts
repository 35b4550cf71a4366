import type { Attempt } from '../../core/attempt.ts';
import type { ErrorFactory } from '../../core/call-settings.ts';
import { AttemptFailed, type RetryBar } from '../../core/lane.ts';
import type { ProviderName } from '../../core/provider.ts';
import { createCallError, isTidegateError } from '../../errors.ts';
import { adapterFor } from '../registry.ts';
import type { CallHost } from './call-host.ts';
import { captureCaller, nameCaller } from './caller-stack.ts';
import { describeCall } from '../request/describe-call.ts';
import { apiOfPath } from '../request/endpoint.ts';
import { classifyConnection } from '../errors/classify-connection.ts';
import { readErrorBody } from '../errors/error-body.ts';
import type { BodyWatch } from '../body/abandoned-bodies.ts';
import { discardBody } from '../body/node-body.ts';
import { boundErrorBody } from '../body/error-bodies.ts';
import { AttemptBody, type BodyHooks } from '../body/open-body.ts';
import { isEmptyAnswer, refusalInHead } from '../body/refused-stream.ts';
import { streamHooks } from '../body/stream-progress.ts';
import { guardBody } from '../body/watch-body.ts';
import { guardStream, isEventStream } from '../body/watch-stream.ts';
import { readFetchRequest } from './fetch-request.ts';
import { sendGuarded } from './guarded-requests.ts';
import { requestSignal, RequestTimer } from './request-timer.ts';

/** Time that the text of an error may take: the SDKs' own default for an attempt. */
const ERROR_BODY_MS = 600_000;

const errors: ErrorFactory = {
  aborted: (signal) => signal.reason as unknown,
  own: (code, message, details, cause) => createCallError(undefined, code, message, details, cause),
};

/**
 * A `fetch` behind the same lanes and policies as a guarded client. A failed response that is not
 * sent again is returned, as fetch does; what never got a response rejects.
 * `provider`: whose API servers speak that no address tells.
 */
export function guardedFetch(host: CallHost, provider?: ProviderName): typeof fetch {
  return async (input, init) => {
    if (!isHttp(input)) return globalThis.fetch(input, init);
    const request = await readFetchRequest(input, init, provider);
    const adapter = adapterFor(request.provider, apiOfPath(request.like.path));
    const call = host.begin({
      account: { provider: request.provider, baseURL: request.baseURL, credential: request.credential },
      adapter,
      request: describeCall(host, adapter, request.like),
      sent: request.like,
      retries: host.maxAttempts - 1,
      header: request.header,
      errors,
      signal: request.signal,
    });
    const barred: RetryBar = host.maxAttempts === 1 ? 'attempts' : request.repeatable ? undefined : 'streaming_body';

    const send = async (attempt: Attempt): Promise<Response> => {
      const timer = RequestTimer.of(attempt);
      let response: Response;
      try {
        const sent = request.arguments(
          host.propagationHeaders(attempt),
          requestSignal(request.signal, timer, attempt),
          call.withoutFlex,
        );
        response = await sendGuarded(request.baseURL, () => globalThis.fetch(...sent));
      } catch (error) {
        const timeUp = timer?.timeUp;
        const failure = classifyConnection(timeUp ?? error, call.isLeft);
        const decision = attempt.fail(failure, barred);
        const shown = timeUp && !decision.retry ? call.timeError(timeUp.limit) : error;
        throw new AttemptFailed(failure, shown, attempt.isFurtherFault);
      } finally {
        timer?.stop();
      }
      attempt.head(response.status, response.headers);
      if (!response.ok) {
        const body = await readErrorBody(response, host.clock, call.deadlineAt - host.clock.now());
        const failure = adapter.classify(
          { status: response.status, headers: response.headers, body },
          host.clock.wall(),
        );
        if (attempt.fail(failure, barred).retry) {
          await discardBody(response);
          throw new AttemptFailed(failure, undefined, attempt.isFurtherFault);
        }
        // The caller reads the error from the response itself.
        boundErrorBody(response, host.clock, { leftMs: ERROR_BODY_MS, deadlineAt: call.deadlineAt });
        throw new AttemptFailed(failure, new FailedResponse(response), attempt.isFurtherFault);
      }
      const stream = isEventStream(response, call.info.stream);
      const refusal =
        !stream && (call.info.stream || isEmptyAnswer(response, call.ownsAnswer))
          ? await refusalInHead(response, attempt, call.deadlineAt - host.clock.now())
          : undefined;
      if (refusal && attempt.fail(refusal, barred).retry) {
        await discardBody(response);
        throw new AttemptFailed(refusal, undefined, attempt.isFurtherFault);
      }
      attempt.succeeded(stream);
      const hooks = new FetchedBody(attempt, host.watch, timer?.abort, async (failure, _signal, left) => {
        const decision = attempt.failBehindHead(failure, barred);
        return decision.retry ? { response: await call.resume(decision, send, left) } : undefined;
      });
      if (stream) {
        guardStream(response, hooks, streamHooks(attempt, host.finalEvents, request.baseURL), request.signal);
      } else guardBody(response, hooks, request.signal);
      return response;
    };

    try {
      return await call.run(send);
    } catch (error) {
      if (error instanceof FailedResponse) return error.response;
      nameCaller(error, captureCaller(), isTidegateError(error));
      throw error;
    }
  };
}

/** SDKs fetch `data:,` to learn the class of the responses, and applications read images so: no provider is involved. */
function isHttp(input: RequestInfo | URL): boolean {
  return /^\s*https?:/i.test(input instanceof Request ? input.url : String(input));
}

class FetchedBody extends AttemptBody {
  readonly replace: BodyHooks['replace'];

  constructor(
    attempt: Attempt,
    watch: BodyWatch,
    abort: RequestTimer['abort'] | undefined,
    replace: BodyHooks['replace'],
  ) {
    super(attempt, watch, abort);
    this.replace = replace;
  }
}

/** Thrown through the policies in place of an error; the caller gets the response. */
class FailedResponse {
  readonly response: Response;

  constructor(response: Response) {
    this.response = response;
  }
}
