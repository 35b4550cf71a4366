export type Chunk = ReadableStreamReadResult<Uint8Array>;
export type SourceReader = ReadableStreamDefaultReader<Uint8Array>;

/** Source of the bytes of a replacement stream. */
export interface ChunkSource {
  read(): Promise<Chunk>;
  cancel(reason: unknown): Promise<void>;
  /** Whether any number of reads may be under way, all of which end at once when it is cancelled. */
  readonly flows?: boolean;
  /** To be told how it ends. */
  listener?: SourceListener;
}

export interface SourceListener {
  closed(): void;
  broken(error: unknown): void;
}
