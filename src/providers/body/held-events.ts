import { Buffer } from 'node:buffer';
import { FreeFrames } from '../apis/free-frames.ts';

/** Preambles are shorter than this; a stream with more is delivered. */
const MAX_BYTES = 1_048_576;
const MAX_CHUNKS = 10_000;

/** The held-back beginning of a stream, and the keep-alives that arrived after it. */
export class HeldEvents {
  /** Monotonic time at which the oldest of them came. */
  since = 0;
  readonly #held: Uint8Array[] = [];
  /** Keep-alives that arrived after the held events. */
  readonly #late: Uint8Array[] = [];
  readonly #frames = new FreeFrames();
  #bytes = 0;
  #chunks = 0;

  /** Whether anything is held. */
  get any(): boolean {
    return this.#held.length > 0 || this.#frames.hasRest;
  }

  get hasSigns(): boolean {
    return this.#late.length > 0;
  }

  /** Counts a chunk. False if it exceeds what may be held. */
  fits(chunk: Uint8Array, now: number): boolean {
    if (!this.any) {
      this.since = now;
      this.#bytes = 0;
      this.#chunks = 0;
    }
    this.#bytes += chunk.length;
    return this.#bytes <= MAX_BYTES && ++this.#chunks <= MAX_CHUNKS;
  }

  /** Keeps what the application would take for the beginning of an answer; returns the rest, which may pass at once. */
  hold(chunk: Uint8Array): Uint8Array | undefined {
    const waits = this.#held.length > 0;
    // A test double may yield text.
    const { before, held, behind } = this.#frames.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (before && waits) this.#late.push(before);
    if (held) this.#held.push(...this.#late.splice(0), held);
    if (behind) this.#late.push(behind);
    return waits ? undefined : before;
  }

  /** Appends a chunk to what is held: from now on everything is delivered in order. */
  followedBy(chunk: Uint8Array): void {
    const rest = this.#frames.take();
    this.#held.push(...this.#late.splice(0), ...(rest ? [rest, chunk] : [chunk]));
  }

  /** The keep-alives, which overtake held events. */
  takeSigns(): Uint8Array {
    const [first, ...more] = this.#late.splice(0);
    return more.length > 0 ? Buffer.concat([first!, ...more]) : first!;
  }

  /** What to deliver next. */
  take(): Uint8Array | undefined {
    return this.#held.shift() ?? this.#late.shift() ?? this.#frames.take();
  }

  clear(): void {
    this.#held.length = 0;
    this.#late.length = 0;
    this.#frames.take();
  }
}
