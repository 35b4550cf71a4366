import { AdmissionRefused, type WhoWaits } from './admission.ts';
import type { BodyEnd } from './body-end.ts';
import { CallLoop, type LoopedCall } from './call-loop.ts';
import { errorTypeOf, outcomeOf, WORTH_RESENDING } from './call-outcome.ts';
import { CallRecord, type EndFacts } from './call-record.ts';
import { type CallSettings, type Exchange, inOneStep, type Send } from './call-settings.ts';
import type { Clock } from './clock.ts';
import type { CallOutcome } from './event-values.ts';
import type { CallInfo, GuardEvent } from './events.ts';
import { AttemptFailed, type Lane, type Retry, type RetryBar, type RetryDecision } from './lane.ts';
import type { Failure, TimeLimit } from './outcome.ts';
import type { ProviderAdapter } from './provider.ts';
import { REFUSALS } from './refusals.ts';
import { RetryCourse } from './retry-course.ts';
import { timeCode, timeFailure, timeMessage } from './time-limits.ts';
import { attachDetails, type ErrorDetails } from '../errors.ts';

/** One logical call, from its start to the result that the application sees. */
export class Call implements LoopedCall {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly deadlineAt: number;
  readonly firstContentTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly emit: (event: GuardEvent) => void;
  readonly beganIn: string;
  readonly #settings: CallSettings;
  readonly #record: CallRecord;
  readonly #retries: RetryCourse;
  readonly #loop: CallLoop;

  constructor(settings: CallSettings) {
    this.#settings = settings;
    this.clock = settings.clock;
    this.signal = settings.signal;
    this.deadlineAt = settings.deadlineAt;
    this.firstContentTimeoutMs = settings.place.info.stream ? settings.firstContentTimeoutMs : Infinity;
    this.stallTimeoutMs = settings.stallTimeoutMs;
    this.emit = settings.emit;
    this.beganIn = settings.place.lane.label;
    this.#record = new CallRecord(settings);
    this.#retries = new RetryCourse(settings, this.#record);
    this.#loop = new CallLoop(this, settings, this.#record, this.#retries);
  }

  get lane(): Lane {
    return this.#settings.place.lane;
  }

  get adapter(): ProviderAdapter {
    return this.#settings.adapter;
  }

  get info(): CallInfo {
    return this.#settings.place.info;
  }

  get startedAt(): number {
    return this.#record.startedAt;
  }

  get left(): AbortSignal | undefined {
    return this.#loop.left;
  }

  /** Whether the caller has given up the call. */
  get isLeft(): boolean {
    return this.signal?.aborted === true || this.left?.aborted === true;
  }

  get isHeard(): boolean {
    return this.#settings.isHeard();
  }

  get timesChunks(): boolean {
    return this.#settings.timesChunks;
  }

  get withoutFlex(): boolean {
    return this.#retries.withoutFlex;
  }

  /** Retries left. Kept only here, so that each is counted once, however its failure is detected. */
  get retriesLeft(): number {
    return this.#retries.remaining;
  }

  /** Runs attempts until one yields a response. Rejects with the error for the application. */
  run<T>(exchange: Exchange<T> | Send<T>): Promise<T> {
    return this.#loop.run(stepsOf(exchange));
  }

  /**
   * Continues with further attempts after one that failed after its headers: a body that stalled or broke off, or an
   * error before the first content of a stream. `decision`: returned by `attempt.fail`. `left`: aborts when the
   * application has abandoned the body that would be replaced.
   */
  resume<T>(decision: Retry, exchange: Exchange<T> | Send<T>, left?: AbortSignal): Promise<T> {
    return this.#loop.resume(stepsOf(exchange), decision, left);
  }

  decide(failure: Failure, barred: RetryBar, waiter: WhoWaits | undefined, sinceHeadMs: number): RetryDecision {
    return this.#retries.decide(failure, barred, waiter, sinceHeadMs);
  }

  retries(failure: Failure, decision: Retry): void {
    this.#retries.retries(failure, decision);
  }

  details(failure?: Failure): ErrorDetails {
    return this.#record.details(failure);
  }

  timeError(limit: TimeLimit): unknown {
    const details = this.details(timeFailure(limit));
    return this.#settings.errors.own(timeCode(limit), timeMessage(limit, this.info.lane), details);
  }

  get ownsAnswer(): boolean {
    return this.info.operation !== 'other';
  }

  bodyEnded(end: BodyEnd): void {
    const usage = this.ownsAnswer ? end.usage : undefined;
    if (this.info.stream) this.emit({ type: 'stream.end', call: this.info, outcome: end.outcome });
    switch (end.outcome) {
      case 'interrupted':
        // Part of it was delivered, so it must not be resent without the application's knowledge.
        if (this.info.stream) this.#retries.resendable = false;
        this.finishFailed(end.failure, { usage, response: end.response, error: end.error });
        return;
      case 'cancelled':
        this.#end('cancelled', undefined, { usage, response: end.response });
        return;
      case 'completed':
      case 'unread':
        this.#end(this.#record.attempts > 1 ? 'success_after_retry' : 'success', undefined, {
          usage,
          response: end.response,
        });
    }
  }

  /** The call has failed for good. */
  finishFailed(failure: Failure | undefined, known?: EndFacts): void {
    this.#end(outcomeOf(failure), errorTypeOf(failure), known);
  }

  failed(error: unknown): unknown {
    if (error instanceof AttemptFailed) {
      attachDetails(error.error, this.details(error.failure));
      this.finishFailed(error.failure, { error: error.error });
      return error.error;
    }
    if (error instanceof AdmissionRefused) return this.#refused(error);
    if (this.signal?.aborted && error === this.signal.reason) {
      this.#end('cancelled', undefined);
      return this.#settings.errors.aborted(this.signal);
    }
    if (this.left?.aborted && error === this.left.reason) {
      this.#end('cancelled', undefined);
      return error;
    }
    // The request was never sent: the error belongs to the application or its SDK.
    this.#end('client_error', '_OTHER', { error });
    return error;
  }

  #refused(refusal: AdmissionRefused): unknown {
    const { code, outcome, result, errorType, gaveUp, advice, message } = REFUSALS[refusal.reason];
    const failure = refusal.failure ?? this.#record.lastFailure;
    const details: ErrorDetails = {
      ...this.details(failure),
      outcome,
      dimension: refusal.dimension ?? failure?.dimension,
      limit: refusal.limit ?? failure?.limit,
      resetMs: refusal.waitMs ?? failure?.resetMs,
      advice: failure?.advice ?? advice,
    };
    this.#record.gaveUp(gaveUp);
    const cause = refusal.failure && refusal;
    const error = this.#settings.errors.own(code, message(refusal, this.info.lane), details, cause);
    this.#end(result, errorType, { error });
    return error;
  }

  #end(outcome: CallOutcome, errorType: string | undefined, known?: EndFacts): void {
    if (!this.#record.end(outcome, errorType, known)) return;
    if (WORTH_RESENDING.has(outcome) && this.#retries.resendable) this.#settings.gaveUp(this, this.#settings.sent);
  }
}

function stepsOf<T>(exchange: Exchange<T> | Send<T>): Exchange<T> {
  return typeof exchange === 'function' ? inOneStep(exchange) : exchange;
}
