import type { Attempt } from '../../core/attempt.ts';
import { TimeUp } from '../../core/time-limits.ts';

/** Ends one request: until its head when a time of its call is up, afterwards when its body says so. */
export class RequestTimer {
  readonly #controller = new AbortController();
  readonly #cancelTimer: () => void;
  #timeUp: TimeUp | undefined;

  private constructor(attempt: Attempt, deadlineAt: number, contentAt: number) {
    const { clock } = attempt.call;
    const at = Math.min(deadlineAt, contentAt);
    // Timers may fire a fraction of a millisecond early: in what was left another attempt would still be in time.
    this.#cancelTimer = clock.after(at - clock.now() + 1, () =>
      this.abort(new TimeUp(deadlineAt <= contentAt ? 'deadline' : 'first_content')),
    );
  }

  /** Undefined for an attempt that may take as long as it likes. */
  static of(attempt: Attempt): RequestTimer | undefined {
    const { deadlineAt, firstContentTimeoutMs } = attempt.call;
    const contentAt = attempt.startedAt + firstContentTimeoutMs;
    return Math.min(deadlineAt, contentAt) < Infinity ? new RequestTimer(attempt, deadlineAt, contentAt) : undefined;
  }

  /** The request's signal, which also ends in time. */
  signal(given: AbortSignal | null | undefined): AbortSignal {
    return given ? AbortSignal.any([given, this.#controller.signal]) : this.#controller.signal;
  }

  /** What ended the request, where it was this timer. */
  get timeUp(): TimeUp | undefined {
    return this.#timeUp;
  }

  /** The head has come, or will not come. */
  stop(): void {
    this.#cancelTimer();
  }

  readonly abort = (reason: TimeUp): void => {
    this.#timeUp = reason;
    this.#controller.abort(reason);
  };
}
