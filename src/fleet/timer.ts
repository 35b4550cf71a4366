import type { Clock } from '../core/clock.ts';

/** A timer with one pending callback at a time, which keeps no process alive. */
export class Timer {
  /** When it fires; Infinity when it is not set. */
  at: number = Infinity;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(at: number, onRing: () => void): void {
    this.clear();
    this.at = at;
    const ring = (): void => {
      this.at = Infinity;
      onRing();
    };
    this.#cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), ring, { unref: true });
  }

  clear(): void {
    this.#cancel?.();
    this.at = Infinity;
  }
}
