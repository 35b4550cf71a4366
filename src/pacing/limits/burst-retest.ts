/** Factor by which a learned burst is enlarged when it is retested. */
const GROWTH = 1.05;
const EVERY_MS = 30_000;
/** A burst found at least this close to the known one counts as unchanged; its retest interval doubles. */
const SAME = 0.8;
const MAX_EVERY_MS = 480_000;

/** When to retest whether a learned burst can be larger. Otherwise a wrong guess would last forever. */
export class BurstRetest {
  #everyMs = EVERY_MS;
  #since = 0;
  #tried = false;

  /** The burst has changed; the interval starts now. */
  restart(now: number): void {
    this.#since = now;
  }

  /** The burst to try now; undefined if no retest is due. */
  next(burst: number, now: number): number | undefined {
    if (now - this.#since <= this.#everyMs) return undefined;
    this.#tried = true;
    return burst * GROWTH;
  }

  /** Another process found a larger burst and keeps testing; testing here as well would only add refusals. */
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
