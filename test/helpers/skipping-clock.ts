import type { Clock } from '../../src/core/clock.ts';

/** Times in which a real socket brings what is on its way are real. */
const SHORT_MS = 2_001;
const FASTER = 500;

/** Real time, but for waits of more than two seconds: those are over in a five-hundredth, and the time has passed. */
export class SkippingClock implements Clock {
  readonly #startWall: number;
  readonly #start = performance.now();
  #skipped = 0;

  constructor(wall: number) {
    this.#startWall = wall;
  }

  now(): number {
    return performance.now() + this.#skipped;
  }

  wall(): number {
    return this.#startWall + this.now() - this.#start;
  }

  after(ms: number, fn: () => void, options?: { readonly unref?: boolean }): () => void {
    const due = this.now() + ms;
    const timer = setTimeout(
      () => {
        this.#skipped += Math.max(0, due - this.now());
        fn();
      },
      ms < SHORT_MS ? Math.max(0, ms) : ms / FASTER,
    );
    if (options?.unref) timer.unref();
    return () => clearTimeout(timer);
  }
}
