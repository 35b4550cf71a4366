import { AdmissionRefused, type Ticket } from './admission.ts';
import type { CallSettings } from './call-settings.ts';
import type { CallOutcome, GiveUpReason, WaitCause } from './event-values.ts';
import type { Lane } from './lane.ts';
import type { Failure, Usage } from './outcome.ts';
import type { ResponseInfo } from './provider.ts';
import { classOf } from './user-value.ts';
import type { ErrorDetails } from '../errors.ts';

/** What is known about a call at its end. */
export interface EndFacts {
  readonly usage?: Usage | undefined;
  readonly response?: (() => ResponseInfo) | undefined;
  /** What the application gets instead of an answer. */
  readonly error?: unknown;
}

const NO_RESPONSE: ResponseInfo = Object.freeze({});

/** Waits for a slot belong to the bulkhead, all others to the pacer. */
function stageOf(cause: WaitCause): 'pacer' | 'bulkhead' {
  return cause === 'concurrency' ? 'bulkhead' : 'pacer';
}

/** Record of a call: its attempts, their waits, and its end. Emits the corresponding events. */
export class CallRecord {
  readonly startedAt: number;
  /** Attempts admitted so far. */
  attempts = 0;
  lastFailure: Failure | undefined;
  readonly #settings: CallSettings;
  /** Whether the call has been deposited in the lane's retry budget. */
  #deposited = false;
  #waitedPacerMs = 0;
  #waitedBulkheadMs = 0;
  #retryDelayMs = 0;
  /** Undefined while the call runs or its body is being read. */
  #outcome: CallOutcome | undefined;

  constructor(settings: CallSettings) {
    const { place, startedAt, emit } = settings;
    const { lane, info } = place;
    this.#settings = settings;
    this.startedAt = startedAt;
    lane.counts.calls++;
    lane.active++;
    emit({ type: 'call.start', call: info });
  }

  /** The call moves from the lane `left` to another one. */
  moved(left: Lane): void {
    const { lane } = this.#settings.place;
    left.active--;
    left.counts.calls--;
    lane.active++;
    lane.counts.calls++;
    this.#deposited = false;
  }

  /** The queue let an attempt through. */
  admitted({ cause, waitedMs }: Ticket): void {
    const { place, emit, isHeard } = this.#settings;
    const { lane, info } = place;
    const stage = stageOf(cause);
    if (stage === 'bulkhead') this.#waitedBulkheadMs += waitedMs;
    else this.#waitedPacerMs += waitedMs;
    this.attempts++;
    // Deposited when sent, not when queued: deposits of a long queue would expire before its calls are sent. Calls
    // refused by a limit do not count either, or a batch behind a limit would have no retries left for real faults.
    if (!this.#deposited || this.lastFailure?.outcome === 'throttled') lane.budget?.deposit();
    this.#deposited = true;
    lane.counts.attempts++;
    if (isHeard()) emit({ type: 'admitted', call: info, attempt: this.attempts, stage, waitedMs, cause });
  }

  /** The wait ended without an attempt: refused, aborted, or out of time. */
  notAdmitted(waitedMs: number, error: unknown): void {
    this.#waitedPacerMs += waitedMs;
    if (waitedMs <= 0) return;
    const { place, emit } = this.#settings;
    const { lane, info } = place;
    const named = error instanceof AdmissionRefused ? error.dimension : undefined;
    const cause = named ?? lane.admission.cause;
    emit({ type: 'not_admitted', call: info, stage: stageOf(cause), waitedMs, cause });
  }

  waitedForRetry(ms: number): void {
    this.#retryDelayMs += ms;
  }

  gaveUp(reason: GiveUpReason): void {
    const { place, emit } = this.#settings;
    const { info } = place;
    emit({ type: 'give_up', call: info, attempt: this.attempts, reason });
  }

  details(failure: Failure | undefined = this.lastFailure): ErrorDetails {
    return {
      outcome: failure?.outcome ?? 'bad_request',
      dimension: failure?.dimension,
      attempts: this.attempts,
      waitedMs: this.#waitedPacerMs + this.#waitedBulkheadMs + this.#retryDelayMs,
      limit: failure?.limit,
      remaining: failure?.remaining,
      resetMs: failure?.resetMs ?? failure?.hintMs,
      advice: failure?.advice ?? 'Check the request.',
    };
  }

  /** Ends the call. False when it has ended before. */
  end(outcome: CallOutcome, errorType: string | undefined, { usage, response, error }: EndFacts = {}): boolean {
    if (this.#outcome !== undefined) return false;
    this.#outcome = outcome;
    const { place, clock, emit, isHeard, hasEndListener } = this.#settings;
    const { lane, info } = place;
    lane.active--;
    if (outcome === 'success' || outcome === 'success_after_retry') lane.counts.succeeded++;
    else if (outcome !== 'cancelled') lane.counts.failed++;
    if (!isHeard()) return true;
    emit({
      type: 'call.end',
      call: info,
      outcome,
      durationMs: clock.now() - this.startedAt,
      attempts: this.attempts,
      waitedPacerMs: this.#waitedPacerMs,
      waitedBulkheadMs: this.#waitedBulkheadMs,
      retryDelayMs: this.#retryDelayMs,
      errorType,
      exception: error === undefined ? undefined : classOf(error),
      usage,
      response: (hasEndListener() && response?.()) || NO_RESPONSE,
    });
    return true;
  }
}
