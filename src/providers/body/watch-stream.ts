import { isWebStream, standIn } from './body-stream.ts';
import { giveBody } from './give-body.ts';
import { GivenBody, isNodeBody, webStreamOf } from './node-body.ts';
import { rawBody } from './watch-body.ts';
import { type AttemptBody, TrackedBody } from './open-body.ts';
import { type ProgressHooks, StreamProgress } from './stream-progress.ts';
import { StreamHoldback } from './stream-holdback.ts';

/**
 * Whether a response is a stream of server-sent events. A requested stream that is of another text type, or of none,
 * may be one: some servers omit the type. Anything else is left to its reader.
 */
export function isEventStream(response: Response, asked: boolean): boolean {
  const type = response.headers.get('content-type')?.toLowerCase();
  if (type === undefined || (asked && type.startsWith('text/'))) return asked;
  return type.includes('text/event-stream');
}

/**
 * Watches a stream of server-sent events behind the response head. Events before the first content
 * are held back, so that a stream that fails there can be replaced by another attempt's without
 * the application seeing either; from the first content on every byte passes untouched.
 */
export function guardStream(
  response: Response,
  hooks: AttemptBody,
  progressHooks: ProgressHooks,
  signal: AbortSignal | undefined,
): void {
  const raw = rawBody(response);
  const progress = new StreamProgress(progressHooks, hooks.attempt);
  const body = new TrackedBody(hooks, signal, progress);
  const original = raw?.(response);
  const asNode = isNodeBody(original);
  if (!raw || !(asNode || isWebStream(original))) {
    // Not readable here: it ends without us, so no slot is held for it.
    body.end({ outcome: 'completed' });
    return;
  }
  const open = (): ReadableStream<Uint8Array> => webStreamOf(raw(response));
  const pump = new StreamHoldback(open, body, progress);
  const guarded = standIn(asNode ? undefined : original, pump);
  hooks.watch.add(body, guarded, response);
  giveBody(response, new GivenBody(guarded, asNode));
}
