import type { Clock } from '../../core/clock.ts';
import type { BodyEnd } from '../../core/attempt.ts';

/** A response body that has been handed out and has not ended yet. */
export interface OpenBody {
  /** Monotonic time of the last read. */
  touchedAt: number;
  /** Called once, when the body did not end at once: from now on it is to end with its signal. */
  listen(): void;
  end(end: BodyEnd): void;
}

/**
 * Ends bodies that nobody reads to their end: collected as garbage, or idle longer than a limit.
 * One timer for all, unref'd, and only while bodies are open.
 *
 * Most bodies are read within the turn in which they come, so all that costs something begins with the next one.
 */
export class BodyWatch {
  readonly #clock: Clock;
  readonly #idleTimeoutMs: number;
  /** New ones, with the object whose collection means that nobody can read the body any more. */
  readonly #fresh = new Map<OpenBody, object>();
  readonly #open = new Set<OpenBody>();
  readonly #collected = new FinalizationRegistry<OpenBody>((body) => body.end({ outcome: 'unread' }));
  #cancelSettle: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock, idleTimeoutMs: number) {
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /** `holder` is the only object through which the body can be read. */
  add(body: OpenBody, holder: object): void {
    this.#fresh.set(body, holder);
    this.#cancelSettle ??= this.#clock.after(0, this.settle, UNREF);
  }

  /** From now on the body can be read through `holder` only. */
  hold(body: OpenBody, holder: object): void {
    if (this.#fresh.has(body)) this.#fresh.set(body, holder);
    if (!this.#open.has(body)) return;
    this.#collected.unregister(body);
    this.#collected.register(holder, body, body);
  }

  remove(body: OpenBody): void {
    if (this.#fresh.delete(body) || !this.#open.delete(body)) return;
    this.#collected.unregister(body);
    if (this.#open.size === 0) this.#stopSweep();
  }

  /** Watches what has not ended by now. */
  readonly settle = (): void => {
    this.#cancelSettle?.();
    this.#cancelSettle = undefined;
    for (const [body, holder] of this.#fresh) {
      this.#open.add(body);
      this.#collected.register(holder, body, body);
      body.listen();
    }
    this.#fresh.clear();
    if (this.#open.size > 0) this.#cancelSweep ??= this.#clock.after(this.#idleTimeoutMs / 2, this.#sweep, UNREF);
  };

  get size(): number {
    return this.#fresh.size + this.#open.size;
  }

  close(): void {
    for (const body of [...this.#fresh.keys(), ...this.#open]) body.end({ outcome: 'cancelled' });
    this.#cancelSettle?.();
    this.#cancelSettle = undefined;
    this.#stopSweep();
  }

  #stopSweep(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  readonly #sweep = (): void => {
    this.#cancelSweep = undefined;
    const idleSince = this.#clock.now() - this.#idleTimeoutMs;
    for (const body of this.#open) {
      if (body.touchedAt <= idleSince) body.end({ outcome: 'unread' });
    }
    if (this.#open.size > 0) this.#cancelSweep = this.#clock.after(this.#idleTimeoutMs / 2, this.#sweep, UNREF);
  };
}

const UNREF = { unref: true };
