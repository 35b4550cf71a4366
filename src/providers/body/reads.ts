import type { Chunk, SourceReader } from './chunk-source.ts';

/** A chunk of a reader, which gives its stream free with the last. */
export function unlocked(chunk: Chunk, reader: SourceReader): Chunk {
  if (chunk.done) reader.releaseLock();
  return chunk;
}

/** A failed read whose rejection may be awaited later, or never. */
export function rejection(reason: unknown): Promise<never> {
  const rejected = Promise.reject(reason);
  rejected.catch(() => undefined);
  return rejected;
}
