import { contentKey } from './item-key.ts';

/** Enough for the prompts of any run that has some; the oldest is then warmed again. */
const MOST = 10_000;

/** Lets one item of each prefix go first, and the others when the provider has its beginning in the cache. */
export class WarmPrefixes {
  /** A promise while the first is under way; true when others may go. */
  readonly #states = new Map<string, Promise<void> | true>();

  /**
   * @returns For the first item of a prefix, what to call when its answer has begun or it has ended; for others
   * nothing, after their wait. Where the first has failed, the next one takes its place.
   */
  async enter(prefix: string): Promise<((warm: boolean) => void) | undefined> {
    const key = contentKey(prefix);
    for (let state = this.#states.get(key); state !== undefined; state = this.#states.get(key)) {
      if (state === true) return undefined;
      await state;
    }
    let resolve!: () => void;
    const promise = new Promise<void>((done) => (resolve = done));
    this.#states.set(key, promise);
    return (warm) => {
      if (this.#states.get(key) !== promise) return;
      if (warm) this.#states.set(key, true);
      else this.#states.delete(key);
      if (this.#states.size > MOST) this.#dropOldest();
      resolve();
    };
  }

  #dropOldest(): void {
    for (const [key, state] of this.#states) {
      if (state !== true) continue;
      this.#states.delete(key);
      return;
    }
  }
}
