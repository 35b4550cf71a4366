import type { ErrorResponse } from '../../core/provider.ts';
import { isWebStream, rawBody, READERS } from './watch-body.ts';
import { TrackedBody } from './open-body.ts';
import { ResponseOverride } from './patch-response.ts';
import { type ProgressHooks, StreamProgress } from './stream-progress.ts';
import { type Replacement, StreamPump } from './stream-holdback.ts';

export interface StreamHooks extends ProgressHooks {
  /** The stream failed before its first content. Resolves to the response of a further attempt, if there was one. */
  onEarlyError(error: ErrorResponse): Promise<Replacement>;
}

/**
 * Watches a stream of server-sent events behind the response head. Events before the first content
 * are held back, so that a stream that fails there can be replaced by another attempt's without
 * the application seeing either; from the first content on every byte passes untouched.
 */
export function guardStream(response: Response, hooks: StreamHooks): void {
  const raw = rawBody(response);
  const progress = new StreamProgress(hooks);
  const body = new TrackedBody(hooks, progress.cancelled);
  if (!raw || !isWebStream(raw(response))) {
    // A fetch that makes Node streams: they end on their own terms, so the slot is not held for them.
    body.end({ outcome: 'completed' });
    return;
  }
  const open = (): ReadableStream<Uint8Array> => raw(response) as ReadableStream<Uint8Array>;
  const guarded = guardedStream(new StreamPump(open, body, progress, (error) => hooks.onEarlyError(error)));
  hooks.watch.add(body, guarded);
  override.apply(response, guarded);
}

function guardedStream(pump: StreamPump): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pump.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => pump.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Everything that gives the body gives the guarded stream. */
const override = new ResponseOverride<ReadableStream<Uint8Array>>(['body', ...READERS], (_owner, streamOf) => {
  const body: PropertyDescriptor & ThisType<Response> = {
    configurable: true,
    get() {
      return streamOf(this);
    },
  };
  const members: PropertyDescriptorMap = { body };
  for (const name of READERS) {
    const read = function (this: Response): Promise<unknown> {
      return new Response(streamOf(this), { headers: this.headers })[name]();
    };
    members[name] = { configurable: true, writable: true, value: read };
  }
  return members;
});
