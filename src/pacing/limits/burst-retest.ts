/** A learned burst size is tried again a little larger from time to time. */
const GROWTH = 1.05;
const EVERY_MS = 30_000;
/** A burst found unchanged is tried half as often. */
const SAME = 0.8;
const MAX_EVERY_MS = 480_000;

/** When to test whether a learned burst can be larger: a wrong guess would otherwise last for ever. */
export class BurstRetest {
  #everyMs = EVERY_MS;
  #since = 0;
  #tried = false;

  /** The burst counts from now on. */
  restart(now: number): void {
    this.#since = now;
  }

  /** The burst to try now; undefined while the known one stands. */
  next(burst: number, now: number): number | undefined {
    if (now - this.#since <= this.#everyMs) return undefined;
    this.#tried = true;
    return burst * GROWTH;
  }

  /** Another process has found a larger one: it tries further, and whoever else does is refused for nothing. */
  triedElsewhere(): void {
    this.#everyMs = Math.min(MAX_EVERY_MS, 2 * this.#everyMs);
    this.#tried = false;
  }

  /** A refusal showed that the burst is `found`, not `burst` as assumed. */
  refused(found: number, burst: number): void {
    if (found < SAME * burst) this.#everyMs = EVERY_MS;
    else if (this.#tried) this.#everyMs = Math.min(MAX_EVERY_MS, 2 * this.#everyMs);
    this.#tried = false;
  }
}
