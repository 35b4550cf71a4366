import { Buffer, isAscii } from 'node:buffer';

const LF = 10;
const CR = 13;

/**
 * Incremental parser of server-sent events over raw bytes, for looking at a stream that
 * somebody else consumes. Calls `onEvent` with each event's name and data, in order.
 */
export class SseScanner {
  readonly #onEvent: (event: string | null, data: string) => void;
  /** Made for the first bytes that are no ASCII; from there on it may hold a part of a character. */
  #decoder: TextDecoder | undefined;
  /** Pieces of a line that has not ended. Joined once: an event may have a picture of many megabytes in one line. */
  #pieces: string[] = [];
  #event: string | null = null;
  #data: string | null = null;

  constructor(onEvent: (event: string | null, data: string) => void) {
    this.#onEvent = onEvent;
  }

  push(chunk: Uint8Array | string): void {
    const text = typeof chunk === 'string' ? chunk : this.#decode(chunk);
    if (text === '') return;
    const endsWithCr = this.#pieces.at(-1)?.endsWith('\r') === true;
    const hasCr = endsWithCr || text.includes('\r');
    if (!hasCr && !text.includes('\n')) {
      this.#pieces.push(text);
      return;
    }
    const rest = this.#pieces.join('');
    const buffer = rest + text;
    const start = hasCr
      ? this.#lines(buffer, endsWithCr ? rest.length - 1 : rest.length)
      : this.#plainLines(buffer, rest.length);
    this.#pieces = start === buffer.length ? [] : [buffer.slice(start)];
  }

  /** The stream has ended: a last event without its blank line still counts. */
  end(): void {
    const rest = this.#pieces.join('') + (this.#decoder?.decode() ?? '');
    this.#pieces = [];
    if (rest) this.#line(rest.endsWith('\r') ? rest.slice(0, -1) : rest);
    this.#line('');
  }

  #decode(chunk: Uint8Array): string {
    if (!this.#decoder && isAscii(chunk)) return latin1Slice.call(chunk);
    this.#decoder ??= new TextDecoder();
    return this.#decoder.decode(chunk, { stream: true });
  }

  /** Reads the lines that end with LF; none does before `from`. Returns where the rest begins. */
  #plainLines(buffer: string, from: number): number {
    let start = 0;
    for (let end = buffer.indexOf('\n', from); end !== -1; end = buffer.indexOf('\n', start)) {
      this.#line(buffer.slice(start, end));
      start = end + 1;
    }
    return start;
  }

  /** The same where lines may end with CR or CRLF too. */
  #lines(buffer: string, from: number): number {
    let start = 0;
    for (let index = from; index < buffer.length; index++) {
      const code = buffer.charCodeAt(index);
      if (code !== LF && code !== CR) continue;
      // A CR at the very end may be half of a CRLF.
      if (code === CR && index + 1 === buffer.length) break;
      this.#line(buffer.slice(start, index));
      if (code === CR && buffer.charCodeAt(index + 1) === LF) index++;
      start = index + 1;
    }
    return start;
  }

  #line(line: string): void {
    if (line === '') {
      const event = this.#event;
      const data = this.#data;
      if (event === null && data === null) return;
      this.#event = null;
      this.#data = null;
      this.#onEvent(event, data ?? '');
      return;
    }
    if (line.startsWith('data:')) {
      const data = value(line, 5);
      this.#data = this.#data === null ? data : `${this.#data}\n${data}`;
    } else if (line.startsWith('event:')) this.#event = value(line, 6);
  }
}

/** A copy of ASCII bytes as a string, without the stateful decoder's cost. */
const latin1Slice = Buffer.prototype.latin1Slice as (this: Uint8Array) => string;

function value(line: string, from: number): string {
  return line.charCodeAt(from) === 32 ? line.slice(from + 1) : line.slice(from);
}
