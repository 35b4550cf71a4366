/** A longer text is read no further than its ends: an event may bring a picture of many megabytes. */
export const MAX_CHARS = 131_072;
/** Types and ids stand at the beginning. */
const HEAD_CHARS = 4_096;
/** Counts stand at the end. */
export const TAIL_CHARS = 65_536;

/** The text, or its two ends where it is too long. */
export function clip(text: string): string {
  return text.length > MAX_CHARS ? text.slice(0, HEAD_CHARS) + text.slice(-TAIL_CHARS) : text;
}

/** Text that comes in pieces, of which no more than the ends is kept once it is too long. */
export class ClippedText {
  #pieces: string[] = [];
  #length = 0;
  #clipped = false;

  add(piece: string): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length <= 2 * MAX_CHARS) return;
    const kept = clip(this.#pieces.join(''));
    this.#pieces = [kept];
    this.#length = kept.length;
    this.#clipped = true;
  }

  /** The last characters; of use to who looks for the end of a line. */
  endsWith(text: string): boolean {
    return this.#pieces.at(-1)?.endsWith(text) === true;
  }

  get clipped(): boolean {
    return this.#clipped;
  }

  /** What was kept; from here on there is nothing. */
  take(): string {
    const text = this.#pieces.length === 1 ? this.#pieces[0]! : this.#pieces.join('');
    this.#pieces = [];
    this.#length = 0;
    this.#clipped = false;
    return text;
  }
}
