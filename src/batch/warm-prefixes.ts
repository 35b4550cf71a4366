import type { Clock } from '../core/clock.ts';
import { contentKey } from './item-key.ts';

/** Enough for the prompts of any run that has some; the one that was not used for longest is then warmed again. */
const MAX_PREFIXES = 10_000;
/** Providers keep a beginning for five minutes after its last use, or longer. */
const WARM_MS = 270_000;

/** While its first is under way; then when it was used last. */
type State = Promise<void> | number;

type Tell = (warm: boolean) => void;

/** Lets one item of each prefix go first, and the others when the provider has its beginning in the cache. */
export class WarmPrefixes {
  readonly #clock: Clock;
  readonly #states = new Map<string, State>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param prefixes Of one item, each the beginning of the next. All items enter them in this order, so that none waits for
   * one that waits for it.
   * @returns For the first item of one of them, what to call when its answer has begun or it has ended; for others
   * nothing, after their wait. Where the first has failed, the next one takes its place.
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
