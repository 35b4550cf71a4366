/** Only the two ends of a longer text are read: an event may contain an image of many megabytes. */
export const MAX_CHARS = 131_072;
/** Types and ids stand at the beginning. */
const HEAD_CHARS = 4_096;
/** Counts stand at the end. */
export const TAIL_CHARS = 65_536;

/** The text, or its two ends if it is too long. */
export function clip(text: string): string {
  return text.length > MAX_CHARS ? text.slice(0, HEAD_CHARS) + text.slice(-TAIL_CHARS) : text;
}

/** Text that arrives in pieces; once it is too long, only its ends are kept. */
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

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  get clipped(): boolean {
    return this.#clipped;
  }

  /** Returns what was kept and resets. */
  take(): string {
    if (this.#length === 0) return '';
    const text = this.#pieces.length === 1 ? this.#pieces[0]! : this.#pieces.join('');
    this.#pieces = [];
    this.#length = 0;
    this.#clipped = false;
    return text;
  }
}
