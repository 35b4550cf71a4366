import { OTHER } from './names.ts';

/** Longer values cannot be names. */
const MAX_LENGTH = 200;

/** Lets the first `max` distinct values through and turns all further ones into `_OTHER`. */
export class LabelCap {
  readonly #known = new Set<string>();
  readonly #max: number;

  /** `preferred` values are always let through, and count. */
  constructor(max: number, preferred: readonly string[] = []) {
    for (const value of preferred) this.#known.add(value);
    this.#max = Math.max(max, this.#known.size);
  }

  /** The value itself, or `_OTHER` when there is none, it is too long, or too many others came before. */
  label(value: string | undefined): string {
    if (value === undefined || value === '') return OTHER;
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max || value.length > MAX_LENGTH) return OTHER;
    this.#known.add(value);
    return value;
  }
}
