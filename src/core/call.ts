import { sleep } from './abort.ts';
import { AdmissionRefused, type Priority, type Ticket } from './admission.ts';
import { Attempt, type BodyEnd } from './attempt.ts';
import type { Clock } from './clock.ts';
import type { CallInfo, CallOutcome, GiveUpReason, GuardEvent, Instrumentation, RefusedBy } from './events.ts';
import {
  AttemptFailed,
  type CallRetry,
  CircuitOpen,
  type Lane,
  type RetryAllowance,
  type RetryDecision,
  RetryRequested,
} from './lane.ts';
import type { Failure, Usage } from './outcome.ts';
import type { RequestInfo, RequestLike, ResponseInfo } from './provider.ts';
import { REFUSALS } from './refusals.ts';
import { timeCode, timeFailure, type TimeLimit, timeMessage } from './time-limits.ts';
import { attachDetails, type ErrorDetails, type TidegateErrorCode } from '../errors.ts';

/** Makes the errors that the application sees, in its SDK's own classes. */
export interface ErrorFactory {
  /** The SDK's error for a request that the caller aborted. */
  aborted(signal: AbortSignal): unknown;
  own(code: TidegateErrorCode, message: string, details: ErrorDetails, cause?: unknown): unknown;
}

/** What an attempt yields at its response head. `ended` settles when the body has ended. */
export interface Sent<T> {
  readonly value: T;
  readonly ended: Promise<void>;
}

/**
 * Sends one attempt. Throws AttemptFailed after `attempt.fail`, or any other error
 * when the request never left (the SDK's validation, the application's own hooks).
 */
export type Send<T> = (attempt: Attempt) => Promise<Sent<T>>;

export interface CallSettings {
  readonly lane: Lane;
  readonly info: CallInfo;
  readonly request: RequestInfo;
  /** What is sent. Handed on when the call has failed, never read here. */
  readonly sent: RequestLike;
  /** The guard that begins the call. */
  readonly owner: object;
  readonly priority: Priority;
  readonly tenant: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly deadlineAt: number;
  /** Longest time from sending a stream's request to its first content; Infinity when there is none. */
  readonly firstContentTimeoutMs: number;
  /** Longest silence of a stream after its first content; Infinity when there is none. */
  readonly stallTimeoutMs: number;
  readonly clock: Clock;
  readonly errors: ErrorFactory;
  readonly instrumentation: Instrumentation | undefined;
  readonly emit: (event: GuardEvent) => void;
  /** Whether anybody gets the end of a call: telemetry that records, or a listener. */
  readonly heard: () => boolean;
  /** True once the guard is closed: nothing is sent again. */
  readonly closed: () => boolean;
  /** A flex tier without capacity is left for the standard one. */
  readonly leavesFlex: boolean;
  /** A limit has refused an attempt: its words may tell more of pools than tables do. */
  readonly refused: (lane: Lane, request: RequestInfo, failure: Failure) => void;
  /** The call has failed for good, though it might have been retried: what is sent again now is a second layer's. */
  readonly gaveUp: (call: Call, sent: RequestLike) => void;
}

/** One logical call: its attempts, waits and result. */
export class Call {
  readonly lane: Lane;
  readonly info: CallInfo;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly deadlineAt: number;
  readonly firstContentTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly startedAt: number;
  readonly emit: (event: GuardEvent) => void;
  attempts = 0;
  /** From the next attempt on the request asks for the standard tier in place of flex. */
  withoutFlex = false;
  readonly #settings: CallSettings;
  readonly #retry: CallRetry;
  #place: number | undefined;
  #refusals = 0;
  #waitedPacerMs = 0;
  #waitedBulkheadMs = 0;
  #retryDelayMs = 0;
  #finished = false;
  /** The caller has turned retries off, and may well have some of its own. */
  #retriesOff = false;
  #lastFailure: Failure | undefined;
  /** When the call's unbroken run of probes of an open circuit began. */
  #probingSince: number | undefined;

  constructor(settings: CallSettings) {
    this.#settings = settings;
    this.lane = settings.lane;
    this.info = settings.info;
    this.clock = settings.clock;
    this.signal = settings.signal;
    this.deadlineAt = settings.deadlineAt;
    this.firstContentTimeoutMs = settings.info.stream ? settings.firstContentTimeoutMs : Infinity;
    this.stallTimeoutMs = settings.stallTimeoutMs;
    this.emit = settings.emit;
    this.startedAt = settings.clock.now();
    this.#retry = settings.lane.retry.forCall();
    settings.lane.counts.calls++;
    settings.lane.active++;
    this.emit({ type: 'call.start', call: this.info });
  }

  /** Runs attempts until one yields a response head, or throws what the application is to see. */
  run<T>(send: Send<T>): Promise<T> {
    return this.#loop(send, undefined);
  }

  /**
   * Goes on with further attempts after one that failed behind its response head
   * (a stalled body, an error before the first content of a stream).
   * `decision` is what `attempt.fail` or `decide` returned.
   */
  resume<T>(decision: RetryDecision & { retry: true }, send: Send<T>): Promise<T> {
    return this.#loop(send, decision);
  }

  decide(failure: Failure, context: RetryAllowance): RetryDecision {
    this.#lastFailure = failure;
    this.#retriesOff = context.barred === 'attempts';
    if (failure.outcome === 'throttled') {
      this.#refusals++;
      this.#settings.refused(this.lane, this.#settings.request, failure);
    }
    if (failure.outcome === 'throttled' || failure.outcome === 'quota_exhausted' || failure.outcome === 'overloaded') {
      this.lane.counts.throttled++;
      this.emit({
        type: 'rate_limited',
        call: this.info,
        attempt: this.attempts,
        dimension: refusedBy(failure),
        limit: failure.limit,
        remaining: failure.remaining,
        resetMs: failure.resetMs ?? failure.hintMs,
        advice: failure.advice,
      });
    }
    const decision = this.#decide(failure, context);
    if (!decision.retry) {
      this.#gaveUp(decision.reason);
      return decision;
    }
    if (!failure.noCapacity || !this.#settings.leavesFlex || this.withoutFlex) return decision;
    // Another tier: there is nothing to wait for.
    this.withoutFlex = true;
    return { ...decision, delayMs: 0, source: 'backoff' };
  }

  /** What failed is sent again. Told once the lane has heard of the failure: how long its pause is, is the lane's to say. */
  retries(failure: Failure, decision: RetryDecision & { retry: true }): void {
    const { admission, counts } = this.lane;
    counts.retries++;
    this.emit({
      type: 'retry',
      call: this.info,
      attempt: this.attempts,
      reason: decision.reason,
      delayMs: decision.pausesLane ? admission.pausedForMs() : decision.delayMs,
      delaySource: decision.source,
      status: failure.status,
    });
  }

  details(failure: Failure | undefined = this.#lastFailure): ErrorDetails {
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

  /** The error of a call whose time is up. */
  timeError(limit: TimeLimit): unknown {
    const details = this.details(timeFailure(limit));
    return this.#settings.errors.own(timeCode(limit), timeMessage(limit, this.info.lane), details);
  }

  /**
   * Whether the answer is this call's own work, of an API whose answers are known. Files, batches and responses that
   * are fetched again show what other calls have used, and others may be empty.
   */
  get ownsAnswer(): boolean {
    return this.info.operation !== 'other';
  }

  /** The body of the response that the application got has ended. */
  bodyEnded(end: BodyEnd): void {
    const usage = this.ownsAnswer ? end.usage : undefined;
    if (this.info.stream) this.emit({ type: 'stream.end', call: this.info, outcome: end.outcome });
    if (end.outcome === 'interrupted') {
      // A stream that breaks off has begun: nobody sends the request again behind the application's back.
      if (this.info.stream) this.#retriesOff = true;
      this.finishFailed(end.failure, usage, end.response);
    } else if (end.outcome === 'cancelled') this.#finish('cancelled', undefined, usage, end.response);
    else this.#finish(this.attempts > 1 ? 'success_after_retry' : 'success', undefined, usage, end.response);
  }

  /** The call has failed for good. */
  finishFailed(failure: Failure | undefined, usage?: Usage, response?: () => ResponseInfo): void {
    const errorType = failure?.code ?? (failure?.status === undefined ? undefined : String(failure.status));
    this.#finish(outcomeOf(failure), errorType ?? typeOf(failure), usage, response);
  }

  #decide(failure: Failure, context: RetryAllowance): RetryDecision {
    if (this.#settings.closed()) return { retry: false, reason: 'closed' };
    return this.#retry.decide(failure, {
      ...context,
      probe: this.#isProbe(),
      attempts: this.attempts,
      served: this.lane.admission.served,
      deadlineAt: this.deadlineAt,
      now: this.clock.now(),
    });
  }

  /** Probing an open circuit costs a call no attempt, for as long as the circuit may hold calls back. */
  #isProbe(): boolean {
    return this.#probingSince !== undefined && this.clock.now() - this.#probingSince < this.lane.breaker.maxWaitMs;
  }

  async #loop<T>(send: Send<T>, pending: (RetryDecision & { retry: true }) | undefined): Promise<T> {
    let decision = pending;
    try {
      return await this.#retry.execute(async () => {
        if (decision) await this.#backOff(decision);
        decision = undefined;
        if (this.#settings.closed()) throw new AdmissionRefused('closed');
        const attempt = this.#admitted(await this.#acquire());
        try {
          return await this.#dispatch(attempt, send);
        } catch (error) {
          if (!attempt.dispatched) attempt.ticket.release();
          attempt.abandon();
          if (error instanceof CircuitOpen) throw new RetryRequested();
          if (!(error instanceof AttemptFailed) || !attempt.decision?.retry) throw error;
          decision = attempt.decision;
          throw new RetryRequested();
        }
      });
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async #backOff(decision: RetryDecision & { retry: true }): Promise<void> {
    // A lane's pause is waited out in the queue, with everybody else.
    if (decision.pausesLane) return;
    const startedAt = this.clock.now();
    try {
      await sleep(this.clock, decision.delayMs, this.signal);
    } finally {
      this.#retryDelayMs += this.clock.now() - startedAt;
    }
  }

  #acquire(): Promise<Ticket> {
    const { admission } = this.lane;
    const startedAt = this.clock.now();
    const pending = admission.acquire({
      place: this.#place,
      info: this.#settings.request,
      refusals: this.#refusals,
      owner: this.#settings.owner,
      priority: this.#settings.priority,
      tenant: this.#settings.tenant,
      signal: this.signal,
      deadlineAt: this.deadlineAt,
    });
    if (admission.queued > 0) this.emit({ type: 'queued', call: this.info, depth: admission.queued });
    return pending.catch((error: unknown) => {
      const waitedMs = this.clock.now() - startedAt;
      this.#waitedPacerMs += waitedMs;
      if (waitedMs > 0) this.#notAdmitted(waitedMs, error);
      throw error;
    });
  }

  #notAdmitted(waitedMs: number, error: unknown): void {
    const named = error instanceof AdmissionRefused ? error.dimension : undefined;
    const cause = named ?? this.lane.admission.cause;
    const stage = cause === 'concurrency' ? 'bulkhead' : 'pacer';
    this.emit({ type: 'not_admitted', call: this.info, stage, waitedMs, cause });
  }

  #admitted(ticket: Ticket): Attempt {
    if (this.#settings.closed()) {
      ticket.settle({ outcome: 'cancelled' });
      ticket.release();
      throw new AdmissionRefused('closed');
    }
    this.#place = ticket.place;
    const stage = ticket.cause === 'concurrency' ? 'bulkhead' : 'pacer';
    if (stage === 'bulkhead') this.#waitedBulkheadMs += ticket.waitedMs;
    else this.#waitedPacerMs += ticket.waitedMs;
    this.attempts++;
    // A call that still waits is no traffic: the budget of a long queue would be over before it is sent.
    if (this.attempts === 1) this.lane.budget?.deposit();
    this.lane.counts.attempts++;
    this.emit({
      type: 'admitted',
      call: this.info,
      attempt: this.attempts,
      stage,
      waitedMs: ticket.waitedMs,
      cause: ticket.cause,
    });
    return new Attempt(this, this.attempts, ticket);
  }

  #dispatch<T>(attempt: Attempt, send: Send<T>): Promise<T> {
    const { breaker, slots } = this.lane;
    this.#probingSince = breaker.state() === 'closed' ? undefined : (this.#probingSince ?? this.clock.now());
    const run = (): Promise<T> =>
      breaker.execute(() => {
        attempt.dispatched = true;
        return slots.run(
          () => send(attempt),
          () => attempt.ticket.release(),
        );
      });
    const { instrumentation } = this.#settings;
    return instrumentation ? instrumentation.runAttempt(this.info, attempt.number, run) : run();
  }

  /** Turns whatever ended the loop into what the application sees, and ends the call. */
  #failed(error: unknown): unknown {
    if (error instanceof AttemptFailed) {
      attachDetails(error.error, this.details(error.failure));
      this.finishFailed(error.failure);
      return error.error;
    }
    if (error instanceof AdmissionRefused) return this.#refused(error);
    if (this.signal?.aborted && error === this.signal.reason) {
      this.#finish('cancelled', undefined);
      return this.#settings.errors.aborted(this.signal);
    }
    // The request never left: the error belongs to the application or its SDK.
    this.#finish('client_error', '_OTHER');
    return error;
  }

  #refused(refusal: AdmissionRefused): unknown {
    const { code, outcome, result, errorType, gaveUp, advice, message } = REFUSALS[refusal.reason];
    const failure = refusal.failure ?? this.#lastFailure;
    const details: ErrorDetails = {
      ...this.details(failure),
      outcome,
      dimension: refusal.dimension ?? failure?.dimension,
      limit: refusal.limit ?? failure?.limit,
      resetMs: refusal.waitMs ?? failure?.resetMs,
      advice: failure?.advice ?? advice,
    };
    this.#gaveUp(gaveUp);
    this.#finish(result, errorType);
    const cause = refusal.failure && refusal;
    return this.#settings.errors.own(code, message(refusal, this.info.lane), details, cause);
  }

  #gaveUp(reason: GiveUpReason): void {
    this.emit({ type: 'give_up', call: this.info, attempt: this.attempts, reason });
  }

  #finish(outcome: CallOutcome, errorType: string | undefined, usage?: Usage, response?: () => ResponseInfo): void {
    if (this.#finished) return;
    this.#finished = true;
    this.lane.active--;
    const { counts } = this.lane;
    if (outcome === 'success' || outcome === 'success_after_retry') counts.succeeded++;
    else if (outcome !== 'cancelled') counts.failed++;
    if (GIVEN_UP.has(outcome) && !this.#retriesOff) this.#settings.gaveUp(this, this.#settings.sent);
    this.emit({
      type: 'call.end',
      call: this.info,
      outcome,
      durationMs: this.clock.now() - this.startedAt,
      attempts: this.attempts,
      waitedPacerMs: this.#waitedPacerMs,
      waitedBulkheadMs: this.#waitedBulkheadMs,
      retryDelayMs: this.#retryDelayMs,
      errorType,
      usage,
      response: (this.#settings.heard() && response?.()) || NO_RESPONSE,
    });
  }
}

function refusedBy({ outcome, noCapacity, dimension }: Failure): RefusedBy {
  if (noCapacity) return 'no_capacity';
  return outcome === 'overloaded' ? 'overloaded' : (dimension ?? 'unknown');
}

/** Outcomes after which a layer above may try its luck; what was refused as wrong is sent again by nobody. */
const GIVEN_UP: ReadonlySet<CallOutcome> = new Set<CallOutcome>([
  'retries_exhausted',
  'rejected_circuit',
  'rejected_bulkhead',
  'timeout',
]);

const NO_RESPONSE: ResponseInfo = Object.freeze({});

function outcomeOf(failure: Failure | undefined): CallOutcome {
  switch (failure?.outcome) {
    case 'cancelled':
      return 'cancelled';
    case 'timeout':
      return 'timeout';
    case 'bad_request':
      return 'bad_request';
    case undefined:
    case 'auth':
    case 'too_large':
      return 'client_error';
    default:
      return 'retries_exhausted';
  }
}

function typeOf(failure: Failure | undefined): string | undefined {
  switch (failure?.outcome) {
    case 'cancelled':
      return undefined;
    case 'timeout':
      return 'timeout';
    case 'connection':
      return 'connection_error';
    default:
      return '_OTHER';
  }
}
