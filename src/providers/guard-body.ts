import type { BodyEnd } from '../core/attempt.ts';
import { jsonFacts, textFacts } from './body-facts.ts';
import { type BodyHooks, TrackedBody } from './open-body.ts';

type Reader = 'json' | 'text' | 'arrayBuffer' | 'blob' | 'bytes' | 'formData';
export const READERS: readonly Reader[] = ['json', 'text', 'arrayBuffer', 'blob', 'bytes', 'formData'];

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
  // A stand-in of a test that cannot be changed stays as it is.
  if (!Object.isExtensible(response)) return;
  if (Tracked.bodyOf(response) || hasOwnReaders(response)) {
    const own = overrides(response, () => body);
    for (const [name, descriptor] of Object.entries(own)) Reflect.defineProperty(response, name, descriptor);
    return;
  }
  new Tracked(response, body);
  // A change of the prototype costs a quarter of what seven properties do.
  Object.setPrototypeOf(response, guardedPrototype(Object.getPrototypeOf(response) as object));
}

type BodyOf = (response: Response) => TrackedBody | undefined;

class Foreign {
  constructor(object: object) {
    // Makes the fields of a derived class the object's own.
    return object;
  }
}

/** A private field on the response itself: the lifetime of an entry in a WeakMap at a fraction of its cost. */
class Tracked extends Foreign {
  readonly #body: TrackedBody;

  constructor(response: Response, body: TrackedBody) {
    super(response);
    this.#body = body;
  }

  static bodyOf(response: object): TrackedBody | undefined {
    return #body in response ? response.#body : undefined;
  }
}

/** A stand-in of a test, or a response that somebody else has changed. */
function hasOwnReaders(response: Response): boolean {
  const own = Object.getOwnPropertyNames(response);
  return own.length > 0 && own.some((name) => name === 'body' || (READERS as readonly string[]).includes(name));
}

/** By prototype of the responses: a process knows one, or a few. */
const guardedPrototypes = new WeakMap<object, object>();

function guardedPrototype(prototype: object): object {
  let guarded = guardedPrototypes.get(prototype);
  if (!guarded) {
    guarded = Object.create(prototype, overrides(prototype, Tracked.bodyOf)) as object;
    guardedPrototypes.set(prototype, guarded);
  }
  return guarded;
}

/** Readers of a body that tell its record how it ended, over those that `owner` has. */
function overrides(owner: object, bodyOf: BodyOf): PropertyDescriptorMap {
  const descriptors: PropertyDescriptorMap = {};
  for (const name of READERS) {
    const original = (owner as Record<string, unknown>)[name];
    if (typeof original !== 'function') continue;
    descriptors[name] = { value: reader(name, original as Read, bodyOf), configurable: true, writable: true };
  }
  const get = rawBody(owner);
  if (get) descriptors['body'] = { get: observedBody(get, bodyOf), configurable: true };
  return descriptors;
}

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
  return function body(this: Response) {
    const known = observed.get(this);
    if (known) return known;
    const stream = raw(this);
    const record = bodyOf(this);
    if (!record || !isWebStream(stream)) return stream;
    // Cancelling an unread body is how an SDK throws a response away: that must not lock it.
    const guarded = observe(stream, record);
    observed.set(this, guarded);
    record.hooks.watch.hold(record, guarded);
    return guarded;
  };
}

function observe(stream: ReadableStream<Uint8Array>, body: TrackedBody): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= stream.getReader();
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            body.end({ outcome: 'completed' });
            return;
          }
          body.touch();
          controller.enqueue(value);
        } catch (error) {
          body.fail(error);
          throw error;
        }
      },
      async cancel(reason) {
        body.cancel();
        await (reader ?? stream).cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function hasNoBody(response: Response): boolean {
  return response.body === null || response.status === 204 || response.headers.get('content-length') === '0';
}

/** Reads the `body` that `owner` has, itself or by inheritance, of a response that has `owner` in its chain. */
function rawBody(owner: object): ((response: Response) => unknown) | undefined {
  for (let at: object | null = owner; at; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, 'body');
    if (!descriptor) continue;
    const { get, value } = descriptor as { get?: () => unknown; value?: unknown };
    return get ? (response) => get.call(response) : () => value;
  }
  return undefined;
}

/** Reads the response's own `body` later, past an override on the instance. */
export function bodyGetter(response: Response): (() => unknown) | undefined {
  const raw = rawBody(response);
  return raw && (() => raw(response));
}

export function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof (value as ReadableStream | null)?.getReader === 'function';
}

/** Overrides one property of one response; a frozen stand-in of a test stays as it is. */
export function define(response: Response, name: string, descriptor: PropertyDescriptor): void {
  Reflect.defineProperty(response, name, { configurable: true, enumerable: false, ...descriptor });
}
