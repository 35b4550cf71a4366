import { Buffer } from 'node:buffer';

export type Chunk = ReadableStreamReadResult<Uint8Array>;

/** Where the bytes of a stream that stands in for another come from. */
export interface ChunkSource {
  read(): Promise<Chunk>;
  cancel(reason: unknown): Promise<void>;
}

/**
 * A stream in place of `original`, whose chunks pass through our hands one by one. It is of the same kind:
 * who could read the original into buffers of his own (`getReader({ mode: 'byob' })`) can do so here.
 */
export function standIn(
  original: ReadableStream<Uint8Array> | undefined,
  source: ChunkSource,
): ReadableStream<Uint8Array> {
  const cancel = (reason: unknown): Promise<void> => source.cancel(reason);
  if (!isByteStream(original)) {
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await source.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel,
      },
      { highWaterMark: 0 },
    );
  }
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const value = await nextBytes(source);
      if (value) {
        controller.enqueue(value);
        return;
      }
      controller.close();
      // A buffer that waits to be filled is given back.
      controller.byobRequest?.respond(0);
    },
    cancel,
  });
}

/** The next bytes in a buffer of their own, since a stream of bytes takes their buffer away; undefined at the end. */
async function nextBytes(source: ChunkSource): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (;;) {
    const { done, value } = await source.read();
    if (done) return undefined;
    // A stand-in of a test may give text.
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    if (bytes.byteLength === 0) continue;
    return bytes.byteLength === bytes.buffer.byteLength ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  }
}

function isByteStream(stream: ReadableStream<Uint8Array> | undefined): boolean {
  if (!stream) return false;
  const { stackTraceLimit } = Error;
  try {
    // Nobody sees the error of one that is none, and its stack costs more than all else of it.
    Reflect.set(Error, 'stackTraceLimit', 0);
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    // Of another kind, or being read already.
    return false;
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

export function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof (value as ReadableStream | null)?.getReader === 'function';
}
