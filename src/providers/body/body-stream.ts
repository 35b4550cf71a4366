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
    // A buffer that waits to be filled is given back.
    else controller.byobRequest?.respond(0);
  };
  return reads.openTo(new ReadableStream({ type: 'bytes', start, pull, cancel }));
}

/** The next bytes in a buffer of their own, since a stream of bytes takes their buffer away; undefined at the end. */
async function nextBytes(reads: DirectReads): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (;;) {
    const { done, value } = await reads.pull();
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
    // The error of a stream that is none is never seen, and its stack would be the largest cost.
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
