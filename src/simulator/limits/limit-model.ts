/**
 * One limit, from the definition of its kind: a token bucket, a fixed window or a sliding log. All take the time;
 * nothing here reads a clock. A time before the last one changes nothing.
 */
export interface LimitModel {
  /** Most that can be there at once. */
  readonly capacity: number;
  /** Units that come back in a millisecond, in the long run. */
  readonly ratePerMs: number;
  /** Goes on to `now`; `others` is what other clients took meanwhile, spread evenly. */
  advance(now: number, others: number): void;
  /** Units that can be spent now; below 0 after a correction that cost more than was there. */
  available(now: number): number;
  /** Milliseconds until `units`, at most the capacity, can be spent if no other client does; 0 when they can now. */
  waitMs(units: number, now: number): number;
  /** Takes units, there or not. Negative ones, which correct what was spent at `since`, are given back. */
  spend(units: number, now: number, since?: number): void;
  /** Milliseconds until all of the capacity is there. */
  fullInMs(now: number): number;
  /** Milliseconds until something comes back: the next unit of a bucket, the end of a window, the oldest of a log. */
  nextInMs(now: number): number;
  /** Units that came back between two times, the capacity left aside. */
  returned(from: number, to: number): number;
  /**
   * Another limit from now on, over the same time. A bucket keeps its level, or what is missing in it, as `kept` says;
   * what the other kinds have counted stays counted.
   */
  resize(capacity: number, ratePerMs: number, now: number, kept: 'level' | 'used'): void;
}

/**
 * - `bucket`: refills continuously, as OpenAI's, Anthropic's and Groq's numbers betray;
 * - `fixed`: counts between two ticks of the clock, as gateways and proxies do;
 * - `sliding`: remembers everything that was spent in the last window.
 */
export const LIMIT_MODELS = ['bucket', 'fixed', 'sliding'] as const;
export type LimitModelKind = (typeof LIMIT_MODELS)[number];
