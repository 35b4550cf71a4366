import { type Linked, LinkedList } from '../core/linked-list.ts';

/** An attempt, by when it was sent. */
interface Sent extends Linked<Sent> {
  readonly at: number;
}

/**
 * Unfinished attempts. If failures arrive sooner than answers, as with long generations, they alone would look like an
 * outage; attempts sent as early that are still in flight are evidence against one.
 */
export class InFlight {
  /** When the attempt that failed last was sent. */
  failedFrom = 0;
  /** When the newest failed attempt was sent. Anything sent before it has already taken longer than a failure. */
  #newestFailedFrom = -Infinity;
  /** In the order of sending. */
  readonly #attempts = new LinkedList<Sent>();

  begin<T extends Sent>(sent: T): T {
    this.#attempts.add(sent);
    return sent;
  }

  end(sent: Sent, failed: boolean): void {
    this.#attempts.remove(sent);
    if (!failed) return;
    this.failedFrom = sent.at;
    this.#newestFailedFrom = Math.max(this.#newestFailedFrom, sent.at);
  }

  /** Number of them sent between `since` and the newest failed attempt, up to `most`. */
  outlasting(since: number, most: number): number {
    let count = 0;
    for (let sent = this.#attempts.first; sent && sent.at <= this.#newestFailedFrom; sent = sent.after) {
      if (count === most) break;
      if (sent.at >= since) count++;
    }
    return count;
  }
}
