import { Buffer } from 'node:buffer';
import type { Failure } from '../../core/outcome.ts';
import { TimeUp } from '../../core/time-limits.ts';
import { nextTurn } from '../../core/event-loop-turns.ts';
import type { Chunk, ChunkSource, SourceListener, SourceReader } from './chunk-source.ts';
import { FreeFrames } from '../apis/free-frames.ts';
import { SLICE } from '../apis/sse-scanner.ts';
import { HeldEvents } from './held-events.ts';
import { webStreamOf } from './node-body.ts';
import type { TrackedBody } from './open-body.ts';
import { handledRejection, releaseAtEnd } from './read-helpers.ts';
import type { StreamProgress } from './stream-progress.ts';

/**
 * Longest time that events before the first content are held back. Errors come at once or much later; an application
 * that waits for the id of a long-running response must not wait for its first words.
 */
const MAX_HELD_MS = 1_000;

/** Chunks that arrive within this time keep their order; a keep-alive that arrives alone overtakes held events. */
const ALONE_MS = 50;

/**
 * Hands over the chunks of a stream one by one and looks at each. Events before the first content are held back
 * for a while, keep-alives pass at once; after that a chunk costs one promise.
 */
export class StreamHoldback implements ChunkSource {
  /** Holds the response, so it goes with the first read: see `BodyWatch`. */
  #open: (() => ReadableStream<Uint8Array>) | undefined;
  readonly #body: TrackedBody;
  readonly #progress: StreamProgress;
  readonly #held = new HeldEvents();
  /** Holding is over, and all held events were delivered. */
  #drained = false;
  #reader: SourceReader | undefined;
  /** Distinguishes keep-alives from content after the first content, if silence is limited. */
  #frames: FreeFrames | undefined;
  /** A read that was under way when holding ended. */
  #pending: Promise<Chunk> | undefined;
  /** Bytes that were looked at in this turn of the event loop. */
  #looked = 0;
  #cancelled = false;
  /** The rest belongs to another attempt, which guards it: it passes untouched. */
  #replaced = false;
  listener?: SourceListener;

  /** `open` is called at the first read: until then clone() may still replace the stream. */
  constructor(open: () => ReadableStream<Uint8Array>, body: TrackedBody, progress: StreamProgress) {
    this.#open = open;
    this.#body = body;
    this.#progress = progress;
  }

  get flows(): boolean {
    return !this.#progress.holding && !this.#replaced && !this.#body.timed;
  }

  read(): Promise<Chunk> {
    if (!this.#drained && (!this.#progress.holding || this.#replaced)) {
      const value = this.#held.take();
      if (value) return Promise.resolve({ done: false, value });
      this.#drained = true;
    }
    const reader = this.#openReader();
    if (this.#replaced) return this.#takePending(reader).then((chunk) => releaseAtEnd(chunk, reader));
    if (this.#progress.holding) return this.#readHeld(reader);
    const next = this.#body.timed
      ? this.#body.within(() => this.#takePending(reader))
      : this.#body.follow(this.#takePending(reader));
    return next.then(this.#passed, this.#failed);
  }

  async cancel(reason: unknown): Promise<void> {
    this.#cancelled = true;
    this.#body.cancel();
    const reader = this.#reader;
    try {
      await (reader ?? this.#open?.())?.cancel(reason);
    } catch (error) {
      // A break during hold-back does not concern a reader that has left.
      if (this.#pending === undefined) throw error;
    } finally {
      reader?.releaseLock();
    }
  }

  #openReader(): SourceReader {
    if (!this.#reader) {
      this.#reader = this.#open!().getReader();
      this.#open = undefined;
    }
    return this.#reader;
  }

  readonly #passed = (chunk: Chunk): Chunk | Promise<Chunk> => {
    const looking = this.#look(chunk);
    if (looking) return looking.then(() => chunk);
    if (chunk.done) this.#end();
    return releaseAtEnd(chunk, this.#reader!);
  };

  #end(): void {
    this.#throwSilentError();
    this.#body.end(this.#progress.result());
    this.listener?.closed();
  }

  /** Throws the SDK's error for one that its reader of events would skip. */
  #throwSilentError(): void {
    const { silentError } = this.#progress;
    const shown = silentError && this.#body.streamError(silentError);
    if (shown === undefined) return;
    const end = this.#progress.result();
    throw this.#broken(this.#body.fail(shown, end.failure, end));
  }

  #broken(shown: unknown): unknown {
    this.listener?.broken(shown);
    return shown;
  }

  readonly #failed = (thrown: unknown): never => {
    // The connection of a body that timed out cannot be reused.
    if (thrown instanceof TimeUp) void this.#reader?.cancel(thrown).catch(() => undefined);
    throw this.#broken(this.#body.fail(thrown, undefined, this.#progress.facts()));
  };

  #takePending(reader: SourceReader): Promise<Chunk> {
    const next = this.#pending ?? reader.read();
    this.#pending = undefined;
    return next;
  }

  /** Returns a promise if there is so much to parse that the event loop needs a turn. */
  #look(chunk: Chunk): Promise<void> | undefined {
    this.#body.touch();
    if (chunk.done) this.#progress.end();
    else if (this.#looked + chunk.value.length > SLICE) return this.#lookInTurns(chunk.value);
    else {
      this.#looked += chunk.value.length;
      this.#progress.pushSlice(chunk.value, 0);
    }
    if (!chunk.done) this.#noteContent(chunk.value);
    return undefined;
  }

  /** A chunk may have a million events. It stays whole: an SDK that rescans its buffer would pay more for parts. */
  async #lookInTurns(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length && !this.#cancelled;) {
      await nextTurn();
      const next = this.#progress.pushSlice(bytes, from);
      this.#looked = next - from;
      from = next;
    }
    this.#noteContent(bytes);
  }

  #noteContent(bytes: Uint8Array): void {
    const { timer, times } = this.#body;
    if (!timer || !this.#progress.contentSeen) return;
    const first = this.#frames === undefined;
    if (times.stallMs < Infinity) {
      const { held } = (this.#frames ??= new FreeFrames()).push(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
      if (!first && held === undefined && !this.#frames.hasRest) return;
    }
    timer.content();
  }

  /** Reads until there is something to hand over. */
  async #readHeld(reader: SourceReader): Promise<Chunk> {
    const progress = this.#progress;
    for (;;) {
      this.#pending ??= reader.read();
      const read = this.#pending;
      let chunk: Chunk | undefined;
      let failure: Failure | undefined;
      try {
        chunk = await this.#body.within(() => (this.#held.any ? this.#inTime(read) : read));
        if (!chunk) {
          if (this.#held.hasSigns && !this.#isOver()) return { done: false, value: this.#held.takeSigns() };
          progress.holding = false;
          return await this.read();
        }
        this.#pending = undefined;
        const looking = this.#look(chunk);
        if (looking) await looking;
        failure = progress.early;
      } catch (error) {
        failure = this.#body.failureOf(error);
        // A body that timed out before this read did not wait for it, and its connection is about to close.
        read.catch(() => undefined);
        // Deliver what arrived before the connection broke; the broken read follows.
        this.#pending = handledRejection(error);
      }
      if (failure && (await this.#replace(failure, reader))) return this.read();
      // The SDK stops reading at `[DONE]`, which may be in the same chunk.
      if (failure && chunk && !chunk.done) this.#throwSilentError();
      if (chunk && !chunk.done) {
        const free = this.#hold(chunk.value);
        if (free) return { done: false, value: free };
      }
      // A stream without content is handed over as it came; its end is read once more.
      else progress.holding = false;
      if (!progress.holding) return this.read();
    }
  }

  /** Replaces a stream without content by another attempt's, or by the error that ended the attempts. */
  async #replace(failure: Failure, reader: SourceReader): Promise<boolean> {
    let next: Response | undefined;
    try {
      next = await this.#body.replace(failure, this.#progress.facts());
    } catch (error) {
      this.#pending = handledRejection(error);
      this.#replaced = true;
      return true;
    }
    if (!next) {
      this.#progress.surface();
      return false;
    }
    void reader.cancel().catch(() => undefined);
    this.#held.clear();
    this.#pending = undefined;
    this.#reader = webStreamOf(next.body).getReader();
    this.#replaced = true;
    return true;
  }

  /** Holds a chunk, or ends hold-back. Returns what may be delivered at once. */
  #hold(chunk: Uint8Array): Uint8Array | undefined {
    if (!this.#held.fits(chunk, this.#body.clock.now())) this.#progress.holding = false;
    if (this.#progress.holding) return this.#held.hold(chunk);
    this.#held.followedBy(chunk);
    return undefined;
  }

  /** A limit on the time to first content calls for another attempt, which delivered events would rule out. */
  get #maxHeldMs(): number {
    return this.#body.times.firstContentAt < Infinity ? Infinity : MAX_HELD_MS;
  }

  /** Whether the held events have waited long enough. */
  #isOver(): boolean {
    return this.#body.clock.now() >= this.#held.since + this.#maxHeldMs;
  }

  /** The next chunk; undefined if held data is due for delivery first. */
  #inTime(read: Promise<Chunk>): Promise<Chunk | undefined> {
    const { clock } = this.#body;
    const maxMs = this.#held.since + this.#maxHeldMs - clock.now();
    const leftMs = this.#held.hasSigns ? Math.min(ALONE_MS, maxMs) : maxMs;
    if (leftMs === Infinity) return read;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(leftMs, () => resolve(undefined));
      read.then(resolve, reject).finally(cancel);
    });
  }
}
