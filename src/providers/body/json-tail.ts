import { Buffer } from 'node:buffer';

/** As much as what is looked for may be away from the end; the rest of a longer body is not kept. */
const KEPT_BYTES = 65_536;

/** The end of a body that somebody else reads chunk by chunk; of a short one, all of it. */
export class JsonTail {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** Copied: a stream of bytes takes the buffer of a chunk away when it is read. */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice());
    this.#bytes += chunk.byteLength;
    while (this.#bytes - this.#chunks[0]!.byteLength >= KEPT_BYTES) this.#bytes -= this.#chunks.shift()!.byteLength;
  }

  text(): string {
    return new TextDecoder().decode(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks));
  }
}
