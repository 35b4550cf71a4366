import { AdmissionRefused } from '../../core/admission.ts';
import type { Failure } from '../../core/outcome.ts';

/** One call in this time may try whether a closed lane is open again: a billing problem gets fixed. */
export const PROBE_EVERY_MS = 60_000;

/** Exhausted for good, of a limit that is 0, for the day, or for longer than a call may wait. */
export type ClosureReason = 'quota' | 'too_large' | 'day_limit' | 'deadline';

/** What closed a lane. */
export interface Closed {
  readonly reason: ClosureReason;
  readonly failure: Failure;
  /** Monotonic time at which the limit resets; Infinity if unknown. */
  readonly until: number;
}

/**
 * A lane that waiting does not open: the quota is exhausted, or a limit resets later than a call may wait.
 * Every call is refused at once with the failure that closed it, except for one probe a minute.
 */
export class ExhaustedLane {
  #failure: Failure | undefined;
  #reason: ClosureReason = 'quota';
  #until = Infinity;
  #probeAt = 0;
  #since = 0;

  /** `until` is the monotonic time at which the limit resets; Infinity if unknown. */
  close(reason: ClosureReason, failure: Failure, now: number, until: number): void {
    this.#reason = reason;
    this.#failure = failure;
    this.#until = until;
    this.#since = now;
    this.#probeAt = now + PROBE_EVERY_MS;
  }

  /** Undefined while the lane is open. */
  closed(now: number): Closed | undefined {
    if (!this.#failure || now >= this.#until) return undefined;
    return { reason: this.#reason, failure: this.#failure, until: this.#until };
  }

  open(): void {
    this.#failure = undefined;
  }

  /** A call that was sent at `sentAt` got through. */
  succeeded(sentAt: number): void {
    // One that left before the lane closed proves nothing.
    if (sentAt >= this.#since) this.#failure = undefined;
  }

  /** The refusal for a call that comes now; undefined when it may go on. */
  refusal(now: number): AdmissionRefused | undefined {
    const failure = this.#failure;
    if (!failure) return undefined;
    if (now >= this.#until) {
      this.#failure = undefined;
      return undefined;
    }
    const waitMs = this.#until - now;
    return new AdmissionRefused(this.#reason, {
      dimension: failure.dimension ?? (this.#reason === 'quota' ? 'quota' : undefined),
      limit: failure.limit,
      requested: failure.requested ?? (this.#reason === 'too_large' ? 1 : undefined),
      waitMs: Number.isFinite(waitMs) ? waitMs : undefined,
      failure,
    });
  }

  /** Whether this call may be the probe; it then is. */
  takeProbe(now: number): boolean {
    if (now < this.#probeAt) return false;
    this.#probeAt = now + PROBE_EVERY_MS;
    return true;
  }
}
