import type { RunningCall } from '../core/attempt.ts';
import type { RetryLayer } from '../core/event-values.ts';
import type { GuardEvent } from '../core/events.ts';
import type { RequestLike } from '../core/provider.ts';
import { bodyDigest } from '../providers/request/body-digest.ts';
import { FailedBodies } from './failed-bodies.ts';
import { recognizeLayer } from './layers.ts';

interface Reporter {
  readonly maxAttempts: number;
  emit(event: GuardEvent): void;
  warn(message: string): void;
}

/** Reads a header of the request, by lower-case name. */
export type HeaderReader = (name: string) => string | undefined;

/** A body that keeps coming back longer than this is sent by a schedule, not by a retry layer. */
const MAX_TIMES = 10;

/** Including async frames; the default of ten ends inside the SDK. */
const STACK_FRAMES = 60;

/**
 * Detects a retry layer above: a request that was given up here and comes back soon. Retries of two layers multiply, so
 * one call may become thirty-six requests. The same body sent by a timer or by many callers is distinguished by its
 * timing: such requests overlap, or come at equal intervals. Each repetition is counted; the first of each layer is a
 * warning that names the option which turns that layer's retries off.
 */
export class RetryLayerNotice {
  readonly #guard: Reporter;
  readonly #failed = new FailedBodies();
  readonly #warned = new Set<RetryLayer>();
  /** The first repeated body, as long as nothing else indicates a layer. */
  #suspected: string | undefined;

  constructor(guard: Reporter) {
    this.#guard = guard;
  }

  /** A call has failed for good. */
  gaveUp(call: RunningCall, { body }: RequestLike): void {
    const digest = bodyDigest(body);
    if (digest !== undefined) this.#failed.add(call.beganIn, digest, call.startedAt, call.clock.now());
  }

  /** A call begins. */
  begins(call: RunningCall, { body }: RequestLike, header: HeaderReader): void {
    if (this.#failed.isEmpty(call.startedAt)) return;
    const digest = bodyDigest(body);
    const again = digest && this.#failed.take(call.beganIn, digest, call.startedAt);
    if (!again || again.own || again.times > MAX_TIMES) return;
    const { sinceMs } = again;
    const { layer, name, off } = recognizeLayer({
      userAgent: header('user-agent'),
      sdkRetry: Number(header('x-stainless-retry-count')) > 0,
      stack: deepStack(),
    });
    this.#guard.emit({ type: 'repeated', call: call.info, layer, sinceMs });
    if (this.#warned.has(layer)) return;
    // If only the body indicates a layer, a single body may be polled for its own sake.
    if (layer === 'unknown' && (this.#suspected ??= digest) === digest) return;
    this.#warned.add(layer);
    const { maxAttempts } = this.#guard;
    this.#guard.warn(
      `A request that had failed in tidegate was repeated after ${(sinceMs / 1_000).toFixed(1)} s, by ${name}. ` +
        `Its retries multiply with those of tidegate, each of which makes up to ${maxAttempts} requests. Turn them off: ${off}.`,
    );
  }
}

function deepStack(): string | undefined {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = STACK_FRAMES;
    return new Error('here').stack;
  } catch {
    // A hook of the application, or a frozen Error.
    return undefined;
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}
