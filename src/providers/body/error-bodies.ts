import type { Clock } from '../../core/clock.ts';
import { isWebStream, standIn } from './body-stream.ts';
import type { Chunk, ChunkSource } from './chunk-source.ts';
import { giveBody } from './give-body.ts';
import { GivenBody, isNodeBody, webStreamOf } from './node-body.ts';
import { rawBody } from './watch-body.ts';

/** Errors are far shorter, and an SDK puts the whole text into its message. */
const MAX_BYTES = 1_048_576;
/** Data that has arrived is read even after the time limit. */
const MIN_MS = 10;

export interface ErrorTimes {
  /** Milliseconds from the first read. */
  readonly leftMs: number;
  /** Monotonic time of the call's deadline. */
  readonly deadlineAt: number;
}

/**
 * Bounds the time of an error's body for every reader: its text is what has arrived by then. The timers of fetch
 * and of the SDKs stop at the head, so that a body without end would hold its reader for ever.
 */
export function boundErrorBody(response: Response, clock: Clock, times: ErrorTimes): void {
  const raw = rawBody(response);
  const original = raw?.(response);
  const asNode = isNodeBody(original);
  if (!raw || !(asNode || isWebStream(original)) || response.bodyUsed) return;
  const source = new BoundedSource(() => webStreamOf(raw(response)), clock, times);
  giveBody(response, new GivenBody(standIn(asNode ? undefined : original, source), asNode));
}

/** The chunks of a stream until a time or size limit; then ends it and its connection. */
class BoundedSource implements ChunkSource {
  readonly #open: () => ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  readonly #times: ErrorTimes;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #timeUp = false;
  /** Ends the pending read. */
  #interrupt: ((end: Chunk) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #bytes = 0;

  constructor(open: () => ReadableStream<Uint8Array>, clock: Clock, times: ErrorTimes) {
    this.#open = open;
    this.#clock = clock;
    this.#times = times;
  }

  async read(): Promise<Chunk> {
    const reader = (this.#reader ??= this.#open().getReader());
    this.#cancelTimer ??= this.#arm();
    let chunk: Chunk;
    try {
      chunk = await this.#next(reader);
    } catch (error) {
      this.#cancelTimer();
      throw error;
    }
    if (!chunk.done) {
      const room = MAX_BYTES + 1 - this.#bytes;
      const value = chunk.value.length > room ? chunk.value.slice(0, room) : chunk.value;
      this.#bytes += value.length;
      return { done: false, value };
    }
    this.#cancelTimer();
    // A body that has ended by itself has nothing to cancel.
    void reader.cancel().catch(() => undefined);
    return chunk;
  }

  async cancel(reason: unknown): Promise<void> {
    this.#cancelTimer?.();
    await (this.#reader ?? this.#open()).cancel(reason);
  }

  #next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Chunk> {
    if (this.#timeUp || this.#bytes > MAX_BYTES) return Promise.resolve(END);
    // No Promise.race: a pending promise retains every race that it took part in, and a body may have a million chunks.
    return new Promise((resolve, reject) => {
      this.#interrupt = resolve;
      reader.read().then(resolve, reject);
    });
  }

  #arm(): () => void {
    const { leftMs, deadlineAt } = this.#times;
    const inMs = Math.max(MIN_MS, Math.min(leftMs, deadlineAt - this.#clock.now()));
    const expire = (): void => {
      this.#timeUp = true;
      this.#interrupt?.(END);
    };
    return this.#clock.after(inMs, expire, { unref: true });
  }
}

const END: Chunk = { done: true, value: undefined };
