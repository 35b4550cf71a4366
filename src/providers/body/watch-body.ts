import type { BodyEnd } from '../../core/body-end.ts';
import type { Failure } from '../../core/outcome.ts';
import type { ProviderAdapter } from '../../core/provider.ts';
import { beginsAsJson } from '../parse/json.ts';
import { UNFINISHED, UNREADABLE } from '../errors/classify-connection.ts';
import { jsonFacts, textFacts, type TextFacts } from './body-usage.ts';
import { isWebStream, standIn } from './body-stream.ts';
import { followNodeBody, GivenBody, isNodeBody, webStreamOf } from './node-body.ts';
import { ObservedBody } from './observed-body.ts';
import { type BodyHooks, TrackedBody } from './open-body.ts';
import { isCutJson, looksCut } from './json-text.ts';
import { JsonTail } from './json-tail.ts';
import { expectText, takeExpected } from './parsed-text.ts';
import { isEmptyAnswer } from './refused-stream.ts';
import { ResponseOverride } from './patch-response.ts';
import { errorIn, isJson, isPage } from './read-answer.ts';

type Reader = 'json' | 'text' | 'arrayBuffer' | 'blob' | 'bytes' | 'formData' | 'buffer';
/** Those of the fetch standard and of node-fetch; a response may lack some. */
export const READERS: readonly Reader[] = ['json', 'text', 'arrayBuffer', 'blob', 'bytes', 'formData', 'buffer'];

/**
 * Watches the body of a response that is not an event stream, for every way of reading it.
 * The response object stays the one that fetch made: its url, its clone() and its class are untouched.
 */
export function guardBody(response: Response, hooks: BodyHooks, signal: AbortSignal | undefined): void {
  const body = new TrackedBody(hooks, signal);
  if (hasNoBody(response)) {
    const missing = isEmptyAnswer(response, hooks.answers);
    body.end(missing ? { outcome: 'interrupted', failure: UNFINISHED } : { outcome: 'completed' });
    return;
  }
  hooks.watch.add(body, response);
  override.apply(response, body);
}

type BodyOf = (response: Response) => TrackedBody | undefined;

/** Readers that report to the record how the body ended. */
const override = new ResponseOverride<TrackedBody>(['body', 'headers', ...READERS], (owner, bodyOf) => {
  const members: PropertyDescriptorMap = {};
  for (const name of READERS) {
    const original = (owner as Record<string, unknown>)[name];
    if (typeof original !== 'function') continue;
    members[name] = { value: reader(name, readOf(name, owner), bodyOf), configurable: true, writable: true };
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

function readOf(name: Reader, owner: object): Read {
  if (name === 'json' && isOwnJson(owner)) return parsed(owner);
  const { [name]: read, arrayBuffer } = owner as Record<Reader, Read>;
  // Only the caller considers it a form; if it is none, the body is not broken.
  return name === 'formData' && typeof arrayBuffer === 'function' ? arrayBuffer : read;
}

/** Converts what was read to what the reader's caller gets. */
function shownOf(name: Reader, value: unknown, response: Response): unknown {
  if (name !== 'formData' || !(value instanceof ArrayBuffer)) return value;
  return new Response(value, { headers: { 'content-type': response.headers.get('content-type') ?? '' } }).formData();
}

/** `json()` that keeps the text on which it fails. */
function parsed({ text }: Response): Read {
  return async function json(this: Response) {
    const source = await text.call(this);
    try {
      return JSON.parse(source) as unknown;
    } catch (thrown) {
      // Parsing it twice would block the event loop.
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
    const parsedText = name === 'text' ? takeExpected() : undefined;
    // The SDK parses the text once more if it replaced a broken one.
    if (parsedText && body?.replacedBy) return expectText(parsedText, () => body.replacedBy!.text());
    if (!body?.take()) return shownOf(name, await original.apply(this, args), this);
    let value: unknown;
    let broken: Broken;
    try {
      value = await body.within(() => original.apply(this, args));
      if (parsedText && isWholeText(value)) {
        parsedText.given(body, value);
        return value;
      }
      const found = factsOf(name, value, this, body.adapter);
      const { facts, flaw, value: answer } = found instanceof Promise ? await found : found;
      const error = flaw ? undefined : errorIn(answer, body);
      if (error && !error.besideContent) broken = { failure: error.failure, facts };
      else if (isPage(this, body)) broken = { failure: UNREADABLE, facts };
      else if (!flaw || !isJson(this) || (value === '' && !body.answers)) {
        body.end({ outcome: 'completed', beside: error?.failure, ...facts });
        return shownOf(name, value, this);
      } else broken = { failure: flaw === 'cut' ? UNFINISHED : UNREADABLE };
    } catch (error) {
      if (error instanceof NotJson && isMistaken(error.source, this, body)) {
        body.end({ outcome: 'completed' });
        throw error.error;
      }
      broken = whatBroke(error, body);
    }
    const next = await body.replace(broken.failure, broken.facts);
    if (next) return (next as unknown as Record<Reader, Read>)[name].apply(next, args);
    if (!('error' in broken)) {
      body.end({ outcome: 'interrupted', failure: broken.failure, ...broken.facts });
      return shownOf(name, value, this);
    }
    throw body.fail(broken.error, broken.failure);
  };
}

/** Whether only the application took a body for JSON: it is of another type, and is no part of an answer that was cut. */
function isMistaken(source: string, response: Response, body: TrackedBody): boolean {
  if (isJson(response) || isPage(response, body)) return false;
  return source === '' ? !body.answers : !beginsAsJson(source) || !looksCut(source.trimStart());
}

/** Whether a text looks like a complete object; parsing it will reveal the rest. */
function isWholeText(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('{') && value.endsWith('}');
}

interface Broken {
  /** Undefined where the application has given the body up. */
  readonly failure: Failure | undefined;
  /** The reader's error; absent if it gets the text as it arrived. */
  readonly error?: unknown;
  readonly facts?: ReturnType<typeof jsonFacts>;
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

/** Usage and outcome from the value that a reader returned. */
function factsOf(
  name: Reader,
  value: unknown,
  response: Response,
  adapter: ProviderAdapter,
): TextFacts | Promise<TextFacts> {
  if (name === 'json') return { facts: jsonFacts(value, adapter), value, flaw: undefined };
  if (name === 'text') return textFacts(value, adapter);
  return isJson(response) ? bytesFacts(value, adapter) : NO_FACTS;
}

async function bytesFacts(value: unknown, adapter: ProviderAdapter): Promise<TextFacts> {
  const tail = new JsonTail();
  tail.push(new Uint8Array(value instanceof Blob ? await value.arrayBuffer() : (value as ArrayBuffer)));
  return textFacts(tail.text(), adapter);
}

const NO_FACTS: TextFacts = { facts: {}, flaw: undefined };

/** The headers are those of the response whose body is read: its request id is the one to ask the provider about. */
function headersOf(raw: (response: Response) => unknown, bodyOf: BodyOf): (this: Response) => unknown {
  return function headers(this: Response) {
    const body = bodyOf(this);
    return body?.replacedBy ? body.replacedBy.headers : raw(this);
  };
}

/** A reader of `response.body` itself gets the same stream, observed. */
function observedBody(raw: (response: Response) => unknown, bodyOf: BodyOf): (this: Response) => unknown {
  const observed = new WeakMap<Response, GivenBody['body']>();
  const followed = new WeakSet();
  return function body(this: Response) {
    const known = observed.get(this);
    if (known) return known;
    const stream = raw(this);
    const record = bodyOf(this);
    // A reader of the response is reading it, and reports how it ends.
    if (!record || record.taken) return stream;
    const asNode = isNodeBody(stream);
    const json = isJson(this) && record.answers;
    if (asNode && !json) {
      if (!followed.has(stream)) followNodeBody(stream, record);
      followed.add(stream);
      record.watch.hold(record, stream);
    }
    if (!isWebStream(stream) && !(asNode && json)) return stream;
    const source = new ObservedBody(() => webStreamOf(raw(this)), record, isJson(this), wholeEnd(this, record));
    const guarded = new GivenBody(standIn(asNode ? undefined : stream, source), asNode).body;
    observed.set(this, guarded);
    record.watch.hold(record, guarded);
    return guarded;
  };
}

function wholeEnd(response: Response, body: TrackedBody): BodyEnd {
  return isPage(response, body) ? { outcome: 'interrupted', failure: UNREADABLE } : { outcome: 'completed' };
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
