import type { Clock } from '../../core/clock.ts';
import type { BodyEnd } from '../../core/body-end.ts';
import { type Linked, LinkedList } from '../../core/linked-list.ts';

/** A response body that has been handed out and has not ended yet. */
export interface OpenBody {
  /** Monotonic time of the last read. */
  touchedAt: number;
  /** A read is pending. */
  readonly reading: boolean;
  /** Called once, if the body did not end at once: from now on it ends with its signal. */
  listen(): void;
  end(end: BodyEnd): void;
  /** Kept by the watch. */
  watched: Watched | undefined;
}

/** A body that is being watched. */
interface Watched extends Linked<Watched> {
  readonly body: OpenBody;
  /** What it is found by, until the turn in which it arrived is over; registered from then on. */
  fresh: Holders | undefined;
}

interface Holders {
  /** The object whose collection means that the body can no longer be read. */
  readonly holder: object;
  readonly response: object | undefined;
}

/**
 * After its response was collected, a body may still be read by code that kept only its reader. It counts as abandoned
 * if it is not read for this long.
 */
const LEFT_AFTER_MS = 10_000;

/**
 * Ends bodies that are never read to their end: garbage-collected, or idle for longer than a limit.
 * One timer for all, unref'd, and only while bodies are open.
 *
 * Some streams are never collected while their connection is open, since fetch holds the request's signal and openai 7
 * attaches the stream's reader to it. Those are noticed when their response is collected.
 *
 * Most bodies are read within the turn in which they arrive, so anything costly starts in the next one.
 */
export class BodyWatch {
  readonly #clock: Clock;
  readonly #idleTimeoutMs: number;
  readonly #fresh = new LinkedList<Watched>();
  readonly #open = new LinkedList<Watched>();
  readonly #collected = new FinalizationRegistry<OpenBody>((body) => body.end({ outcome: 'unread' }));
  readonly #orphaned = new FinalizationRegistry<OpenBody>((body) => this.#orphan(body));
  readonly #orphans = new Set<OpenBody>();
  #cancelOrphans: (() => void) | undefined;
  #cancelSettle: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock, idleTimeoutMs: number) {
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /**
   * `holder` is the only object through which the body can be read. `response`: the one that its reader keeps with it,
   * unless an application reads the stream itself.
   */
  add(body: OpenBody, holder: object, response?: object): void {
    body.watched = { body, fresh: { holder, response }, before: undefined, after: undefined };
    this.#fresh.add(body.watched);
    this.#cancelSettle ??= this.#clock.after(0, this.settle, UNREF);
  }

  /** Sets the only object through which the body can still be read. */
  hold(body: OpenBody, holder: object): void {
    const { watched } = body;
    if (!watched) return;
    if (watched.fresh) {
      watched.fresh = { holder, response: undefined };
      return;
    }
    this.#collected.unregister(body);
    this.#collected.register(holder, body, body);
  }

  remove(body: OpenBody): void {
    const { watched } = body;
    if (!watched) return;
    body.watched = undefined;
    if (watched.fresh) {
      this.#fresh.remove(watched);
      return;
    }
    this.#open.remove(watched);
    this.#orphaned.unregister(body);
    this.#orphans.delete(body);
    this.#collected.unregister(body);
    if (!this.#open.first) this.#stopSweep();
  }

  /** Starts watching the bodies that have not ended by now. */
  readonly settle = (): void => {
    this.#cancelSettle?.();
    this.#cancelSettle = undefined;
    for (let watched = this.#fresh.first; watched; watched = this.#fresh.first) {
      const { body } = watched;
      const { holder, response } = watched.fresh!;
      this.#fresh.remove(watched);
      watched.fresh = undefined;
      this.#open.add(watched);
      if (response) this.#orphaned.register(response, body, body);
      this.#collected.register(holder, body, body);
      body.listen();
    }
    if (this.#open.first) this.#cancelSweep ??= this.#clock.after(this.#idleTimeoutMs / 2, this.#sweep, UNREF);
  };

  get size(): number {
    return this.#fresh.toArray().length + this.#open.toArray().length;
  }

  close(): void {
    for (const { body } of [...this.#fresh.toArray(), ...this.#open.toArray()]) body.end({ outcome: 'cancelled' });
    this.#cancelSettle?.();
    this.#cancelSettle = undefined;
    this.#cancelOrphans?.();
    this.#cancelOrphans = undefined;
    this.#stopSweep();
  }

  #orphan(body: OpenBody): void {
    this.#orphans.add(body);
    this.#cancelOrphans ??= this.#clock.after(LEFT_AFTER_MS, this.#endOrphans, UNREF);
  }

  readonly #endOrphans = (): void => {
    this.#cancelOrphans = undefined;
    const leftSince = this.#clock.now() - LEFT_AFTER_MS;
    for (const body of this.#orphans) {
      if (!body.reading && body.touchedAt <= leftSince) body.end({ outcome: 'unread' });
    }
    if (this.#orphans.size > 0) this.#cancelOrphans = this.#clock.after(LEFT_AFTER_MS, this.#endOrphans, UNREF);
  };

  #stopSweep(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  readonly #sweep = (): void => {
    this.#cancelSweep = undefined;
    const idleSince = this.#clock.now() - this.#idleTimeoutMs;
    for (const { body } of this.#open.toArray()) {
      if (body.touchedAt <= idleSince) body.end({ outcome: 'unread' });
    }
    if (this.#open.first) this.#cancelSweep = this.#clock.after(this.#idleTimeoutMs / 2, this.#sweep, UNREF);
  };
}

const UNREF = { unref: true };
