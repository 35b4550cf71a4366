import { Buffer } from 'node:buffer';
import type { ChunkSource } from './chunk-source.ts';
import { DirectReads } from './direct-reads.ts';

/**
 * A stream in place of `original` that passes its chunks on one by one. It is of the same kind:
 * if the original supports `getReader({ mode: 'byob' })`, so does this one.
 */
export function standIn(
  original: ReadableStream<Uint8Array> | undefined,
  source: ChunkSource,
): ReadableStream<Uint8Array> {
  const reads = new DirectReads(source);
  const { start, cancel } = reads;
  if (!isByteStream(original)) {
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const { done, value } = await reads.pull();
      if (!done) controller.enqueue(value);
    };
    return reads.openTo(new ReadableStream<Uint8Array>({ start, pull, cancel }, { highWaterMark: 0 }));
  }
  const pull = async (controller: ReadableByteStreamController): Promise<void> => {
    const value = await nextBytes(reads);
    if (value) controller.enqueue(value);
    // Releases a buffer that is waiting to be filled.
    else controller.byobRequest?.respond(0);
  };
  return reads.openTo(new ReadableStream({ type: 'bytes', start, pull, cancel }));
}

/** The next bytes in a buffer of their own, since a byte stream transfers the buffer; undefined at the end. */
async function nextBytes(reads: DirectReads): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (;;) {
    const { done, value } = await reads.pull();
    if (done) return undefined;
    // A test double may yield text.
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    if (bytes.byteLength === 0) continue;
    return bytes.byteLength === bytes.buffer.byteLength ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  }
}

function isByteStream(stream: ReadableStream<Uint8Array> | undefined): boolean {
  if (!stream) return false;
  const { stackTraceLimit } = Error;
  try {
    // The error for another kind of stream is discarded, and capturing its stack would be the largest cost.
    Reflect.set(Error, 'stackTraceLimit', 0);
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    // Not a byte stream, or already locked.
    return false;
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

export function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof (value as ReadableStream | null)?.getReader === 'function';
}
