import type { BodyEnd } from '../../core/attempt.ts';
import type { Failure } from '../../core/outcome.ts';
import { UNFINISHED, UNREADABLE } from '../errors/classify-connection.ts';
import { readEmbeddedError } from '../errors/embedded-error.ts';
import { jsonFacts, textFacts } from './body-usage.ts';
import { isWebStream, standIn } from './body-stream.ts';
import { followNodeBody, isNodeBody } from './node-body.ts';
import { type BodyHooks, TrackedBody } from './open-body.ts';
import { isCutJson, looksCut } from './json-text.ts';
import { JsonTail } from './json-tail.ts';
import { ResponseOverride } from './patch-response.ts';

type Reader = 'json' | 'text' | 'arrayBuffer' | 'blob' | 'bytes' | 'formData' | 'buffer';
/** Those that fetch defines, and node-fetch's own; a response has those that its maker gave it. */
export const READERS: readonly Reader[] = ['json', 'text', 'arrayBuffer', 'blob', 'bytes', 'formData', 'buffer'];

/**
 * Watches the body of a response that is not a stream of events, whoever reads it and however.
 * The response object stays the one that fetch made: its url, its clone() and its class are untouched.
 */
export function guardBody(response: Response, hooks: BodyHooks, signal: AbortSignal | undefined): void {
  const body = new TrackedBody(hooks, signal);
  if (hasNoBody(response)) {
    body.end({ outcome: 'completed' });
    return;
  }
  hooks.watch.add(body, response);
  override.apply(response, body);
}

type BodyOf = (response: Response) => TrackedBody | undefined;

/** Readers of a body that tell its record how it ended. */
const override = new ResponseOverride<TrackedBody>(['body', 'headers', ...READERS], (owner, bodyOf) => {
  const members: PropertyDescriptorMap = {};
  for (const name of READERS) {
    const original = (owner as Record<string, unknown>)[name];
    if (typeof original !== 'function') continue;
    const read = name === 'json' && isOwnJson(owner) ? parsed(owner) : (original as Read);
    members[name] = { value: reader(name, read, bodyOf), configurable: true, writable: true };
  }
  const get = rawBody(owner);
  if (get) members['body'] = { get: observedBody(get, bodyOf), configurable: true };
  const headers = rawMember(owner, 'headers');
  if (headers) members['headers'] = { get: headersOf(headers, bodyOf), configurable: true };
  return members;
});

type Read = (this: Response, ...args: unknown[]) => Promise<unknown>;

/** Whether `json()` is fetch's own, which parses the body's text. */
function isOwnJson(owner: object): owner is Response {
  return owner === Response.prototype || (owner instanceof Response && owner.json === Response.prototype.json);
}

/** `json()` that knows the text it fails on. */
function parsed({ text }: Response): Read {
  return async function json(this: Response) {
    const source = await text.call(this);
    try {
      return JSON.parse(source) as unknown;
    } catch (thrown) {
      // To parse it twice would hold the process.
      if (source.length > TWICE_CHARS) throw new NotJson(thrown, source);
      // The error that fetch makes of it, stack included.
      const error: unknown = await new Response(source).json().catch((reason: unknown) => reason);
      throw new NotJson(error, source);
    }
  };
}

const TWICE_CHARS = 262_144;

class NotJson extends Error {
  readonly error: unknown;
  readonly source: string;

  constructor(error: unknown, source: string) {
    super('The body is not JSON.');
    this.error = error;
    this.source = source;
  }
}

function reader(name: Reader, original: Read, bodyOf: BodyOf): Read {
  return async function read(this: Response, ...args) {
    const body = bodyOf(this);
    if (!body?.take()) return original.apply(this, args);
    let value: unknown;
    let broken: Broken;
    try {
      value = await body.within(() => original.apply(this, args));
      const { facts, flaw, value: answer } = factsOf(name, value, body);
      const error = flaw ? undefined : errorIn(answer, body);
      if (error && !error.besideContent) broken = { failure: error.failure, facts };
      else if (!flaw || !isJson(this) || (value === '' && !body.answers)) {
        body.end({ outcome: 'completed', beside: error?.failure, ...facts });
        return value;
      } else broken = { failure: flaw === 'cut' ? UNFINISHED : UNREADABLE };
    } catch (error) {
      broken = whatBroke(error, body);
    }
    const next = await body.replace(broken.failure);
    if (next) return (next as unknown as Record<Reader, Read>)[name].apply(next, args);
    if (!('error' in broken)) {
      body.end({ outcome: 'interrupted', failure: broken.failure, ...broken.facts });
      return value;
    }
    throw body.fail(broken.error, broken.failure);
  };
}

interface Broken {
  /** Undefined where the application has given the body up. */
  readonly failure: Failure | undefined;
  /** What its reader would get; absent where it gets the text as it came. */
  readonly error?: unknown;
  readonly facts?: ReturnType<typeof jsonFacts>;
}

/** What an error inside an answer means; its own reader gets the answer as it came where nothing replaces it. */
function errorIn(
  answer: unknown,
  { adapter, answers, clock }: TrackedBody,
): { readonly failure: Failure; readonly besideContent: boolean } | undefined {
  const error = answers ? readEmbeddedError(answer) : undefined;
  if (!error) return undefined;
  return { failure: adapter.classify({ body: error.body }, clock.wall()), besideContent: error.besideContent };
}

function whatBroke(error: unknown, body: TrackedBody): Broken {
  if (error instanceof NotJson) {
    const { source } = error;
    const isCut = source.length > TWICE_CHARS ? looksCut(source) : isCutJson(source);
    const cut = isCut && (error.source !== '' || body.answers);
    return { failure: cut ? UNFINISHED : UNREADABLE, error: error.error };
  }
  // A fetch of the application's own says no more than that.
  const failure = error instanceof SyntaxError ? UNFINISHED : body.failureOf(error);
  return { failure, error };
}

/** As the SDKs see it: lines of JSON are text. */
export function isJson(response: Response): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '');
}

function factsOf(name: Reader, value: unknown, { adapter }: TrackedBody): ReturnType<typeof textFacts> {
  switch (name) {
    case 'json':
      return { facts: jsonFacts(value, adapter), value, flaw: undefined };
    case 'text':
      return textFacts(value, adapter);
    default:
      return NO_FACTS;
  }
}

const NO_FACTS: ReturnType<typeof textFacts> = { facts: {}, flaw: undefined };

/** The headers are those of the response whose body is read: its request id is the one to ask the provider about. */
function headersOf(raw: (response: Response) => unknown, bodyOf: BodyOf): (this: Response) => unknown {
  return function headers(this: Response) {
    const body = bodyOf(this);
    return body?.replacedBy ? body.replacedBy.headers : raw(this);
  };
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
      record.watch.hold(record, stream);
    }
    if (!isWebStream(stream)) return stream;
    const tail = isJson(this) ? new JsonTail() : undefined;
    const guarded = observe(stream, () => raw(this) as ReadableStream<Uint8Array>, record, tail);
    observed.set(this, guarded);
    record.watch.hold(record, guarded);
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
  tail: JsonTail | undefined,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return standIn(original, {
    async read() {
      try {
        if (!reader) {
          reader = open().getReader();
          body.take();
        }
        const source = reader;
        const chunk = await body.within(() => source.read());
        if (chunk.done) {
          source.releaseLock();
          body.end(tail ? endOf(tail.text(), body) : { outcome: 'completed' });
        } else {
          tail?.push(chunk.value);
          body.touch();
        }
        return chunk;
      } catch (error) {
        throw body.fail(error);
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

/** How an answer ends that was read chunk by chunk. What is wrong with it was delivered already. */
function endOf(text: string, body: TrackedBody): BodyEnd {
  const { facts, flaw, value } = textFacts(text, body.adapter);
  if (flaw && (text !== '' || body.answers)) {
    return { outcome: 'interrupted', failure: flaw === 'cut' ? UNFINISHED : UNREADABLE, ...facts };
  }
  const error = errorIn(value, body);
  if (error && !error.besideContent) return { outcome: 'interrupted', failure: error.failure, ...facts };
  return { outcome: 'completed', beside: error?.failure, ...facts };
}

function hasNoBody(response: Response): boolean {
  return response.body === null || response.status === 204 || response.headers.get('content-length') === '0';
}

/** Reads the `body` that `owner` has, itself or by inheritance, of a response that is `owner` or inherits from it. */
export function rawBody(owner: object): ((response: Response) => unknown) | undefined {
  return rawMember(owner, 'body');
}

function rawMember(owner: object, name: 'body' | 'headers'): ((response: Response) => unknown) | undefined {
  for (let at: object | null = owner; at; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (!descriptor) continue;
    const { get, value } = descriptor as { get?: () => unknown; value?: unknown };
    return get ? (response) => get.call(response) : () => value;
  }
  return undefined;
}
