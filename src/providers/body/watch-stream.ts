import { Buffer } from 'node:buffer';
import { isWebStream, standIn } from './body-stream.ts';
import { GivenBody, isNodeBody, webStreamOf } from './node-body.ts';
import { rawBody, READERS } from './watch-body.ts';
import { TrackedBody } from './open-body.ts';
import { ResponseOverride } from './patch-response.ts';
import { type ProgressHooks, StreamProgress } from './stream-progress.ts';
import { StreamPump } from './stream-holdback.ts';

/**
 * Whether a response is a stream of server-sent events. One that was asked for and does not say what it is may be:
 * servers forget it. Anything else is left to whoever can read it.
 */
export function isEventStream(response: Response, asked: boolean): boolean {
  return response.headers.get('content-type')?.includes('text/event-stream') ?? asked;
}

/**
 * Watches a stream of server-sent events behind the response head. Events before the first content
 * are held back, so that a stream that fails there can be replaced by another attempt's without
 * the application seeing either; from the first content on every byte passes untouched.
 */
export function guardStream(response: Response, hooks: ProgressHooks): void {
  const raw = rawBody(response);
  const progress = new StreamProgress(hooks);
  const body = new TrackedBody(hooks, progress);
  const original = raw?.(response);
  const asNode = isNodeBody(original);
  if (!raw || !(asNode || isWebStream(original))) {
    // Nothing that could be read: it ends on its own terms, so the slot is not held for it.
    body.end({ outcome: 'completed' });
    return;
  }
  const open = (): ReadableStream<Uint8Array> => webStreamOf(raw(response));
  const pump = new StreamPump(open, body, progress);
  const guarded = standIn(asNode ? undefined : original, pump);
  hooks.watch.add(body, guarded, response);
  override.apply(response, new GivenBody(guarded, asNode));
}

/** Everything that gives the body gives the guarded stream. */
const override = new ResponseOverride<GivenBody>(['body', ...READERS], (owner, givenOf) => {
  const body: PropertyDescriptor & ThisType<Response> = {
    configurable: true,
    get() {
      return givenOf(this)?.body;
    },
  };
  const members: PropertyDescriptorMap = { body };
  for (const name of READERS) {
    if (typeof (owner as Record<string, unknown>)[name] !== 'function') continue;
    const read = async function (this: Response): Promise<unknown> {
      const copy = new Response(givenOf(this)?.bytes, { headers: { 'content-type': contentType(this) } });
      return name === 'buffer' ? Buffer.from(await copy.arrayBuffer()) : copy[name]();
    };
    members[name] = { configurable: true, writable: true, value: read };
  }
  return members;
});

/** Says of what kind a blob or a form is. */
function contentType(response: Response): string {
  return response.headers.get('content-type') ?? '';
}
