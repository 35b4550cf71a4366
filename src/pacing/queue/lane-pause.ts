import type { Dimension, Failure } from '../../core/outcome.ts';

const JITTER = 0.1;

/** The time until which a whole lane waits because a limit said so. */
export class LanePause {
  until = 0;
  readonly #random: () => number;
  readonly #onPause: (forMs: number, dimension: Dimension) => void;

  constructor(random: () => number, onPause: (forMs: number, dimension: Dimension) => void) {
    this.#random = random;
    this.#onPause = onPause;
  }

  /** Waits at least `ms` from `now`, plus up to 10 % jitter so that processes do not resume all at once. */
  extend(ms: number, dimension: Dimension, now: number): void {
    this.#until(now + ms * (1 + JITTER * this.#random()), dimension, now);
  }

  /** Adopts another process's pause without jitter, which would otherwise accumulate. */
  join(ms: number, dimension: Dimension, now: number): void {
    this.#until(now + ms, dimension, now);
  }

  #until(until: number, dimension: Dimension, now: number): void {
    if (until <= this.until || until <= now) return;
    this.until = until;
    this.#onPause(until - now, dimension);
  }

  leftMs(now: number): number {
    return Math.max(0, this.until - now);
  }
}

/** Whether the wait is our own guess. It then applies to the lane only if the caller has retries on. */
export function isGuess(failure: Failure | undefined): boolean {
  const { hintMs, resetMs, dimension } = failure ?? {};
  return hintMs === undefined && (resetMs === undefined || dimension === 'unknown');
}
