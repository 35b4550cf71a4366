import type { WhoWaits } from './admission.ts';
import type { CallRecord } from './call-record.ts';
import type { CallSettings } from './call-settings.ts';
import { refusedBy } from './call-outcome.ts';
import type { CallRetry, Retry, RetryBar, RetryDecision } from './lane.ts';
import { type Failure, isProviderFault } from './outcome.ts';

/** A call's retries so far, and the decision after its next failure. */
export class RetryCourse {
  /** Retries left. */
  remaining: number;
  /** Refusals by a limit so far. */
  refusals = 0;
  /** The provider has failed this call before. To the circuit, a call is one piece of evidence, not one per attempt. */
  hasFaulted = false;
  /** From the next attempt on, the request asks for the standard tier instead of flex. */
  withoutFlex = false;
  /** Whether a resend of the call would be a second layer's; not if the caller has turned retries off here. */
  resendable = true;
  readonly #settings: CallSettings;
  readonly #record: CallRecord;
  /** Successes of the lane before the call's first failure there. */
  #policy: CallRetry | undefined;
  /** When the call's current run of probes of an open circuit began. */
  #probingSince: number | undefined;

  constructor(settings: CallSettings, record: CallRecord) {
    this.#settings = settings;
    this.#record = record;
    this.remaining = settings.retries;
  }

  /** The call moves to another lane, which knows nothing about its earlier failures. */
  moved(): void {
    this.#policy = undefined;
    this.refusals = 0;
    this.hasFaulted = false;
    this.#probingSince = undefined;
  }

  /** An attempt is about to be sent; it is a probe if the circuit is not closed. */
  sends(): void {
    const { place, clock } = this.#settings;
    const { lane } = place;
    this.#probingSince = lane.breaker.state() === 'closed' ? undefined : (this.#probingSince ?? clock.now());
  }

  /** The latest attempt got an answer. */
  answered(): void {
    this.#policy?.answered();
  }

  decide(failure: Failure, barred: RetryBar, waiter: WhoWaits | undefined, sinceHeadMs: number): RetryDecision {
    this.#record.lastFailure = failure;
    this.resendable = barred !== 'attempts';
    if (isProviderFault(failure) && waiter !== 'lane') this.hasFaulted = true;
    this.#reportRefusal(failure);
    const asked = this.#ask(failure, barred, waiter);
    if (!asked.retry) {
      this.#record.gaveUp(asked.reason);
      return asked;
    }
    if (asked.counted) this.remaining--;
    const decision = asked.pausesLane ? asked : { ...asked, delayMs: Math.max(0, asked.delayMs - sinceHeadMs) };
    if (!failure.noCapacity || !this.#settings.withoutFlex || this.withoutFlex) return decision;
    // Another tier needs no wait.
    this.withoutFlex = true;
    return { ...decision, delayMs: 0, source: 'backoff' };
  }

  /** Reports a retry. Called after the lane has processed the failure, since it determines the length of its pause. */
  retries(failure: Failure, decision: Retry): void {
    const { place, emit } = this.#settings;
    const { lane, info } = place;
    lane.counts.retries++;
    emit({
      type: 'retry',
      call: info,
      attempt: this.#record.attempts,
      reason: decision.reason,
      delayMs: decision.pausesLane ? lane.admission.pausedForMs() : decision.delayMs,
      delaySource: decision.source,
      status: failure.status,
    });
  }

  #ask(failure: Failure, barred: RetryBar, waiter: WhoWaits | undefined): RetryDecision {
    const { closed, place, clock, deadlineAt } = this.#settings;
    if (closed()) return { retry: false, reason: 'closed' };
    this.#policy ??= place.lane.retry.forCall();
    return this.#policy.decide(failure, {
      remaining: this.remaining,
      barred,
      waiter,
      probe: this.#isProbe(),
      attempts: this.#record.attempts,
      served: place.lane.admission.served,
      inFlight: place.lane.admission.inFlight,
      refused: place.lane.counts.throttled,
      deadlineAt,
      now: clock.now(),
    });
  }

  /** Probes of an open circuit do not count as attempts, for as long as the circuit may hold calls back. */
  #isProbe(): boolean {
    const { place, clock } = this.#settings;
    const { lane } = place;
    return this.#probingSince !== undefined && clock.now() - this.#probingSince < lane.breaker.maxWaitMs;
  }

  #reportRefusal(failure: Failure): void {
    const { place, refused, emit } = this.#settings;
    const { lane, info, request } = place;
    const { outcome } = failure;
    if (outcome === 'throttled') {
      this.refusals++;
      refused(lane, request, failure);
    }
    if (outcome !== 'throttled' && outcome !== 'quota_exhausted' && outcome !== 'overloaded') return;
    lane.counts.throttled++;
    emit({
      type: 'rate_limited',
      call: info,
      attempt: this.#record.attempts,
      dimension: refusedBy(failure),
      limit: failure.limit,
      remaining: failure.remaining,
      resetMs: failure.resetMs ?? failure.hintMs,
      requested: failure.requested,
      advice: failure.advice,
    });
  }
}
