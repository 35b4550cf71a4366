import type { Clock } from '../core/clock.ts';

/** Fires at a time of the monotonic clock. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  wakeAt(time: number): void {
    const fire = (): void => {
      // Timers may fire a fraction of a millisecond early.
      if (this.#clock.now() >= time) this.#wake();
      else this.wakeAt(time);
    };
    // Without a queue no call needs it, so the timer must not keep the process alive.
    this.#cancel = this.#clock.after(time - this.#clock.now(), fire, { unref: true });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
