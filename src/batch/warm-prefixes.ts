import type { Clock } from '../core/clock.ts';
import { contentKey } from './item-key.ts';

/**
 * Enough for the shared prompts of any run; beyond it the least recently used prefix is forgotten, and warmed again
 * when it returns.
 */
const MAX_PREFIXES = 10_000;
/** Providers keep a prefix for at least five minutes after its last use. */
const WARM_MS = 270_000;

/** A promise while the first item of a prefix is under way; then the time of its last use. */
type State = Promise<void> | number;

type Tell = (warm: boolean) => void;

/** Lets one item of each prefix go first, and the others once the provider has the prefix in its cache. */
export class WarmPrefixes {
  readonly #clock: Clock;
  readonly #states = new Map<string, State>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param prefixes Those of one item, each the beginning of the next. All items enter them in this order, so that no
   * two wait for each other.
   * @returns For the first item of a prefix, a function to call when its answer has begun or it has ended; for the
   * others undefined, after their wait. If the first one fails, the next one takes its place.
   */
  async enter(prefixes: readonly string[]): Promise<Tell | undefined> {
    const first: Tell[] = [];
    for (const prefix of prefixes) {
      const tell = await this.#enter(contentKey(prefix));
      if (tell) first.push(tell);
    }
    if (first.length === 0) return undefined;
    return (warm) => {
      for (const tell of first) tell(warm);
    };
  }

  async #enter(key: string): Promise<Tell | undefined> {
    for (let state = this.#states.get(key); state !== undefined; state = this.#states.get(key)) {
      if (typeof state !== 'number') {
        await state;
        continue;
      }
      this.#states.delete(key);
      const now = this.#clock.now();
      if (now - state > WARM_MS) break;
      this.#states.set(key, now);
      return undefined;
    }
    let resolve!: () => void;
    const promise = new Promise<void>((done) => (resolve = done));
    this.#states.set(key, promise);
    return (warm) => {
      if (this.#states.get(key) !== promise) return;
      this.#states.delete(key);
      if (warm) this.#states.set(key, this.#clock.now());
      if (this.#states.size > MAX_PREFIXES) this.#dropOldest();
      resolve();
    };
  }

  #dropOldest(): void {
    for (const [key, state] of this.#states) {
      if (typeof state !== 'number') continue;
      this.#states.delete(key);
      return;
    }
  }
}
