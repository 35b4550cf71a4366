import { AdmissionRefused } from '../../core/admission.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import { refusalWaitMs } from '../limits/refusal-wait.ts';
import { isRefusal } from './trials.ts';

/** First probe of a closed lane after this time; the interval doubles with each refused probe. */
const FIRST_PROBE_MS = 2_000;
const MAX_PROBE_MS = 60_000;
/** Longest time that other calls wait for the second call that verifies a refusal. */
const MAX_PATIENCE_MS = 2_000;

/** Quota exhausted, a limit of 0, used up for the day, or closed for longer than a call may wait. */
export type ClosureReason = 'quota' | 'too_large' | 'day_limit' | 'deadline';

/** Why a lane is closed, and until when. */
export interface Closed {
  readonly reason: ClosureReason;
  readonly failure: Failure;
  /** Monotonic time at which the limit resets; Infinity if unknown. */
  readonly until: number;
}

/** A refusal that would close the lane, until a second call has verified it. */
interface Suspicion {
  /** Calls sent before this prove nothing. */
  readonly since: number;
  /** How long the refusal took. */
  readonly refusalMs: number;
  /** Place of the verifying call. */
  readonly asking: number | undefined;
  readonly askedAt: number;
}

/**
 * A lane that no wait will open: the quota is exhausted, or a limit resets later than a call may wait. Closing it fails
 * every waiting call, and one refusal may be wrong, so a second call verifies it while the others wait. While the lane
 * is closed, every call is refused at once with the failure that closed it, except probes: both refusals may have been
 * wrong, and a billing problem gets fixed.
 */
export class ExhaustedLane {
  #closed: Closed | undefined;
  #since = 0;
  #suspicion: Suspicion | undefined;
  /** Place of the latest probe. */
  #probe: number | undefined;
  #probeAt = 0;
  #probeEveryMs = FIRST_PROBE_MS;

  /** A call sent at `sentAt` was refused. Returns whether that closes the lane. */
  refused(closed: Closed, sentAt: number, now: number): boolean {
    if (!this.closed(now)) {
      const suspicion = this.#suspicion;
      if (!suspicion || sentAt < suspicion.since) {
        this.#suspicion ??= { since: now, refusalMs: now - sentAt, asking: undefined, askedAt: 0 };
        return false;
      }
      this.#probeNext(FIRST_PROBE_MS, now);
    }
    this.#close(closed, now);
    return true;
  }

  /** Another process closed the lane and probes it. */
  closedElsewhere(closed: Closed, now: number): void {
    if (!this.closed(now)) this.#probeNext(MAX_PROBE_MS, now);
    this.#close(closed, now);
  }

  /** Undefined while the lane is open. */
  closed(now: number): Closed | undefined {
    return this.#closed && now < this.#closed.until ? this.#closed : undefined;
  }

  open(): void {
    this.#closed = undefined;
    this.#suspicion = undefined;
  }

  /** Whether the next call verifies the refusal, whatever the limits say: the refusal may have set them. */
  get asks(): boolean {
    return this.#suspicion !== undefined && this.#suspicion.asking === undefined;
  }

  /** Until when calls wait for the verifying one; `now` if they do not. */
  heldUntil(now: number): number {
    const suspicion = this.#suspicion;
    if (suspicion?.asking === undefined) return now;
    return Math.max(now, suspicion.askedAt + refusalWaitMs(suspicion.refusalMs, MAX_PATIENCE_MS));
  }

  /** A call sent at `sentAt` got through. */
  served(sentAt: number): void {
    if (this.#suspicion && sentAt >= this.#suspicion.since) this.#suspicion = undefined;
    // An attempt sent before the lane closed proves nothing.
    if (sentAt >= this.#since) this.#closed = undefined;
  }

  ended(place: number, outcome: Outcome, now: number): void {
    this.forget(place);
    if (place !== this.#probe) return;
    this.#probe = undefined;
    this.#probeNext(isRefusal(outcome) ? Math.min(MAX_PROBE_MS, 2 * this.#probeEveryMs) : this.#probeEveryMs, now);
  }

  /** The call was never sent, or its outcome is unknown: another call takes over. */
  forget(place: number): void {
    if (this.#suspicion?.asking === place) this.#suspicion = { ...this.#suspicion, asking: undefined };
  }

  /** The refusal for a call that arrives now; undefined if it may proceed. */
  refusal(now: number): AdmissionRefused | undefined {
    const closed = this.closed(now);
    if (!closed) return undefined;
    const { reason, failure, until } = closed;
    const waitMs = until - now;
    return new AdmissionRefused(reason, {
      dimension: failure.dimension ?? (reason === 'quota' ? 'quota' : undefined),
      limit: failure.limit,
      requested: failure.requested ?? (reason === 'too_large' ? 1 : undefined),
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
    if (this.asks) this.#suspicion = { ...this.#suspicion!, asking: place, askedAt: now };
    if (!this.closed(now)) return false;
    this.#probe = place;
    this.#probeAt = now + this.#probeEveryMs;
    return true;
  }

  #close(closed: Closed, now: number): void {
    this.#suspicion = undefined;
    this.#closed = closed;
    this.#since = now;
  }

  #probeNext(everyMs: number, now: number): void {
    this.#probeEveryMs = everyMs;
    this.#probeAt = now + everyMs;
  }
}
