import { hash32 } from '../random.ts';

const TTL_MS = 300_000;

/** Knows which prompt beginnings were sent in the last five minutes, by their hashes; keeps no text. */
export class PromptCache {
  readonly #seen = new Map<string, number>();

  has(account: string, model: string, prefix: string, now: number): boolean {
    const at = this.#seen.get(keyOf(account, model, prefix));
    return at !== undefined && now - at < TTL_MS;
  }

  remember(account: string, model: string, prefix: string, now: number): void {
    if (this.#seen.size > 10_000) {
      for (const [key, at] of this.#seen) if (now - at >= TTL_MS) this.#seen.delete(key);
    }
    this.#seen.set(keyOf(account, model, prefix), now);
  }
}

function keyOf(account: string, model: string, prefix: string): string {
  return `${account}\n${model}\n${prefix.length}\n${hash32(prefix)}\n${hash32(prefix, 1)}`;
}
