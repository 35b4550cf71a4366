import type { Attempt } from '../../core/attempt.ts';
import { TimeUp } from '../../core/time-limits.ts';

/** Ends one request: before the head when a time limit of its call is reached, afterwards when its body asks for it. */
export class RequestTimer {
  readonly #controller = new AbortController();
  readonly #cancelTimer: () => void;
  #timeUp: TimeUp | undefined;

  private constructor(attempt: Attempt, deadlineAt: number, contentAt: number) {
    const { clock } = attempt.call;
    const at = Math.min(deadlineAt, contentAt);
    // Timers may fire a fraction of a millisecond early, which would leave time for another attempt.
    this.#cancelTimer = clock.after(at - clock.now() + 1, () =>
      this.abort(new TimeUp(deadlineAt <= contentAt ? 'deadline' : 'first_content')),
    );
  }

  /** Undefined for an attempt without a time limit. */
  static of(attempt: Attempt): RequestTimer | undefined {
    const { deadlineAt, firstContentTimeoutMs } = attempt.call;
    const contentAt = attempt.startedAt + firstContentTimeoutMs;
    return Math.min(deadlineAt, contentAt) < Infinity ? new RequestTimer(attempt, deadlineAt, contentAt) : undefined;
  }

  /** The request's signal, which also aborts at the time limit. */
  signal(given: AbortSignal | null | undefined): AbortSignal {
    return given ? AbortSignal.any([given, this.#controller.signal]) : this.#controller.signal;
  }

  /** The limit that ended the request, if this timer did. */
  get timeUp(): TimeUp | undefined {
    return this.#timeUp;
  }

  /** Call when the head has arrived, or never will. */
  stop(): void {
    this.#cancelTimer();
  }

  readonly abort = (reason: TimeUp): void => {
    this.#timeUp = reason;
    this.#controller.abort(reason);
  };
}
