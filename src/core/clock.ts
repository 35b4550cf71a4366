/** The only source of time: everything else is given a clock. */
export interface Clock {
  /** Monotonic milliseconds; for every level, deadline and duration. */
  now(): number;
  /** Wall-clock milliseconds since 1970; only to read dates that a server sent. */
  wall(): number;
  /** Calls `fn` once after `ms` (clamped to 0 … 2^31-1); the returned function cancels it. */
  after(ms: number, fn: () => void, options?: { readonly unref?: boolean }): () => void;
}

/** setTimeout fires at once for anything larger. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, fn, options) {
    // The global is looked up at call time so that fake timers of a user's tests apply.
    const timer = globalThis.setTimeout(fn, Math.min(MAX_TIMER_MS, Math.max(0, ms)));
    if (options?.unref) timer.unref?.();
    return () => globalThis.clearTimeout(timer);
  },
};
