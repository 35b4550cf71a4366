import { anySignal } from '../../core/abort.ts';
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

  /** Aborts at the time limit. */
  get signal(): AbortSignal {
    return this.#controller.signal;
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

/** The signal of a request that may end before its caller ends it; undefined where only the given one can. */
export function requestSignal(
  given: AbortSignal | null | undefined,
  timer: RequestTimer | undefined,
  { call: { left } }: Attempt,
): AbortSignal | undefined {
  return timer || left ? anySignal(given, timer?.signal, left) : undefined;
}
