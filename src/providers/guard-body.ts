import type { BodyEnd } from '../core/attempt.ts';
import type { Usage } from '../core/outcome.ts';
import type { ProviderAdapter, ResponseInfo } from '../core/provider.ts';
import type { BodyWatch, OpenBody } from './body-watch.ts';
import { classifyConnection } from './connection-error.ts';

/** Larger bodies are searched for their usage instead of being parsed a second time. */
const PARSE_LIMIT_CHARS = 16_384;

type Reader = 'json' | 'text' | 'arrayBuffer' | 'blob' | 'bytes' | 'formData';
export const READERS: readonly Reader[] = ['json', 'text', 'arrayBuffer', 'blob', 'bytes', 'formData'];

export interface BodyHooks {
  readonly adapter: ProviderAdapter;
  readonly watch: BodyWatch;
  readonly now: () => number;
  readonly wall: () => number;
  /** Aborted when the application gives the response up. */
  readonly signal: AbortSignal | undefined;
  /** Called once. */
  onEnd(end: BodyEnd): void;
}

/**
 * Watches the body of a response that is not a stream of events, whoever reads it and however.
 * The response object stays the one that fetch made: its url, clone() and prototype are untouched.
 */
export function guardBody(response: Response, hooks: BodyHooks): void {
  const body = openBody(hooks);
  const { adapter, signal } = hooks;
  if (hasNoBody(response)) {
    body.end({ outcome: 'completed' });
    return;
  }
  hooks.watch.add(body, response);
  const failed = (error: unknown): void =>
    body.end(
      signal?.aborted
        ? { outcome: 'cancelled' }
        : { outcome: 'interrupted', failure: classifyConnection(error, false) },
    );
  for (const name of READERS) {
    const original = (response as unknown as Record<string, unknown>)[name];
    if (typeof original !== 'function') continue;
    define(response, name, {
      value: async (...args: unknown[]) => {
        let value: unknown;
        try {
          value = await (original as (...args: unknown[]) => Promise<unknown>).apply(response, args);
        } catch (error) {
          failed(error);
          throw error;
        }
        body.end({ outcome: 'completed', ...inspect(name, value, adapter) });
        return value;
      },
    });
  }
  watchRawReads(response, body, failed, hooks);
}

/**
 * The record of one open body. Made apart from the response: whatever this closure can reach
 * stays alive as long as the record, and the response must be free to be collected.
 */
export function openBody(hooks: BodyHooks, cancelled: () => BodyEnd = () => ({ outcome: 'cancelled' })): OpenBody {
  const { watch, signal } = hooks;
  let ended = false;
  const body: OpenBody = {
    touchedAt: hooks.now(),
    end(end) {
      if (ended) return;
      ended = true;
      watch.remove(body);
      signal?.removeEventListener('abort', onAbort);
      hooks.onEnd(end);
    },
  };
  const onAbort = (): void => body.end(cancelled());
  signal?.addEventListener('abort', onAbort, { once: true });
  return body;
}

/** Someone who reads `response.body` itself gets the same stream, observed. */
function watchRawReads(
  response: Response,
  body: OpenBody,
  failed: (error: unknown) => void,
  hooks: BodyHooks,
): void {
  const raw = bodyGetter(response);
  if (!raw) return;
  let observed: ReadableStream<Uint8Array> | null | undefined;
  define(response, 'body', {
    get: () => {
      if (observed !== undefined) return observed;
      const stream = raw();
      if (!isWebStream(stream)) return stream;
      // Cancelling an unread body is how an SDK throws a response away: that must not lock it.
      observed = observe(stream, {
        onChunk: () => {
          body.touchedAt = hooks.now();
        },
        onDone: () => body.end({ outcome: 'completed' }),
        onError: failed,
        onCancel: () => body.end({ outcome: 'cancelled' }),
      });
      hooks.watch.hold(body, observed);
      return observed;
    },
  });
}

interface Observer {
  onChunk(chunk: Uint8Array): void;
  onDone(): void;
  onError(error: unknown): void;
  onCancel(): void;
}

function observe(stream: ReadableStream<Uint8Array>, observer: Observer): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= stream.getReader();
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            observer.onDone();
            return;
          }
          observer.onChunk(value);
          controller.enqueue(value);
        } catch (error) {
          observer.onError(error);
          throw error;
        }
      },
      async cancel(reason) {
        observer.onCancel();
        await (reader ?? stream).cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function inspect(
  name: Reader,
  value: unknown,
  adapter: ProviderAdapter,
): { usage?: Usage | undefined; response?: ResponseInfo | undefined } {
  if (name === 'json') return { usage: adapter.readUsage(value), response: adapter.readResponse(value) };
  if (name !== 'text' || typeof value !== 'string' || value.charCodeAt(0) !== 123) return {};
  if (value.length > PARSE_LIMIT_CHARS) return { usage: adapter.readUsage(findUsage(value)) };
  const parsed = parseJson(value);
  return { usage: adapter.readUsage(parsed), response: adapter.readResponse(parsed) };
}

/** `{ usage }` of a large JSON text. Inside a JSON string the quotes of `"usage"` would be escaped. */
function findUsage(text: string): unknown {
  const key = '"usage":';
  for (let at = text.indexOf(key); at !== -1; at = text.indexOf(key, at + key.length)) {
    const start = text.indexOf('{', at);
    if (start === -1 || text.slice(at + key.length, start).trim() !== '') continue;
    let depth = 0;
    for (let index = start; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code === 123) depth++;
      else if (code === 125 && --depth === 0) return { usage: parseJson(text.slice(start, index + 1)) };
    }
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: whoever reads the body will say so.
    return undefined;
  }
}

function hasNoBody(response: Response): boolean {
  return response.body === null || response.status === 204 || response.headers.get('content-length') === '0';
}

/** Reads the response's own `body` later, past an override on the instance. */
export function bodyGetter(response: Response): (() => unknown) | undefined {
  for (let owner: object | null = response; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, 'body');
    if (!descriptor) continue;
    const get = descriptor.get;
    return get ? () => get.call(response) as unknown : () => descriptor.value as unknown;
  }
  return undefined;
}

export function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof (value as ReadableStream | null)?.getReader === 'function';
}

/** Overrides one property of one response; a frozen stand-in of a test stays as it is. */
export function define(response: Response, name: string, descriptor: PropertyDescriptor): void {
  Reflect.defineProperty(response, name, { configurable: true, enumerable: false, ...descriptor });
}
