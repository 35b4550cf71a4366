import type { BodyEnd } from '../../core/body-end.ts';
import type { Chunk, ChunkSource, SourceReader } from './chunk-source.ts';
import { JsonTail } from './json-tail.ts';
import { webStreamOf } from './node-body.ts';
import type { TrackedBody } from './open-body.ts';
import { releaseAtEnd } from './read-helpers.ts';
import { type AnswerError, endOfText } from './read-answer.ts';

/** Errors are far shorter; a longer answer is not held. */
const MAX_HELD_BYTES = 65_536;

/**
 * Delivers the chunks of a body that is not an event stream. Until the first of them, another attempt's answer can
 * replace it. For that purpose JSON is held to its end, up to the size of an error; leading whitespace, with which some
 * servers keep a connection open, passes at once.
 */
export class ObservedBody implements ChunkSource {
  /** How it ends in good order if it is not JSON. */
  readonly #whole: BodyEnd;
  /** Opened at the first read: until then clone() may put another stream in its place. */
  readonly #open: () => ReadableStream<Uint8Array>;
  readonly #body: TrackedBody;
  readonly #tail: JsonTail | undefined;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #holding: boolean;
  #reader: SourceReader | undefined;
  /** The outcome to report after what was held. */
  #last: (() => Chunk) | undefined;
  /** The rest belongs to another attempt, which guards it: it passes untouched. */
  #replaced = false;

  constructor(open: () => ReadableStream<Uint8Array>, body: TrackedBody, json: boolean, whole: BodyEnd) {
    this.#open = open;
    this.#whole = whole;
    this.#body = body;
    this.#tail = json ? new JsonTail() : undefined;
    this.#holding = body.answers;
  }

  async read(): Promise<Chunk> {
    for (;;) {
      if (!this.#holding) {
        const value = this.#held.shift();
        if (value) return { done: false, value };
        if (this.#last) return this.#last();
      }
      const chunk = await this.#next();
      if (!chunk) continue;
      if (!this.#holding || this.#replaced) return chunk;
      this.#hold(chunk.value!);
      if (this.#heldBytes === 0) return chunk;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#body.cancel();
    if (this.#last) return;
    try {
      await (this.#reader ?? this.#open()).cancel(reason);
    } finally {
      this.#reader?.releaseLock();
    }
  }

  /** The next chunk that is to be handed over or held; undefined where there is something else to do first. */
  async #next(): Promise<Chunk | undefined> {
    let reader = this.#reader;
    try {
      if (!reader) {
        reader = this.#reader = this.#open().getReader();
        this.#body.take();
      }
      const source = reader;
      if (this.#replaced) return releaseAtEnd(await source.read(), source);
      const chunk = await this.#body.within(() => source.read());
      if (chunk.done) {
        source.releaseLock();
        return await this.#ended();
      }
      this.#tail?.push(chunk.value);
      this.#body.touch();
      return chunk;
    } catch (error) {
      if (this.#replaced) throw error;
      return this.#broken(error);
    }
  }

  async #ended(): Promise<Chunk | undefined> {
    const { end, error } = this.#tail ? endOfText(this.#tail.text(), this.#body) : { end: this.#whole };
    if (end.failure && this.#holding && (await this.#replace(end.failure, end))) return undefined;
    return this.#finish(this.#tell(end, error));
  }

  async #broken(thrown: unknown): Promise<Chunk | undefined> {
    const failure = this.#holding ? this.#body.failureOf(thrown) : undefined;
    if (failure && (await this.#replace(failure))) return undefined;
    return this.#finish(throwing(this.#body.fail(thrown, failure)));
  }

  /** Delivers held data first. */
  #finish(last: () => Chunk): Chunk | undefined {
    this.#last = last;
    if (!this.#holding && this.#held.length === 0) return last();
    this.#holding = false;
    return undefined;
  }

  /** Everything has arrived, whether or not its reader asks for the end. */
  #tell(end: BodyEnd, error: AnswerError | undefined): () => Chunk {
    const shown = error && this.#body.streamError(error.body);
    if (shown !== undefined) return throwing(this.#body.fail(shown, end.failure, end));
    this.#body.end(end);
    return () => END;
  }

  /** Replaces an undelivered answer by another attempt's, or by the error that ended the attempts. */
  async #replace(
    failure: NonNullable<BodyEnd['failure']>,
    { usage, response }: Partial<BodyEnd> = {},
  ): Promise<boolean> {
    let next: Response | undefined;
    try {
      next = await this.#body.replace(failure, { usage, response });
    } catch (error) {
      this.#drop();
      this.#last = throwing(error);
      return true;
    }
    if (!next) return false;
    this.#drop();
    this.#replaced = true;
    this.#reader = webStreamOf(next.body).getReader();
    return true;
  }

  #drop(): void {
    this.#held.length = 0;
    this.#holding = false;
  }

  #hold(chunk: Uint8Array): void {
    if (!this.#tail) {
      this.#holding = chunk.byteLength === 0;
      return;
    }
    const first = this.#heldBytes === 0 ? chunk.find((byte) => !isBlank(byte)) : OPEN_BRACE;
    if (first === undefined) return;
    // Not JSON, whatever its content type.
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) this.#holding = false;
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#holding = false;
  }
}

const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;
const END: Chunk = { done: true, value: undefined };

const throwing =
  (error: unknown): (() => never) =>
  () => {
    throw error;
  };

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
