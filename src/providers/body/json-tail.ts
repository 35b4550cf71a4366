import { Buffer } from 'node:buffer';

/** How far from the end the fields may be; the rest of a longer body is not kept. */
const KEPT_BYTES = 65_536;

/** The last bytes of a body that the application reads chunk by chunk; all but the first byte of a short one. */
export class JsonTail {
  readonly #chunks: Uint8Array[] = [];
  #first: Uint8Array | undefined;
  #bytes = 0;
  #dropped = false;

  /** Copied, since a byte stream transfers a chunk's buffer when it is read. */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    const end = chunk.slice(-KEPT_BYTES);
    this.#first ??= chunk.slice(0, 1);
    this.#dropped ||= end.byteLength < chunk.byteLength;
    this.#chunks.push(end);
    this.#bytes += end.byteLength;
    while (this.#bytes - this.#chunks[0]!.byteLength >= KEPT_BYTES) {
      this.#bytes -= this.#chunks.shift()!.byteLength;
      this.#dropped = true;
    }
  }

  text(): string {
    // The first byte determines how the body should end.
    const chunks = this.#dropped ? [this.#first!, ...this.#chunks] : this.#chunks;
    return new TextDecoder().decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  }
}
