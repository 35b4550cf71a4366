import { hash32 } from '../random.ts';

const TTL_MS = 300_000;

/** Remembers prompt prefixes of the last five minutes by hash; keeps no text. */
export class PromptCache {
  readonly #seen = new Map<string, number>();

  has(account: string, model: string, prefix: string, now: number): boolean {
    const at = this.#seen.get(keyOf(account, model, prefix));
    return at !== undefined && at <= now && now - at < TTL_MS;
  }

  /** `warmMs`: a prefix can be read once the first answer to it has begun. */
  remember(account: string, model: string, prefix: string, now: number, warmMs: number): void {
    if (this.#seen.size > 10_000) {
      for (const [key, at] of this.#seen) if (now - at >= TTL_MS) this.#seen.delete(key);
    }
    const key = keyOf(account, model, prefix);
    const at = this.#seen.get(key);
    if (at !== undefined && at > now) return;
    this.#seen.set(key, at !== undefined && now - at < TTL_MS ? now : now + warmMs);
  }
}

function keyOf(account: string, model: string, prefix: string): string {
  return `${account}\n${model}\n${prefix.length}\n${hash32(prefix)}\n${hash32(prefix, 1)}`;
}
