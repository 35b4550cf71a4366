import { JsonTail } from './json-tail.ts';
import { parseJson } from '../parse/json.ts';

const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;
const LESS_THAN = 60;
/** Length of a byte order mark, which is skipped. */
const MARK: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);

/** A JSON error or a page that a server sends in place of events, whatever its content type. */
export class NonEventBody {
  #first: number | undefined;
  readonly #tail = new JsonTail();

  push(chunk: Uint8Array | string): void {
    // A test double may yield text.
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    this.#first ??= bytes.find((byte) => byte > 32 && !MARK.has(byte));
    if (this.#first === OPEN_BRACE || this.#first === OPEN_BRACKET) this.#tail.push(bytes);
  }

  get isPage(): boolean {
    return this.#first === LESS_THAN;
  }

  /** The parsed value, if the text is JSON and short enough to be an error. */
  json(): unknown {
    return this.#first === OPEN_BRACE || this.#first === OPEN_BRACKET ? parseJson(this.#tail.text()) : undefined;
  }
}
