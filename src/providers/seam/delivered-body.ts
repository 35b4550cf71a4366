import type { Attempt, BodyEnd } from '../../core/attempt.ts';
import type { Call } from '../../core/call.ts';
import type { Failure } from '../../core/outcome.ts';
import { classifyConnection } from '../errors/classify-connection.ts';
import type { SeamRequest } from './sdk-call.ts';
import type { SdkRequestOptions } from './sdk-client.ts';
import type { Seam } from './seam.ts';

/** A response that was handed over. Does not hold it: nobody reading it must show. */
export interface Delivered {
  readonly options: SdkRequestOptions;
  readonly logId: string;
  readonly request: SeamRequest;
  readonly attempt: Attempt;
  /** Cancels the end of the call that a failed body has announced. */
  cancelEnd: (() => void) | undefined;
}

/**
 * A body that failed may still be fetched again: the SDK asks for it within the same turn.
 * Only when it does not, the call has ended.
 */
export function endRetriable(seam: Seam, call: Call, delivered: Delivered, given: BodyEnd): void {
  // Nobody but the SDK's own timer can have given the body up where the caller's signal did not.
  const timedOut = given.outcome === 'cancelled' && !call.signal?.aborted;
  const end: BodyEnd = timedOut ? { outcome: 'interrupted', failure: bodyTimeout() } : given;
  delivered.attempt.bodyEnded(end);
  // Another attempt is to take its place.
  if (delivered.attempt.decision?.retry) return;
  if (end.outcome === 'completed' || end.outcome === 'unread') {
    seam.forget(delivered);
    call.bodyEnded(end);
    return;
  }
  seam.remember(delivered);
  delivered.cancelEnd = seam.host.clock.after(0, () => {
    seam.forget(delivered);
    call.bodyEnded(end);
  });
}

/** What the SDK's own timer means that gave a body up. */
export function bodyTimeout(): Failure {
  return classifyConnection(new DOMException('The body did not arrive in time.', 'TimeoutError'), false);
}
