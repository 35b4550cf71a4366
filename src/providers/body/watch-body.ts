import type { BodyEnd } from '../../core/attempt.ts';
import { jsonFacts, textFacts } from './body-usage.ts';
import { isWebStream, standIn } from './body-stream.ts';
import { followNodeBody, isNodeBody } from './node-body.ts';
import { type BodyHooks, TrackedBody } from './open-body.ts';
import { ResponseOverride } from './patch-response.ts';

type Reader = 'json' | 'text' | 'arrayBuffer' | 'blob' | 'bytes' | 'formData' | 'buffer';
/** Those that fetch defines, and node-fetch's own; a response has those that its maker gave it. */
export const READERS: readonly Reader[] = ['json', 'text', 'arrayBuffer', 'blob', 'bytes', 'formData', 'buffer'];

/**
 * Watches the body of a response that is not a stream of events, whoever reads it and however.
 * The response object stays the one that fetch made: its url, its clone() and its class are untouched.
 */
export function guardBody(response: Response, hooks: BodyHooks): void {
  const body = new TrackedBody(hooks);
  if (hasNoBody(response)) {
    body.end({ outcome: 'completed' });
    return;
  }
  hooks.watch.add(body, response);
  override.apply(response, body);
}

type BodyOf = (response: Response) => TrackedBody | undefined;

/** Readers of a body that tell its record how it ended. */
const override = new ResponseOverride<TrackedBody>(['body', ...READERS], (owner, bodyOf) => {
  const members: PropertyDescriptorMap = {};
  for (const name of READERS) {
    const original = (owner as Record<string, unknown>)[name];
    if (typeof original !== 'function') continue;
    members[name] = { value: reader(name, original as Read, bodyOf), configurable: true, writable: true };
  }
  const get = rawBody(owner);
  if (get) members['body'] = { get: observedBody(get, bodyOf), configurable: true };
  return members;
});

type Read = (this: Response, ...args: unknown[]) => Promise<unknown>;

function reader(name: Reader, original: Read, bodyOf: BodyOf): Read {
  return async function read(this: Response, ...args) {
    const body = bodyOf(this);
    let value: unknown;
    try {
      value = await original.apply(this, args);
    } catch (error) {
      body?.fail(error);
      throw error;
    }
    body?.end({ outcome: 'completed', ...facts(name, value, body.hooks) });
    return value;
  };
}

function facts(name: Reader, value: unknown, { adapter }: BodyHooks): Pick<BodyEnd, 'usage' | 'response'> | undefined {
  switch (name) {
    case 'json':
      return jsonFacts(value, adapter);
    case 'text':
      return textFacts(value, adapter);
    default:
      return undefined;
  }
}

/** Someone who reads `response.body` itself gets the same stream, observed. */
function observedBody(raw: (response: Response) => unknown, bodyOf: BodyOf): (this: Response) => unknown {
  const observed = new WeakMap<Response, ReadableStream<Uint8Array>>();
  const followed = new WeakSet();
  return function body(this: Response) {
    const known = observed.get(this);
    if (known) return known;
    const stream = raw(this);
    const record = bodyOf(this);
    if (!record) return stream;
    if (isNodeBody(stream)) {
      if (!followed.has(stream)) followNodeBody(stream, record);
      followed.add(stream);
      record.hooks.watch.hold(record, stream);
    }
    if (!isWebStream(stream)) return stream;
    const guarded = observe(stream, () => raw(this) as ReadableStream<Uint8Array>, record);
    observed.set(this, guarded);
    record.hooks.watch.hold(record, guarded);
    return guarded;
  };
}

/**
 * The body is opened at the first read: until then clone() may put another stream in its place. Cancelling one that
 * was never read is how an SDK throws a response away: that must not lock it.
 */
function observe(
  original: ReadableStream<Uint8Array>,
  open: () => ReadableStream<Uint8Array>,
  body: TrackedBody,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return standIn(original, {
    async read() {
      try {
        reader ??= open().getReader();
        const chunk = await reader.read();
        if (chunk.done) {
          reader.releaseLock();
          body.end({ outcome: 'completed' });
        } else {
          body.touch();
        }
        return chunk;
      } catch (error) {
        body.fail(error);
        throw error;
      }
    },
    async cancel(reason) {
      body.cancel();
      try {
        await (reader ?? open()).cancel(reason);
      } finally {
        reader?.releaseLock();
      }
    },
  });
}

function hasNoBody(response: Response): boolean {
  return response.body === null || response.status === 204 || response.headers.get('content-length') === '0';
}

/** Reads the `body` that `owner` has, itself or by inheritance, of a response that is `owner` or inherits from it. */
export function rawBody(owner: object): ((response: Response) => unknown) | undefined {
  for (let at: object | null = owner; at; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, 'body');
    if (!descriptor) continue;
    const { get, value } = descriptor as { get?: () => unknown; value?: unknown };
    return get ? (response) => get.call(response) : () => value;
  }
  return undefined;
}
