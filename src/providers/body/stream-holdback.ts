import { Buffer } from 'node:buffer';
import type { Failure } from '../../core/outcome.ts';
import { TimeUp } from '../../core/time-limits.ts';
import { nextTurn } from '../../core/turns.ts';
import type { Chunk, ChunkSource, SourceListener, SourceReader } from './body-stream.ts';
import { FreeFrames } from '../apis/free-frames.ts';
import { SLICE } from '../apis/sse-scanner.ts';
import { HeldEvents } from './held-events.ts';
import { webStreamOf } from './node-body.ts';
import type { TrackedBody } from './open-body.ts';
import { rejection, unlocked } from './reads.ts';
import type { StreamProgress } from './stream-progress.ts';

/**
 * Longest time that events before the first content are held back. Errors come at once or much later; an application
 * that waits for the id of a long-running response must not wait for its first words.
 */
const MAX_HELD_MS = 1_000;

/** What comes within this time of each other keeps its order; a sign of life that comes alone overtakes what is held. */
const ALONE_MS = 50;

/**
 * Hands over the chunks of a stream one by one and looks at each. Events before the first content are held back
 * for a while, signs of life pass at once; from then on a chunk costs one promise.
 */
export class StreamPump implements ChunkSource {
  /** Holds the response, so it goes with the first read: see `BodyWatch`. */
  #open: (() => ReadableStream<Uint8Array>) | undefined;
  readonly #body: TrackedBody;
  readonly #progress: StreamProgress;
  readonly #held = new HeldEvents();
  #reader: SourceReader | undefined;
  /** Tells signs of life from content, where silence is limited; from the first content on. */
  #frames: FreeFrames | undefined;
  /** A read that was under way when holding ended. */
  #pending: Promise<Chunk> | undefined;
  /** Bytes that were looked at in this turn of the event loop. */
  #looked = 0;
  #cancelled = false;
  /** What comes now is guarded by an attempt of its own: it passes untouched. */
  #replaced = false;
  listener?: SourceListener;

  /** `open` is asked at the first read: until then clone() may still put another stream in its place. */
  constructor(open: () => ReadableStream<Uint8Array>, body: TrackedBody, progress: StreamProgress) {
    this.#open = open;
    this.#body = body;
    this.#progress = progress;
  }

  get flows(): boolean {
    return !this.#progress.holding && !this.#replaced && !this.#body.timed;
  }

  read(): Promise<Chunk> {
    if (!this.#progress.holding || this.#replaced) {
      const value = this.#held.take();
      if (value) return Promise.resolve({ done: false, value });
    }
    const reader = this.#openReader();
    if (this.#replaced) return this.#takePending(reader).then((chunk) => unlocked(chunk, reader));
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
      // A break that was met while events were held back comes too late for who has left.
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
    return unlocked(chunk, this.#reader!);
  };

  #end(): void {
    const { silentError } = this.#progress;
    const end = this.#progress.result();
    const shown = silentError && this.#body.streamError(silentError);
    if (shown !== undefined) throw this.#broken(this.#body.fail(shown, end.failure, end));
    this.#body.end(end);
    this.listener?.closed();
  }

  #broken(shown: unknown): unknown {
    this.listener?.broken(shown);
    return shown;
  }

  readonly #failed = (thrown: unknown): never => {
    // The connection of a body that ran out of time is of no more use.
    if (thrown instanceof TimeUp) void this.#reader?.cancel(thrown).catch(() => undefined);
    throw this.#broken(this.#body.fail(thrown, undefined, this.#progress.facts()));
  };

  #takePending(reader: SourceReader): Promise<Chunk> {
    const next = this.#pending ?? reader.read();
    this.#pending = undefined;
    return next;
  }

  /** Gives a promise where there is so much to look at that the event loop must have its turns. */
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

  /** A chunk may have a million events. It stays whole: where an SDK looks at each part anew, parts would cost it far more. */
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
        // A body whose time was up before this read has not waited for it, and its connection is about to go.
        read.catch(() => undefined);
        // What came before the connection broke comes first; the broken read is the next one.
        this.#pending = rejection(error);
      }
      if (failure && (await this.#replace(failure, reader))) return this.read();
      if (chunk && !chunk.done) {
        const free = this.#hold(chunk.value);
        if (free) return { done: false, value: free };
      }
      // A stream without content is handed over as it came; its end is read once more.
      else progress.holding = false;
      if (!progress.holding) return this.read();
    }
  }

  /** Puts another attempt's stream, or the error that ended the attempts, in the place of one that brought nothing. */
  async #replace(failure: Failure, reader: SourceReader): Promise<boolean> {
    let next: Response | undefined;
    try {
      next = await this.#body.replace(failure, this.#progress.facts());
    } catch (error) {
      this.#pending = rejection(error);
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

  /** Holds a chunk, or ends the holding. Gives what the application may have at once. */
  #hold(chunk: Uint8Array): Uint8Array | undefined {
    if (!this.#held.fits(chunk, this.#body.clock.now())) this.#progress.holding = false;
    if (this.#progress.holding) return this.#held.hold(chunk);
    this.#held.followedBy(chunk);
    return undefined;
  }

  /** Who limits the time to the first content wants another attempt after it: what was handed over would rule that out. */
  get #maxHeldMs(): number {
    return this.#body.times.firstContentAt < Infinity ? Infinity : MAX_HELD_MS;
  }

  /** What is held has waited long enough. */
  #isOver(): boolean {
    return this.#body.clock.now() >= this.#held.since + this.#maxHeldMs;
  }

  /** The next chunk; undefined when it does not come before something that has come should be handed over. */
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
