/** By when it was sent. */
interface Sent {
  readonly at: number;
}

/**
 * Attempts that have not ended. Where failures come sooner than answers, as of long generations, failures alone would
 * look like an outage: what was sent as early and is still in flight speaks against one.
 */
export class InFlight {
  /** When the attempt was sent that failed last. */
  failedFrom = 0;
  /** When the newest attempt was sent that has failed: what was sent before it has taken longer than a failure does. */
  #newestFailedFrom = -Infinity;
  /** In the order of sending. */
  readonly #attempts = new Set<Sent>();

  begin<T extends Sent>(sent: T): T {
    this.#attempts.add(sent);
    return sent;
  }

  end(sent: Sent, failed: boolean): void {
    this.#attempts.delete(sent);
    if (!failed) return;
    this.failedFrom = sent.at;
    this.#newestFailedFrom = Math.max(this.#newestFailedFrom, sent.at);
  }

  /** Those that were sent from `since` on and before the newest that has failed; counts up to `most`. */
  outlasting(since: number, most: number): number {
    let count = 0;
    for (const { at } of this.#attempts) {
      if (at > this.#newestFailedFrom || count === most) break;
      if (at >= since) count++;
    }
    return count;
  }
}
