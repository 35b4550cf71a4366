import { anySignal, sleep } from './abort.ts';
import type { Clock } from './clock.ts';

/** Calls of a lane whose next attempt comes late, to outlast an outage: they go sooner once anything is served. */
export class LateRetries {
  readonly #waiting = new Set<AbortController>();

  /** A call of the lane was served. */
  served(): void {
    if (this.#waiting.size === 0) return;
    for (const each of this.#waiting) each.abort();
    this.#waiting.clear();
  }

  /** Waits for `lateMs`, or until anything is served, but for `soonMs` at least. */
  async wait(clock: Clock, soonMs: number, lateMs: number, signal: AbortSignal | undefined): Promise<void> {
    const soonAt = clock.now() + soonMs;
    const woken = new AbortController();
    this.#waiting.add(woken);
    try {
      await sleep(clock, lateMs, anySignal(signal, woken.signal));
      return;
    } catch (error) {
      if (signal?.aborted || !woken.signal.aborted) throw error;
    } finally {
      this.#waiting.delete(woken);
    }
    await sleep(clock, Math.max(0, soonAt - clock.now()), signal);
  }
}
