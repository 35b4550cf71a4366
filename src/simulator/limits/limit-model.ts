/**
 * One limit, from the definition of its kind: a token bucket, a fixed window or a sliding log. All take the time;
 * nothing here reads a clock. A time before the last one changes nothing.
 */
export interface LimitModel {
  /** Most that can be there at once. */
  readonly capacity: number;
  /** Units that come back in a millisecond, in the long run. */
  readonly ratePerMs: number;
  /** Advances to `now`; `others` is what other clients took meanwhile, spread evenly. */
  advance(now: number, others: number): void;
  /** Units that can be spent now; negative after a correction that exceeded the level. */
  available(now: number): number;
  /** Milliseconds until `units`, at most the capacity, can be spent if no other client does; 0 when they can now. */
  waitMs(units: number, now: number): number;
  /** Takes units, available or not. Negative units are refunds of what was spent at `since`. */
  spend(units: number, now: number, since?: number): void;
  /** Milliseconds until the full capacity is available. */
  fullInMs(now: number): number;
  /** Milliseconds until something comes back: the next unit of a bucket, the end of a window, the oldest of a log. */
  nextInMs(now: number): number;
  /** Units that were refilled between two times, ignoring the capacity. */
  returned(from: number, to: number): number;
  /**
   * Changes the limit, over the same window. A bucket keeps its level or its deficit, as `kept` says;
   * the other kinds keep their counts.
   */
  resize(capacity: number, ratePerMs: number, now: number, kept: 'level' | 'used'): void;
}

/**
 * - `bucket`: refills continuously, as OpenAI's, Anthropic's and Groq's numbers show;
 * - `fixed`: counts between two ticks of the clock, as gateways and proxies do;
 * - `sliding`: remembers everything that was spent in the last window.
 */
export const LIMIT_MODELS = ['bucket', 'fixed', 'sliding'] as const;
export type LimitModelKind = (typeof LIMIT_MODELS)[number];
