/** A layer above waits seconds before it sends again; whoever comes later is a person, or a job that starts over. */
const WINDOW_MS = 30_000;
/** Bodies that are remembered: an outage may fail thousands within the window. */
const MAX_BODIES = 512;

/** Digests of the bodies that were given up lately, by lane. Empty, and free, while nothing fails. */
export class GivenUp {
  /** In the order in which they were given up. */
  readonly #at = new Map<string, number>();

  get empty(): boolean {
    return this.#at.size === 0;
  }

  add(lane: string, digest: string, now: number): void {
    this.#forget(now);
    const key = keyOf(lane, digest);
    this.#at.delete(key);
    this.#at.set(key, now);
    if (this.#at.size <= MAX_BODIES) return;
    const [oldest] = this.#at.keys();
    this.#at.delete(oldest!);
  }

  /** Time since the body was given up, once; undefined where it was not. */
  take(lane: string, digest: string, now: number): number | undefined {
    this.#forget(now);
    const key = keyOf(lane, digest);
    const at = this.#at.get(key);
    this.#at.delete(key);
    return at === undefined ? undefined : now - at;
  }

  #forget(now: number): void {
    for (const [key, at] of this.#at) {
      if (now - at <= WINDOW_MS) return;
      this.#at.delete(key);
    }
  }
}

function keyOf(lane: string, digest: string): string {
  return `${lane}\n${digest}`;
}
