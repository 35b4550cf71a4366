import type { Clock } from '../../core/clock.ts';

/** The one timer of a lane. */
export class LaneTimer {
  /** When it fires; Infinity if not set. */
  at: number = Infinity;
  readonly #clock: Clock;
  readonly #onRing: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onRing: () => void) {
    this.#clock = clock;
    this.#onRing = onRing;
  }

  set(at: number): void {
    if (at === this.at) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.at = at;
    if (at === Infinity) return;
    // Whole milliseconds: a timer ignores fractions and would fire early.
    const waitMs = Math.max(1, Math.ceil(at - this.#clock.now()));
    this.#cancel = this.#clock.after(waitMs, () => {
      this.at = Infinity;
      this.#cancel = undefined;
      this.#onRing();
    });
  }
}
