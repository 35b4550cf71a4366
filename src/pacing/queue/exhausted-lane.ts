import { AdmissionRefused } from '../../core/admission.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import { isRefusal } from './trials.ts';

/** First probe of a closed lane after this time; the interval doubles with each refused probe. */
const FIRST_PROBE_MS = 2_000;
const MAX_PROBE_MS = 60_000;

/** Quota exhausted, a limit of 0, used up for the day, or closed for longer than a call may wait. */
export type ClosureReason = 'quota' | 'too_large' | 'day_limit' | 'deadline';

/** Why a lane is closed, and until when. */
export interface Closed {
  readonly reason: ClosureReason;
  readonly failure: Failure;
  /** Monotonic time at which the limit resets; Infinity if unknown. */
  readonly until: number;
}

/**
 * A lane that waiting does not open: the quota is exhausted, or a limit resets later than a call may wait. Every call is
 * refused at once with the failure that closed it, except for probes: one refusal may have been wrong, and a billing
 * problem gets fixed.
 */
export class ExhaustedLane {
  #failure: Failure | undefined;
  #reason: ClosureReason = 'quota';
  #until = Infinity;
  #since = 0;
  /** Place of the latest probe. */
  #probe: number | undefined;
  #probeAt = 0;
  #probeEveryMs = FIRST_PROBE_MS;

  /**
   * `until` is the monotonic time at which the limit resets; Infinity if unknown. `elsewhere`: another process found it,
   * and probes.
   */
  close(reason: ClosureReason, failure: Failure, now: number, until: number, elsewhere: boolean): void {
    if (!this.closed(now)) {
      this.#probeEveryMs = elsewhere ? MAX_PROBE_MS : FIRST_PROBE_MS;
      this.#probeAt = now + this.#probeEveryMs;
    }
    this.#reason = reason;
    this.#failure = failure;
    this.#until = until;
    this.#since = now;
  }

  /** Undefined while the lane is open. */
  closed(now: number): Closed | undefined {
    if (!this.#failure || now >= this.#until) return undefined;
    return { reason: this.#reason, failure: this.#failure, until: this.#until };
  }

  open(): void {
    this.#failure = undefined;
  }

  /** A call that was sent at `sentAt` ended. */
  ended(place: number, outcome: Outcome, sentAt: number, now: number): void {
    if (place === this.#probe) {
      this.#probe = undefined;
      if (isRefusal(outcome)) this.#probeEveryMs = Math.min(MAX_PROBE_MS, 2 * this.#probeEveryMs);
      this.#probeAt = now + this.#probeEveryMs;
    }
    // An attempt sent before the lane closed proves nothing.
    if (outcome === 'ok' && sentAt >= this.#since) this.#failure = undefined;
  }

  /** The refusal for a call that arrives now; undefined if it may proceed. */
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

  /** Whether a probe is due: calls are let in, and the first one sent is the probe. */
  isProbeDue(now: number): boolean {
    return now >= this.#probeAt;
  }

  /** The call at this place is sent. Returns whether the lane is closed: then it is the probe. */
  sent(place: number, now: number): boolean {
    if (!this.closed(now)) return false;
    this.#probe = place;
    this.#probeAt = now + this.#probeEveryMs;
    return true;
  }
}
