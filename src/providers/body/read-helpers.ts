import type { Chunk, SourceReader } from './chunk-source.ts';

/** Passes a chunk through; releases the lock of its stream after the last one. */
export function releaseAtEnd(chunk: Chunk, reader: SourceReader): Chunk {
  if (chunk.done) reader.releaseLock();
  return chunk;
}

/** A rejected promise that never counts as unhandled, since it may be awaited late or never. */
export function handledRejection(reason: unknown): Promise<never> {
  const rejected = Promise.reject(reason);
  rejected.catch(() => undefined);
  return rejected;
}
