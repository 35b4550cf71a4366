import { Buffer, isAscii } from 'node:buffer';
import { clip, ClippedText, MAX_CHARS } from './clipped-text.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
/** Name for an error in a field of its own, as llama.cpp sent it until September 2025: readers of events skip it. */
export const ERROR_FIELD = 'error:';
/** Bytes of a chunk that are parsed in one go. */
export const SLICE = 65_536;

/**
 * Incremental parser of server-sent events over raw bytes, for looking at a stream that
 * another reader consumes. Calls `onEvent` with each event's name and data, in order; `clipped` if the data was too
 * long and only its two ends were kept.
 */
export class SseScanner {
  readonly #onEvent: (event: string | null, data: string, clipped: boolean) => void;
  /** Created at the first non-ASCII bytes; from then on it may hold part of a character. */
  #decoder: TextDecoder | undefined;
  /** The unfinished line. */
  readonly #rest = new ClippedText();
  #event: string | null = null;
  #data: string | null = null;
  #clipped = false;
  #begun = false;
  /** The last line ended with CR, of which the LF may follow. */
  #afterCr = false;

  constructor(onEvent: (event: string | null, data: string, clipped: boolean) => void) {
    this.#onEvent = onEvent;
  }

  push(chunk: Uint8Array | string): void {
    for (let from = 0; from < chunk.length;) from = this.pushSlice(chunk, from);
  }

  /** Parses a slice of a chunk, at most a millisecond's work; returns where the next one begins. */
  pushSlice(chunk: Uint8Array | string, from: number): number {
    const to = Math.min(chunk.length, from + SLICE);
    // The middle of a long line is not even decoded.
    if (this.#rest.clipped && from + 2 * SLICE < chunk.length && isWithinLine(chunk, from)) this.#decoder = undefined;
    else if (to - from === chunk.length) this.#push(chunk);
    else this.#push(typeof chunk === 'string' ? chunk.slice(from, to) : chunk.subarray(from, to));
    return to;
  }

  /** The stream has ended: a last event without its blank line still counts. */
  end(): void {
    const last = this.#decoder?.decode() ?? '';
    if (last) this.#rest.add(last);
    this.#clipped ||= this.#rest.clipped;
    const rest = this.#rest.take();
    if (rest) this.#line(rest);
    this.#line('');
  }

  #push(chunk: Uint8Array | string): void {
    const decoded = typeof chunk === 'string' ? chunk : this.#decode(chunk);
    if (decoded === '') return;
    const text = this.#afterCr && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    this.#afterCr = decoded.endsWith('\r');
    if (text === '' || this.#isWholeEvent(text)) return;
    const hasCr = text.includes('\r');
    if (!hasCr && !text.includes('\n')) {
      this.#rest.add(text);
      return;
    }
    // The tail of a line that ends here at the latest.
    this.#clipped ||= this.#rest.clipped;
    const rest = this.#rest.take();
    const buffer = rest + text;
    const start = hasCr ? this.#lines(buffer, rest.length) : this.#plainLines(buffer, rest.length);
    if (start < buffer.length) this.#rest.add(buffer.slice(start));
  }

  /** Reads what most chunks are: one event of one line of data, at about half the cost of reading line by line. */
  #isWholeEvent(text: string): boolean {
    if (!this.#isBetweenEvents || text.length > MAX_CHARS) return false;
    const named = text.startsWith('event:');
    const from = named ? text.indexOf('\n') + 1 : 0;
    if (!text.startsWith('data:', from)) return false;
    const end = text.indexOf('\n', from);
    if (end !== text.length - 2 || text.charCodeAt(end + 1) !== LF || text.includes('\r')) return false;
    this.#onEvent(named ? value(text, 6, from - 1) : null, value(text, from + 5, end), false);
    return true;
  }

  get #isBetweenEvents(): boolean {
    return this.#rest.isEmpty && this.#event === null && this.#data === null && !this.#clipped;
  }

  #decode(chunk: Uint8Array): string {
    if (!this.#decoder && isAscii(chunk)) {
      this.#begun ||= chunk.length > 0;
      return latin1Slice.call(chunk);
    }
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
    const text = this.#decoder.decode(chunk, { stream: true });
    // A byte order mark counts only at the beginning of the stream. Node's decoder would strip two if the first is split.
    const marked = !this.#begun && text.startsWith('\uFEFF');
    this.#begun ||= text !== '';
    return marked ? text.slice(1) : text;
  }

  /** Reads the lines that end with LF; there is none before `from`. Returns where the rest begins. */
  #plainLines(buffer: string, from: number): number {
    let start = 0;
    for (let end = buffer.indexOf('\n', from); end !== -1; end = buffer.indexOf('\n', start)) {
      this.#line(buffer.slice(start, end));
      start = end + 1;
    }
    return start;
  }

  /** The same for lines that may also end with CR or CRLF. */
  #lines(buffer: string, from: number): number {
    let start = 0;
    for (let index = from; index < buffer.length; index++) {
      const code = buffer.charCodeAt(index);
      if (code !== LF && code !== CR) continue;
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
      const clipped = this.#clipped || (data !== null && data.length > MAX_CHARS);
      this.#event = null;
      this.#data = null;
      this.#clipped = false;
      this.#onEvent(event, data === null ? '' : clip(data), clipped);
      return;
    }
    if (line.startsWith('data:')) {
      const data = value(line, 5);
      this.#data = this.#data === null ? data : `${this.#data}\n${data}`;
      if (this.#data.length > 2 * MAX_CHARS) {
        this.#data = clip(this.#data);
        this.#clipped = true;
      }
    } else if (line.startsWith('event:')) this.#event = value(line, 6);
    else if (line.startsWith('error:')) {
      this.#event = ERROR_FIELD;
      this.#data = value(line, 6);
    }
  }
}

/** Whether the line goes on for this slice of a chunk and the next. */
function isWithinLine(chunk: Uint8Array | string, from: number): boolean {
  const both = typeof chunk === 'string' ? chunk.slice(from, from + 2 * SLICE) : chunk.subarray(from, from + 2 * SLICE);
  return typeof both === 'string'
    ? !both.includes('\n') && !both.includes('\r')
    : !both.includes(LF) && !both.includes(CR);
}

/** A copy of ASCII bytes as a string, without the stateful decoder's cost. */
const latin1Slice = Buffer.prototype.latin1Slice as (this: Uint8Array) => string;

/** What stands behind a field's colon, up to `end`. */
function value(text: string, from: number, end: number = text.length): string {
  return text.slice(from < end && text.charCodeAt(from) === SPACE ? from + 1 : from, end);
}
