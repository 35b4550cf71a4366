import type { BodyEnd } from '../core/attempt.ts';
import type { ErrorResponse, StreamReader } from '../core/provider.ts';
import { bodyGetter, define, isWebStream, READERS } from './guard-body.ts';
import { type BodyHooks, TrackedBody } from './open-body.ts';
import { SseScanner } from './sse.ts';

/** What follows an error that came before the first content: another response, or the error itself. */
export type Replacement = { readonly response: Response } | undefined;

export interface StreamHooks extends BodyHooks {
  onFirstContent(): void;
  /** The stream failed before its first content. Resolves to the response of a further attempt, if there was one. */
  onEarlyError(error: ErrorResponse): Promise<Replacement>;
}

/**
 * Watches a stream of server-sent events behind the response head. Events before the first content
 * are held back, so that a stream that fails there can be replaced by another attempt's without
 * the application seeing either; from the first content on every byte passes untouched.
 */
export function guardStream(response: Response, hooks: StreamHooks): void {
  const raw = bodyGetter(response);
  const progress = new Progress(hooks);
  const body = new TrackedBody(hooks, progress.cancelled);
  if (!raw || !isWebStream(raw())) {
    // A fetch that makes Node streams: they end on their own terms, so the slot is not held for them.
    body.end({ outcome: 'completed' });
    return;
  }
  // Opened at the first read: until then clone() may still put another stream in its place.
  const guarded = guardedStream(raw as () => ReadableStream<Uint8Array>, body, progress, hooks);
  hooks.watch.add(body, guarded);
  define(response, 'body', { get: () => guarded });
  for (const name of READERS) {
    define(response, name, { value: () => new Response(guarded, { headers: response.headers })[name]() });
  }
}

function guardedStream(
  open: () => ReadableStream<Uint8Array>,
  body: TrackedBody,
  progress: Progress,
  hooks: StreamHooks,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let replaced = false;
  const held: Uint8Array[] = [];

  /** Reads until there is something to hand over. A replacement is guarded by its own attempt. */
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    for (;;) {
      reader ??= open().getReader();
      const { done, value } = await reader.read();
      if (!replaced) {
        body.touch();
        if (done) progress.end();
        else progress.push(value);
        const next = progress.early && (await hooks.onEarlyError(progress.early));
        if (next) {
          void reader.cancel().catch(() => undefined);
          held.length = 0;
          reader = (next.response.body as ReadableStream<Uint8Array>).getReader();
          replaced = true;
          continue;
        }
        progress.surfaceEarlyError();
      }
      if (!done) held.push(value);
      if (!done && !replaced && progress.holding) continue;
      for (const chunk of held) controller.enqueue(chunk);
      held.length = 0;
      if (done) {
        controller.close();
        body.end(progress.result());
      }
      return;
    }
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          await pull(controller);
        } catch (error) {
          body.fail(error, progress.facts());
          throw error;
        }
      },
      async cancel(reason) {
        body.cancel();
        await (reader ?? open()).cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** What the events so far have said. */
class Progress {
  holding = true;
  complete = false;
  /** An error that came before any content and has not been dealt with. */
  early: ErrorResponse | undefined;
  #error: ErrorResponse | undefined;
  readonly #hooks: StreamHooks;
  readonly #reader: StreamReader;
  readonly #scanner: SseScanner;

  constructor(hooks: StreamHooks) {
    const reader = hooks.adapter.streamReader();
    this.#hooks = hooks;
    this.#reader = reader;
    this.#scanner = new SseScanner((event, data) => {
      const meaning = reader.read(event, data);
      switch (meaning.kind) {
        case 'preamble':
          return;
        case 'content':
          if (this.holding && !this.early) hooks.onFirstContent();
          this.holding = false;
          return;
        case 'done':
          this.complete = true;
          this.holding = false;
          return;
        case 'error':
          if (this.holding && !this.early) this.early = meaning.error;
          this.#error ??= meaning.error;
          return;
      }
    });
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  end(): void {
    this.#scanner.end();
  }

  /** Nothing replaces the stream: its own error goes to the application as it came. */
  surfaceEarlyError(): void {
    if (!this.early) return;
    this.early = undefined;
    this.holding = false;
  }

  facts(): Pick<BodyEnd, 'usage' | 'response'> {
    return { usage: this.#reader.usage(), response: () => this.#reader.response() };
  }

  result(): BodyEnd {
    if (!this.#error) return { outcome: 'completed', ...this.facts() };
    const { adapter, clock } = this.#hooks;
    return { outcome: 'interrupted', failure: adapter.classify(this.#error, clock.wall()), ...this.facts() };
  }

  /**
   * The reader stopped. After the last event, or after an error, it has seen what there was.
   * Bound here, not in a closure beside the response: see `TrackedBody`.
   */
  readonly cancelled = (): BodyEnd =>
    this.complete || this.#error ? this.result() : { outcome: 'cancelled', ...this.facts() };
}
