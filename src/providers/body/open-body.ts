import type { BodyEnd } from '../../core/attempt.ts';
import type { Clock } from '../../core/clock.ts';
import type { ProviderAdapter } from '../../core/provider.ts';
import type { BodyWatch, OpenBody } from './abandoned-bodies.ts';
import { classifyConnection } from '../errors/classify-connection.ts';

export interface BodyHooks {
  readonly adapter: ProviderAdapter;
  readonly watch: BodyWatch;
  readonly clock: Clock;
  /** Aborted when the application gives the response up. */
  readonly signal: AbortSignal | undefined;
  /** Called once. */
  onEnd(end: BodyEnd): void;
}

const ONCE = { once: true };

/**
 * The record of one body that has not ended. Knows nothing of the response: what this object can reach
 * stays alive as long as it does, and the response must be free to be collected.
 */
export class TrackedBody implements OpenBody {
  readonly hooks: BodyHooks;
  touchedAt: number;
  readonly #cancelled: (() => BodyEnd) | undefined;
  #ended = false;
  #listens = false;

  /** `cancelled` tells how a body ends that nobody reads further. */
  constructor(hooks: BodyHooks, cancelled?: () => BodyEnd) {
    this.hooks = hooks;
    this.touchedAt = hooks.clock.now();
    this.#cancelled = cancelled;
  }

  listen(): void {
    const { signal } = this.hooks;
    if (signal?.aborted) this.cancel();
    else signal?.addEventListener('abort', this, ONCE);
    this.#listens = true;
  }

  touch(): void {
    this.touchedAt = this.hooks.clock.now();
  }

  end(end: BodyEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    const { watch, signal } = this.hooks;
    watch.remove(this);
    if (this.#listens) signal?.removeEventListener('abort', this);
    this.hooks.onEnd(end);
  }

  /** Whoever read the body stopped. */
  cancel(): void {
    this.end(this.#cancelled ? this.#cancelled() : { outcome: 'cancelled' });
  }

  /** Reading failed; `facts` is what was learned before. */
  fail(error: unknown, facts?: Pick<BodyEnd, 'usage' | 'response'>): void {
    if (this.hooks.signal?.aborted) this.cancel();
    else this.end({ outcome: 'interrupted', failure: classifyConnection(error, false), error, ...facts });
  }

  /** The signal aborted. An object as listener costs no closure a call. */
  handleEvent(): void {
    this.cancel();
  }
}
