import type { Chunk, ChunkSource, SourceListener, SourceReader } from './chunk-source.ts';

type Stream = ReadableStream<Uint8Array>;

interface Request {
  resolve(chunk: Chunk): void;
  reject(error: unknown): void;
}

/**
 * The reads of a stand-in, answered by its source one after the other. Whoever takes the stream's reader or its iterator
 * is answered at first hand: the stream is locked by a reader of its own, and is closed, broken or cancelled as its source is, but
 * the chunks do not pass through its queue, which is empty anyway and would double what they cost.
 */
export class DirectReads implements ChunkSource, SourceListener {
  readonly #source: ChunkSource;
  #controller!: ReadableStreamController<Uint8Array>;
  /** The source is asked for one at a time. */
  #requests: Request[] = [];
  #asking = false;
  /** What came when its reader had gone. */
  #left: Chunk | undefined;
  /** From then on the stream may have chunks in its queue. */
  #pulled = false;
  #over = false;
  /** Whoever iterates gives the lock back at the end. */
  #iterator: DirectIterator | undefined;

  constructor(source: ChunkSource) {
    this.#source = source;
    source.listener = this;
  }

  readonly start = (controller: ReadableStreamController<Uint8Array>): void => {
    this.#controller = controller;
  };

  /** Gives the stream readers of ours. */
  openTo(stream: Stream): Stream {
    const { getReader, [Symbol.asyncIterator]: iterate } = stream;
    Object.defineProperty(stream, 'getReader', {
      ...METHOD,
      value: (options?: ReadableStreamGetReaderOptions) => {
        const reader = getReader.call(stream, options as undefined) as SourceReader;
        return this.#pulled || options?.mode === 'byob' ? reader : this.#direct(reader);
      },
    });
    Object.defineProperty(stream, Symbol.asyncIterator, {
      ...METHOD,
      value: (options?: ReadableStreamIteratorOptions) =>
        this.#pulled || options
          ? iterate.call(stream, options)
          : (this.#iterator = new DirectIterator(this, stream.getReader())),
    });
    return stream;
  }

  #direct(reader: SourceReader): SourceReader {
    const { read, releaseLock } = reader;
    let released = false;
    return Object.defineProperties(reader, {
      read: { ...METHOD, value: () => (this.#over || released ? read.call(reader) : this.read()) },
      releaseLock: {
        ...METHOD,
        value: () => {
          releaseLock.call(reader);
          released = true;
          for (const { reject } of this.#taken()) reject(new TypeError('The reader was released.'));
        },
      },
    });
  }

  /** As the stream reads, for those that do so by other means. */
  pull(): Promise<Chunk> {
    this.#pulled = true;
    return this.read();
  }

  read(): Promise<Chunk> {
    if (this.#source.flows && !this.#asking && !this.#left) return this.#source.read();
    return new Promise((resolve, reject) => {
      const left = this.#left;
      this.#left = undefined;
      if (left) {
        resolve(left);
        return;
      }
      this.#requests.push({ resolve, reject });
      if (!this.#asking) this.#ask();
    });
  }

  readonly cancel = (reason: unknown): Promise<void> => {
    this.#over = true;
    for (const request of this.#taken()) request.resolve(END);
    return this.#source.cancel(reason);
  };

  #ask(): void {
    this.#asking = true;
    try {
      this.#source.read().then(this.#arrived, this.#broke);
    } catch (error) {
      this.#broke(error);
    }
  }

  readonly #arrived = (chunk: Chunk): void => {
    this.#asking = false;
    if (chunk.done) {
      this.closed();
      return;
    }
    const request = this.#requests.shift();
    if (request) request.resolve(chunk);
    else this.#left = chunk;
    if (this.#requests.length > 0) this.#ask();
  };

  readonly #broke = (error: unknown): void => {
    this.#asking = false;
    this.broken(error);
  };

  closed(): void {
    if (!this.#over) {
      this.#over = true;
      this.#controller.close();
    }
    for (const request of this.#taken()) request.resolve(END);
    this.#iterator?.end();
  }

  broken(error: unknown): void {
    if (!this.#over) {
      this.#over = true;
      this.#controller.error(error);
    }
    for (const request of this.#taken()) request.reject(error);
    this.#iterator?.end();
  }

  #taken(): Request[] {
    const taken = this.#requests;
    this.#requests = [];
    return taken;
  }
}

/** Ends as the iterators of streams do. */
class DirectIterator {
  readonly #reads: DirectReads;
  readonly #reader: SourceReader;
  #over = false;

  constructor(reads: DirectReads, reader: SourceReader) {
    this.#reads = reads;
    this.#reader = reader;
  }

  next(): Promise<Chunk> {
    return this.#over ? Promise.resolve(END) : this.#reads.read();
  }

  async return(reason?: unknown): Promise<IteratorReturnResult<unknown>> {
    if (!this.#over) {
      const cancelled = this.#reader.cancel(reason);
      this.end();
      await cancelled;
    }
    return { done: true, value: reason };
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.releaseLock();
  }
}

// What all async iterators have, those of streams too.
const { prototype: generators } = Object.getPrototypeOf(async function* () {}) as { readonly prototype: object };
Object.setPrototypeOf(DirectIterator.prototype, Object.getPrototypeOf(generators) as object);

const METHOD = { configurable: true, writable: true };
const END: Chunk = { done: true, value: undefined };
