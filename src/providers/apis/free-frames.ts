import { Buffer } from 'node:buffer';

const LF = 10;
const CR = 13;
const COLON = 58;

/** A longer frame is no sign of life: it is not searched for one. */
const MOST_SEARCHED_BYTES = 4_096;
const PING = /^event: ?ping\s*$|^data: ?\{\s*"type"\s*:\s*"ping"\s*\}\s*$/m;

/** Whole lines of a stream that is held back. */
export interface Part {
  readonly bytes: Uint8Array;
  /** Comments, blank lines and pings. */
  readonly free: boolean;
}

/**
 * Parts the bytes of an event stream that is held back: comments, blank lines and pings oblige to nothing and may pass,
 * whatever follows; all else waits. Only whole lines pass, so that another stream may go on behind them.
 */
export class FreeFrames {
  /** What has not come to its end yet. */
  #rest: Uint8Array = NOTHING;
  /** Where in `rest` the next line begins. */
  #at = 0;
  /** The rest has begun with a field. */
  #inFrame = false;

  get hasRest(): boolean {
    return this.#rest.byteLength > 0;
  }

  /** Adds bytes; gives what has become whole, in order. */
  push(bytes: Uint8Array): Part[] {
    const all = this.hasRest ? Buffer.concat([this.#rest, bytes]) : bytes;
    const parts: Part[] = [];
    let start = 0;
    let lineAt = this.#at;
    for (let end = endOfLine(all, lineAt); end !== -1; end = endOfLine(all, lineAt)) {
      const first = all[lineAt];
      const blank = first === LF || first === CR;
      lineAt = end;
      if (this.#inFrame) {
        if (!blank) continue;
        this.#inFrame = false;
        parts.push({ bytes: all.subarray(start, end), free: isPing(all, start, end) });
      } else if (blank || first === COLON) parts.push({ bytes: all.subarray(start, end), free: true });
      else {
        this.#inFrame = true;
        continue;
      }
      start = end;
    }
    this.#rest = all.subarray(start);
    this.#at = lineAt - start;
    if (this.#rest.byteLength > MOST_SEARCHED_BYTES) parts.push({ bytes: this.take()!, free: false });
    return parts;
  }

  /** The rest, which nobody waits for any longer. */
  take(): Uint8Array | undefined {
    const rest = this.#rest;
    this.#rest = NOTHING;
    this.#at = 0;
    return rest.byteLength > 0 ? rest : undefined;
  }
}

const NOTHING = new Uint8Array();

/** Where the line that begins at `from` ends, its break included; -1 where it does not. */
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
