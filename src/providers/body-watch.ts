import type { Clock } from '../core/clock.ts';
import type { BodyEnd } from '../core/attempt.ts';

/** A response body that has been handed out and has not ended yet. */
export interface OpenBody {
  /** Monotonic time of the last read. */
  touchedAt: number;
  end(end: BodyEnd): void;
}

/**
 * Ends bodies that nobody reads to their end: collected as garbage, or idle longer than a limit.
 * One timer for all, unref'd, and only while bodies are open.
 */
export class BodyWatch {
  readonly #clock: Clock;
  readonly #idleTimeoutMs: number;
  readonly #open = new Set<OpenBody>();
  readonly #collected = new FinalizationRegistry<OpenBody>((body) => body.end({ outcome: 'unread' }));
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, idleTimeoutMs: number) {
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /** `holder` is the object whose collection means that nobody can read the body any more. */
  add(body: OpenBody, holder: object): void {
    this.#open.add(body);
    this.#collected.register(holder, body, body);
    this.#cancelTimer ??= this.#clock.after(this.#idleTimeoutMs / 2, this.#sweep, { unref: true });
  }

  /** From now on the body can be read through `holder` only. */
  hold(body: OpenBody, holder: object): void {
    if (!this.#open.has(body)) return;
    this.#collected.unregister(body);
    this.#collected.register(holder, body, body);
  }

  remove(body: OpenBody): void {
    if (!this.#open.delete(body)) return;
    this.#collected.unregister(body);
    if (this.#open.size === 0) this.#stop();
  }

  get size(): number {
    return this.#open.size;
  }

  close(): void {
    for (const body of this.#open) body.end({ outcome: 'cancelled' });
    this.#open.clear();
    this.#stop();
  }

  #stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  readonly #sweep = (): void => {
    this.#cancelTimer = undefined;
    const idleSince = this.#clock.now() - this.#idleTimeoutMs;
    for (const body of this.#open) {
      if (body.touchedAt <= idleSince) body.end({ outcome: 'unread' });
    }
    if (this.#open.size > 0) {
      this.#cancelTimer = this.#clock.after(this.#idleTimeoutMs / 2, this.#sweep, { unref: true });
    }
  };
}
