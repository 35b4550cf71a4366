import { readErrorBody } from '../errors/error-body.ts';
import { sendGuarded } from './guarded-requests.ts';
import { requestSignal, RequestTimer } from './request-timer.ts';
import { sendings } from './sdk-context.ts';

function urlOf(input: RequestInfo | URL): string {
  return typeof input === 'object' && 'url' in input ? input.url : String(input);
}

const rawFetches = new WeakMap<object, typeof fetch>();

/** The fetch that a guarded one wraps: clones of a client pass it on, and it must not be wrapped twice. */
export function unguarded(fn: typeof fetch): typeof fetch {
  return rawFetches.get(fn) ?? fn;
}

/** Marks the current attempt as sent, and records why a connection failed. */
export function probeFetch(raw: typeof fetch): typeof fetch {
  const guarded: typeof fetch = async (input, init) => {
    const sending = sendings.getStore();
    // A guarded client may fetch outside its attempts, such as for a token.
    if (!sending) return sendGuarded(urlOf(input), () => raw.call(undefined, input, init));
    const { attempt, seam, request } = sending;
    const timer = RequestTimer.of(attempt);
    sending.timer = timer;
    try {
      const signal = requestSignal(init?.signal, timer, attempt);
      const response = await raw.call(undefined, input, signal ? { ...init, signal } : init);
      // The body of an answer has its own timer; the body of an error is part of the request.
      if (response.ok) timer?.stop();
      else if (timer) attempt.whenOver(() => timer.stop());
      if (!response.ok && seam.decidesAtOnce) {
        attempt.arrived();
        sending.errorBody = await readErrorBody(response, seam.host.clock, request.leftMs(attempt));
      }
      return response;
    } catch (error) {
      timer?.stop();
      sending.fetchError = timer?.timeUp ?? error;
      throw error;
    }
  };
  rawFetches.set(guarded, raw);
  // The SDKs look for classes that a fetch brings along (`fetch.Response`).
  return Object.setPrototypeOf(guarded, raw) as typeof fetch;
}
