import { Buffer } from 'node:buffer';

const LF = 10;
const CR = 13;
const COLON = 58;

/** Longer frames are not checked for being keep-alives. */
const MAX_SEARCHED_BYTES = 4_096;
/** Larger chunks are not searched for keep-alives. */
const MAX_SEARCHED_CHUNK = 65_536;
const PING = /^event: ?ping\s*$|^data: ?\{\s*"type"\s*:\s*"ping"\s*\}\s*$/m;

/** Whole lines of a stream that is held back, in order. Each may be missing. */
export interface Parts {
  /** Comments, blank lines and pings before the held frames. */
  readonly before: Uint8Array | undefined;
  /** From the first held frame to the last, with everything between them. */
  readonly held: Uint8Array | undefined;
  /** Comments, blank lines and pings behind it. */
  readonly behind: Uint8Array | undefined;
}

/**
 * Splits the bytes of a held-back event stream: comments, blank lines and pings commit to nothing and may pass,
 * whatever follows; everything else waits. Only whole lines pass, so that another stream may continue after them.
 */
export class FreeFrames {
  /** The unfinished rest. */
  #rest: Uint8Array = NOTHING;
  /** Where in `rest` the next line begins. */
  #at = 0;
  /** Whether the rest begins with a field. */
  #inFrame = false;

  get hasRest(): boolean {
    return this.#rest.byteLength > 0;
  }

  /** Adds bytes; returns what is complete, as views: a server may send a million blank lines. */
  push(bytes: Uint8Array): Parts {
    const all = this.hasRest ? Buffer.concat([this.#rest, bytes]) : bytes;
    if (bytes.byteLength > MAX_SEARCHED_CHUNK) {
      this.take();
      // A frame of unknown length: everything up to the next blank line belongs to it.
      this.#inFrame = true;
      return { before: undefined, held: all, behind: undefined };
    }
    let start = 0;
    let lineAt = this.#at;
    let heldFrom = -1;
    let heldTo = -1;
    for (let end = endOfLine(all, lineAt); end !== -1; end = endOfLine(all, lineAt)) {
      const first = all[lineAt];
      const blank = first === LF || first === CR;
      lineAt = end;
      if (this.#inFrame) {
        if (!blank) continue;
        this.#inFrame = false;
        if (!isPing(all, start, end)) {
          if (heldFrom === -1) heldFrom = start;
          heldTo = end;
        }
      } else if (!blank && first !== COLON) {
        this.#inFrame = true;
        continue;
      }
      start = end;
    }
    this.#rest = all.subarray(start);
    this.#at = lineAt - start;
    if (this.#rest.byteLength > MAX_SEARCHED_BYTES) {
      this.take();
      if (heldFrom === -1) heldFrom = start;
      heldTo = all.byteLength;
    }
    if (heldFrom === -1) return { before: part(all, 0, start), held: undefined, behind: undefined };
    return { before: part(all, 0, heldFrom), held: part(all, heldFrom, heldTo), behind: part(all, heldTo, start) };
  }

  /** Returns the rest, for which no reader is waiting. */
  take(): Uint8Array | undefined {
    const rest = this.#rest;
    this.#rest = NOTHING;
    this.#at = 0;
    return rest.byteLength > 0 ? rest : undefined;
  }
}

const NOTHING = new Uint8Array();

function part(bytes: Uint8Array, from: number, to: number): Uint8Array | undefined {
  return to > from ? bytes.subarray(from, to) : undefined;
}

/** End of the line that begins at `from`, its break included; -1 if it is unfinished. */
function endOfLine(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.byteLength; at++) {
    if (bytes[at] === LF) return at + 1;
    if (bytes[at] !== CR) continue;
    // It may be half of a CRLF.
    if (at + 1 === bytes.byteLength) return -1;
    return bytes[at + 1] === LF ? at + 2 : at + 1;
  }
  return -1;
}

function isPing(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start < 200 && PING.test(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
}
