import { ExponentialBackoff, type IBackoff, type IBackoffFactory } from 'cockatiel';

// Brings the medians close to whole multiples of the initial delay.
const SCALE = 1 / 1.4;

type JitterState = readonly [attempt: number, previous: number];

/**
 * Delays before the retries of one call, in milliseconds: cockatiel's exponential backoff with decorrelated
 * jitter, on injected random numbers. The median of the n-th delay is about `initialDelay * 2^(n-1)`.
 */
export class Backoff {
  #at: IBackoffFactory<unknown>;

  constructor(initialDelay: number, maxDelay: number, random: () => number) {
    this.#at = new ExponentialBackoff<JitterState>({
      initialDelay,
      maxDelay,
      generator: (state, options) => decorrelatedJitter(state, options, random),
    });
  }

  next(): number {
    const next: IBackoff<unknown> = this.#at.next(undefined);
    this.#at = next;
    return next.duration;
  }
}

/**
 * cockatiel's `decorrelatedJitterGenerator` (Polly's DecorrelatedJitterV2) reads Math.random itself;
 * this is the same formula on an injected source, and a test holds the two together.
 */
function decorrelatedJitter(
  state: JitterState | undefined,
  options: { readonly exponent: number; readonly initialDelay: number; readonly maxDelay: number },
  random: () => number,
): [number, JitterState] {
  const [attempt, previous] = state ?? [0, 0];
  const t = attempt + random();
  const next = options.exponent ** t * Math.tanh(Math.sqrt(4 * t));
  const step = Number.isFinite(next) ? Math.max(0, next - previous) : Infinity;
  // Infinity times an initial delay of 0 is not a number; 0 it must stay.
  const delay = options.initialDelay === 0 ? 0 : step * SCALE * options.initialDelay;
  return [Math.min(delay, options.maxDelay), [attempt + 1, next]];
}
