import type { Chunk, ChunkSource, SourceListener, SourceReader } from './chunk-source.ts';

type Stream = ReadableStream<Uint8Array>;

interface Request {
  resolve(chunk: Chunk): void;
  reject(error: unknown): void;
}

/**
 * Reads of a replacement stream, answered by its source in order. The stream's reader and iterator get chunks straight
 * from the source: the stream is locked, and closes, fails and is cancelled with its source, but its queue, which would be
 * empty anyway and would double the cost of a chunk, is bypassed.
 */
export class DirectReads implements ChunkSource, SourceListener {
  #source: ChunkSource;
  #controller!: ReadableStreamController<Uint8Array>;
  /** The source is read one chunk at a time. */
  #requests: Request[] = [];
  #asking = false;
  /** A chunk that arrived after its reader had left. */
  #left: Chunk | undefined;
  /** Whether the stream's own queue was used, and may hold chunks. */
  #pulled = false;
  #over = false;
  /** Releases the lock at the end. */
  #iterator: DirectIterator | undefined;

  constructor(source: ChunkSource) {
    this.#source = source;
    source.listener = this;
  }

  readonly start = (controller: ReadableStreamController<Uint8Array>): void => {
    this.#controller = controller;
  };

  /** Makes the stream hand out our readers and iterators. */
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

  /** Reads for the stream itself, whose consumer uses neither (a pipe, a tee, a BYOB reader). */
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
    const source = this.#source;
    this.#source = ENDED;
    return source.cancel(reason);
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
    this.#source = ENDED;
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

/** Behaves as a stream's own iterator does at the end. */
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

// The prototype of all async iterators, including those of streams.
const { prototype: generators } = Object.getPrototypeOf(async function* () {}) as { readonly prototype: object };
Object.setPrototypeOf(DirectIterator.prototype, Object.getPrototypeOf(generators) as object);

const METHOD = { configurable: true, writable: true };
const END: Chunk = { done: true, value: undefined };
/** Takes the place of a source that has ended: a response that was read may be kept for long. */
const ENDED: ChunkSource = { read: () => Promise.resolve(END), cancel: () => Promise.resolve() };
