import type { Clock } from '../../core/clock.ts';
import { type Chunk, type ChunkSource, isWebStream, standIn } from './body-stream.ts';
import { giveBody } from './give-body.ts';
import { GivenBody, isNodeBody, webStreamOf } from './node-body.ts';
import { rawBody } from './watch-body.ts';

/** An error says what it has to say in far less, and an SDK makes a message of all of it. */
const MOST_BYTES = 1_048_576;
/** What has arrived is read even where the time was up before. */
const LEAST_MS = 10;

export interface ErrorTimes {
  /** Milliseconds from the first read. */
  readonly leftMs: number;
  /** Monotonic time of the call's deadline. */
  readonly deadlineAt: number;
}

/**
 * Lets the body of an error end in time, whoever reads it: its text is then what has come by that. The timers of fetch
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

/** The chunks of a stream until its time is up or it is too long; then its end, and that of its connection. */
class BoundedSource implements ChunkSource {
  readonly #open: () => ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  readonly #times: ErrorTimes;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #timeUp: Promise<Chunk> | undefined;
  #cancelTimer: (() => void) | undefined;
  #bytes = 0;

  constructor(open: () => ReadableStream<Uint8Array>, clock: Clock, times: ErrorTimes) {
    this.#open = open;
    this.#clock = clock;
    this.#times = times;
  }

  async read(): Promise<Chunk> {
    const reader = (this.#reader ??= this.#open().getReader());
    this.#timeUp ??= this.#arm();
    let chunk: Chunk;
    try {
      chunk = this.#bytes > MOST_BYTES ? END : await Promise.race([reader.read(), this.#timeUp]);
    } catch (error) {
      this.#cancelTimer?.();
      throw error;
    }
    if (!chunk.done) {
      this.#bytes += chunk.value.byteLength;
      return chunk;
    }
    this.#cancelTimer?.();
    // Of a body that has ended by itself there is nothing to cancel.
    void reader.cancel().catch(() => undefined);
    return chunk;
  }

  async cancel(reason: unknown): Promise<void> {
    this.#cancelTimer?.();
    await (this.#reader ?? this.#open()).cancel(reason);
  }

  #arm(): Promise<Chunk> {
    const { leftMs, deadlineAt } = this.#times;
    const inMs = Math.max(LEAST_MS, Math.min(leftMs, deadlineAt - this.#clock.now()));
    return new Promise((resolve) => {
      this.#cancelTimer = this.#clock.after(inMs, () => resolve(END), { unref: true });
    });
  }
}

const END: Chunk = { done: true, value: undefined };
