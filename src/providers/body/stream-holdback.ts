import type { ErrorResponse } from '../../core/provider.ts';
import type { Chunk, ChunkSource } from './body-stream.ts';
import { webStreamOf } from './node-body.ts';
import type { TrackedBody } from './open-body.ts';
import type { StreamProgress } from './stream-progress.ts';

/** What follows an error that came before the first content: another response, or the error itself. */
export type Replacement = { readonly response: Response } | undefined;

type SourceReader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Longest time that events before the first content are held back. Errors come at once or much later; an application
 * that waits for the id of a long-running response must not wait for its first words.
 */
const MOST_HELD_MS = 1_000;

/**
 * Hands over the chunks of a stream one by one and looks at each. Chunks before the first content are held back
 * for a while; from then on a chunk costs one promise.
 */
export class StreamPump implements ChunkSource {
  readonly #open: () => ReadableStream<Uint8Array>;
  readonly #body: TrackedBody;
  readonly #progress: StreamProgress;
  readonly #replace: (error: ErrorResponse) => Promise<Replacement>;
  readonly #held: Uint8Array[] = [];
  #reader: SourceReader | undefined;
  /** A read that was under way when holding ended. */
  #pending: Promise<Chunk> | undefined;
  #heldSince = 0;
  /** A replacement is guarded by its own attempt. */
  #replaced = false;

  /** `open` is asked at the first read: until then clone() may still put another stream in its place. */
  constructor(
    open: () => ReadableStream<Uint8Array>,
    body: TrackedBody,
    progress: StreamProgress,
    replace: (error: ErrorResponse) => Promise<Replacement>,
  ) {
    this.#open = open;
    this.#body = body;
    this.#progress = progress;
    this.#replace = replace;
  }

  read(): Promise<Chunk> {
    const value = this.#held.shift();
    if (value) return Promise.resolve({ done: false, value });
    this.#reader ??= this.#open().getReader();
    if (this.#progress.holding && !this.#replaced) return this.#readHeld(this.#reader).catch(this.#failed);
    const next = this.#pending ?? this.#reader.read();
    this.#pending = undefined;
    return next.then(this.#passed, this.#failed);
  }

  async cancel(reason: unknown): Promise<void> {
    this.#body.cancel();
    const reader = this.#reader;
    try {
      await (reader ?? this.#open()).cancel(reason);
    } catch (error) {
      // A break that was met while events were held back comes too late for who has left.
      if (this.#pending === undefined) throw error;
    } finally {
      reader?.releaseLock();
    }
  }

  readonly #passed = (chunk: Chunk): Chunk => {
    if (!this.#replaced) this.#look(chunk);
    if (chunk.done) {
      this.#body.end(this.#progress.result());
      this.#reader?.releaseLock();
    }
    return chunk;
  };

  readonly #failed = (error: unknown): never => {
    this.#body.fail(error, this.#progress.facts());
    throw error;
  };

  #look(chunk: Chunk): void {
    this.#body.touch();
    if (chunk.done) this.#progress.end();
    else this.#progress.push(chunk.value);
  }

  /** Reads until there is something to hand over. */
  async #readHeld(reader: SourceReader): Promise<Chunk> {
    const progress = this.#progress;
    for (;;) {
      this.#pending ??= reader.read();
      let chunk: Chunk | undefined;
      try {
        chunk = await (this.#held.length === 0 ? this.#pending : this.#inTime(this.#pending));
      } catch (error) {
        if (this.#held.length === 0) throw error;
        // What came before the connection broke comes first; the broken read stays the next one.
      }
      if (!chunk) {
        progress.holding = false;
        return this.read();
      }
      this.#pending = undefined;
      this.#look(chunk);
      let next: Replacement;
      try {
        next = progress.early && (await this.#replace(progress.early));
      } catch (error) {
        this.#pending = Promise.reject(error);
        this.#pending.catch(() => undefined);
        progress.surfaceEarlyError();
        return this.read();
      }
      if (next) {
        void reader.cancel().catch(() => undefined);
        this.#held.length = 0;
        this.#reader = webStreamOf(next.response.body).getReader();
        this.#replaced = true;
        return this.#passed(await this.#reader.read());
      }
      progress.surfaceEarlyError();
      if (!chunk.done) this.#hold(chunk.value);
      // A stream without content is handed over as it came; its end is read once more.
      else progress.holding = false;
      if (!progress.holding) return this.read();
    }
  }

  #hold(chunk: Uint8Array): void {
    if (this.#held.length === 0) this.#heldSince = this.#body.hooks.clock.now();
    this.#held.push(chunk);
  }

  /** The next chunk; undefined when it does not come before the held ones have waited long enough. */
  #inTime(read: Promise<Chunk>): Promise<Chunk | undefined> {
    const { clock } = this.#body.hooks;
    return new Promise((resolve, reject) => {
      const leftMs = this.#heldSince + MOST_HELD_MS - clock.now();
      const cancel = clock.after(leftMs, () => resolve(undefined));
      read.then(resolve, reject).finally(cancel);
    });
  }
}
