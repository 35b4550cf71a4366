import { createHash, type Hash } from 'node:crypto';
import { isForm } from './form.ts';
import { dataOf, isReadable } from './plain-data.ts';

/** Characters hashed of one body: enough to distinguish two prompts, at most a millisecond's work. */
const MAX_TEXT = 256_000;
const MAX_VISITS = 20_000;

/**
 * A digest that is equal for equal bodies, parsed or not, and reveals nothing of them. Undefined for bodies that are
 * not plain data: forms, bytes and streams. Runs no code of the caller.
 */
export function bodyDigest(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !isReadable(body)) return undefined;
  if (ArrayBuffer.isView(body) || isForm(body) || Symbol.asyncIterator in body) return undefined;
  const walk = new Walk();
  walk.add(body);
  return walk.digest();
}

class Walk {
  readonly #hash: Hash = createHash('sha256');
  #text = 0;
  #visits = 0;

  digest(): string {
    return this.#hash.digest('base64url');
  }

  add(root: unknown): void {
    const stack: unknown[] = [root];
    while (stack.length > 0 && this.#visits < MAX_VISITS) {
      this.#visits += 1;
      const value = stack.pop();
      if (typeof value !== 'object' || value === null || !isReadable(value)) {
        this.#scalar(value);
        continue;
      }
      const isList = Array.isArray(value);
      // Skip what JSON omits, so that an SDK's object and the text it sends have the same digest.
      const keys = Object.keys(value).filter((key) => dataOf(value, key) !== undefined);
      this.#note(`${isList ? '[' : '{'}${keys.length}`);
      for (const key of keys) {
        if (!isList) this.#note(key);
        stack.push(dataOf(value, key));
      }
    }
  }

  #scalar(value: unknown): void {
    if (typeof value === 'string') this.#note(`"${value}`);
    else if (typeof value === 'number' || typeof value === 'boolean' || value === null) this.#note(String(value));
    else this.#note('?');
  }

  /** Every piece with its length, so that no two sequences of pieces collide. */
  #note(text: string): void {
    const taken = text.slice(0, Math.max(0, MAX_TEXT - this.#text));
    this.#text += taken.length;
    this.#hash.update(`${text.length}:${taken}`);
  }
}
