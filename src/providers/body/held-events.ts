import { Buffer } from 'node:buffer';
import { FreeFrames } from '../apis/free-frames.ts';

/** What comes before the content is less than this; a stream that has more of it is handed over. */
const MAX_BYTES = 1_048_576;
const MAX_CHUNKS = 10_000;

/** The beginning of a stream that is held back, and the signs of life that came behind it. */
export class HeldEvents {
  /** Monotonic time at which the oldest of them came. */
  since = 0;
  readonly #held: Uint8Array[] = [];
  /** Signs of life that came behind what is held. */
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

  /** Counts a chunk that has come. False where it is more than may be held. */
  fits(chunk: Uint8Array, now: number): boolean {
    if (!this.any) {
      this.since = now;
      this.#bytes = 0;
      this.#chunks = 0;
    }
    this.#bytes += chunk.length;
    return this.#bytes <= MAX_BYTES && ++this.#chunks <= MAX_CHUNKS;
  }

  /** Keeps what the application would take for the beginning of an answer; gives what it may have at once. */
  hold(chunk: Uint8Array): Uint8Array | undefined {
    const waits = this.#held.length > 0;
    // A stand-in of a test may give text.
    const { before, held, behind } = this.#frames.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (before && waits) this.#late.push(before);
    if (held) this.#held.push(...this.#late.splice(0), held);
    if (behind) this.#late.push(behind);
    return waits ? undefined : before;
  }

  /** Puts a chunk behind all that is held: from now on everything is handed over in its order. */
  followedBy(chunk: Uint8Array): void {
    const rest = this.#frames.take();
    this.#held.push(...this.#late.splice(0), ...(rest ? [rest, chunk] : [chunk]));
  }

  /** The signs of life, which overtake what is held. */
  takeSigns(): Uint8Array {
    const [first, ...more] = this.#late.splice(0);
    return more.length > 0 ? Buffer.concat([first!, ...more]) : first!;
  }

  /** What is to be handed over next. */
  take(): Uint8Array | undefined {
    return this.#held.shift() ?? this.#late.shift() ?? this.#frames.take();
  }

  clear(): void {
    this.#held.length = 0;
    this.#late.length = 0;
    this.#frames.take();
  }
}
