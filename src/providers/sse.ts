const LF = 10;
const CR = 13;

/**
 * Incremental parser of server-sent events over raw bytes, for looking at a stream that
 * somebody else consumes. Calls `onEvent` with each event's name and data, in order.
 */
export class SseScanner {
  readonly #decoder = new TextDecoder();
  readonly #onEvent: (event: string | null, data: string) => void;
  #rest = '';
  #event: string | null = null;
  #data: string[] = [];

  constructor(onEvent: (event: string | null, data: string) => void) {
    this.#onEvent = onEvent;
  }

  push(chunk: Uint8Array | string): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
    const buffer = this.#rest + text;
    let start = 0;
    for (let index = this.#rest.length; index < buffer.length; index++) {
      const code = buffer.charCodeAt(index);
      if (code !== LF && code !== CR) continue;
      // A CR at the very end may be half of a CRLF.
      if (code === CR && index + 1 === buffer.length) break;
      this.#line(buffer.slice(start, index));
      if (code === CR && buffer.charCodeAt(index + 1) === LF) index++;
      start = index + 1;
    }
    this.#rest = start === 0 ? buffer : buffer.slice(start);
  }

  /** The stream has ended: a last event without its blank line still counts. */
  end(): void {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    if (rest) this.#line(rest.endsWith('\r') ? rest.slice(0, -1) : rest);
    this.#line('');
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0 || this.#event !== null) this.#onEvent(this.#event, this.#data.join('\n'));
      this.#event = null;
      this.#data = [];
      return;
    }
    if (line.startsWith('data:')) this.#data.push(value(line, 5));
    else if (line.startsWith('event:')) this.#event = value(line, 6);
  }
}

function value(line: string, from: number): string {
  return line.charCodeAt(from) === 32 ? line.slice(from + 1) : line.slice(from);
}
