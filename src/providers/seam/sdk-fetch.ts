import type { Attempt } from '../../core/attempt.ts';
import { readErrorBody } from '../errors/error-body.ts';
import { sendGuarded } from './guarded-requests.ts';
import { sendings } from './sdk-context.ts';

/** The call's time was up while its request was in flight. */
export class DeadlinePassed extends Error {
  override readonly name = 'TimeoutError';
}

/** The request's init with a signal that also ends at the call's deadline: at the head of a stream, else at the body's end. */
function withDeadline(
  attempt: Attempt,
  init: RequestInit | undefined,
): { init: RequestInit; cancel: () => void; passed: () => boolean } {
  const { clock, deadlineAt } = attempt.call;
  const controller = new AbortController();
  // Timers may fire a fraction of a millisecond early: in what was left another attempt would still be in time.
  const cancel = clock.after(deadlineAt - clock.now() + 1, () => controller.abort(new DeadlinePassed()));
  const signal = init?.signal ? AbortSignal.any([init.signal, controller.signal]) : controller.signal;
  return { init: { ...init, signal }, cancel, passed: () => controller.signal.aborted };
}

function urlOf(input: RequestInfo | URL): string {
  return typeof input === 'object' && 'url' in input ? input.url : String(input);
}

const rawFetches = new WeakMap<object, typeof fetch>();

/** The fetch that a guarded one wraps: clones of a client pass it on, and it must not be wrapped twice. */
export function unguarded(fn: typeof fetch): typeof fetch {
  return rawFetches.get(fn) ?? fn;
}

/** Notes on the current attempt that its request was sent, and what a failed connection failed of. */
export function probeFetch(raw: typeof fetch): typeof fetch {
  const guarded: typeof fetch = async (input, init) => {
    const sending = sendings.getStore();
    // What a guarded client fetches beside its attempts, a token perhaps.
    if (!sending) return sendGuarded(urlOf(input), () => raw.call(undefined, input, init));
    const { attempt } = sending;
    const deadline = Number.isFinite(attempt.call.deadlineAt) ? withDeadline(attempt, init) : undefined;
    try {
      const response = await raw.call(undefined, input, deadline?.init ?? init);
      const { seam } = sending;
      if (!response.ok && seam.decidesAtOnce) sending.errorBody = await readErrorBody(response, seam.host.clock);
      if (deadline) void (attempt.call.info.stream ? Promise.resolve() : attempt.ended).then(deadline.cancel);
      return response;
    } catch (error) {
      deadline?.cancel();
      sending.fetchError = deadline?.passed() ? new DeadlinePassed() : error;
      throw error;
    }
  };
  rawFetches.set(guarded, raw);
  // The SDKs look for classes that a fetch brings along (`fetch.Response`).
  return Object.setPrototypeOf(guarded, raw) as typeof fetch;
}
