export type Chunk = ReadableStreamReadResult<Uint8Array>;
export type SourceReader = ReadableStreamDefaultReader<Uint8Array>;

/** Source of the bytes of a replacement stream. */
export interface ChunkSource {
  read(): Promise<Chunk>;
  cancel(reason: unknown): Promise<void>;
  /** Whether several reads may be pending, all of which end at once when the source is cancelled. */
  readonly flows?: boolean;
  /** Notified of the end. */
  listener?: SourceListener;
}

export interface SourceListener {
  closed(): void;
  broken(error: unknown): void;
}
