import { sleep } from './abort.ts';
import { AdmissionRefused, type Ticket, type WhoWaits } from './admission.ts';
import { Attempt, type BodyEnd } from './attempt.ts';
import { errorTypeOf, outcomeOf, WORTH_RESENDING } from './call-outcome.ts';
import { CallRecord, type EndFacts } from './call-record.ts';
import { type CallSettings, type Exchange, inOneStep, type Send } from './call-settings.ts';
import type { Clock } from './clock.ts';
import type { CallInfo, CallOutcome, GuardEvent } from './events.ts';
import { AttemptFailed, CircuitOpen, type Lane, type RetryBar, type RetryDecision } from './lane.ts';
import type { Failure, TimeLimit } from './outcome.ts';
import type { ProviderAdapter } from './provider.ts';
import { REFUSALS } from './refusals.ts';
import { type Retry, RetryCourse } from './retry-course.ts';
import { timeCode, timeFailure, timeMessage } from './time-limits.ts';
import { attachDetails, type ErrorDetails } from '../errors.ts';

/** One logical call: takes its attempts through queue, circuit and slots until one is answered or no more may be made. */
export class Call {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly deadlineAt: number;
  readonly firstContentTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly emit: (event: GuardEvent) => void;
  /** Label of the lane in which it began. */
  readonly beganIn: string;
  readonly #settings: CallSettings;
  readonly #record: CallRecord;
  readonly #retries: RetryCourse;
  /** Keeps its place in the queue from one attempt to the next. */
  #place: number | undefined;

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

  get isHeard(): boolean {
    return this.#settings.isHeard();
  }

  get timesChunks(): boolean {
    return this.#settings.timesChunks;
  }

  get withoutFlex(): boolean {
    return this.#retries.withoutFlex;
  }

  /** Counted attempts that may still follow. Kept here only: whoever tells of a failure, they are counted once. */
  get retriesLeft(): number {
    return this.#retries.remaining;
  }

  /** Runs attempts until one yields a response head. Rejects with what the application is to see. */
  run<T>(exchange: Exchange<T> | Send<T>): Promise<T> {
    return this.#loop(stepsOf(exchange), undefined);
  }

  /**
   * Continues with further attempts after one that failed behind its response head: a body that stalled or broke off, an
   * error before the first content of a stream. `decision` is what `attempt.fail` returned.
   */
  resume<T>(decision: Retry, exchange: Exchange<T> | Send<T>): Promise<T> {
    return this.#loop(stepsOf(exchange), decision);
  }

  /**
   * What follows a failed attempt, of which the lane has said who waits. Called once an attempt, by the attempt.
   * `sinceHeadMs`: how long the text of the error took, which is waited for already.
   */
  decide(failure: Failure, barred: RetryBar, waiter: WhoWaits | undefined, sinceHeadMs: number): RetryDecision {
    return this.#retries.decide(failure, barred, waiter, sinceHeadMs);
  }

  retries(failure: Failure, decision: Retry): void {
    this.#retries.retries(failure, decision);
  }

  details(failure?: Failure): ErrorDetails {
    return this.#record.details(failure);
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
    switch (end.outcome) {
      case 'interrupted':
        // It had begun: nobody resends it behind the application's back.
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

  /** Where nothing holds an attempt back, it waits for the response alone: no step between has a promise of its own. */
  async #loop<T>(exchange: Exchange<T>, first: Retry | undefined): Promise<T> {
    let retry = first;
    try {
      for (;;) {
        if (retry) await this.#backOff(retry);
        const pending = this.#acquire();
        const attempt = this.#admitted(pending instanceof Promise ? await pending : pending);
        const { breaker } = this.lane;
        this.#retries.sends();
        const passage = breaker.enter();
        try {
          if (!passage) return await breaker.execute(() => this.#exchange(attempt, exchange));
          let response: unknown;
          try {
            response = await this.#send(attempt, exchange);
          } catch (error) {
            throw exchange.failed(error, attempt);
          }
          const received = exchange.receive(response, attempt);
          const value = received instanceof Promise ? await received : received;
          breaker.succeeded(passage);
          return value;
        } catch (error) {
          if (passage) await breaker.failed(passage, error);
          retry = this.#next(attempt, error);
        }
      }
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** The steps of an attempt one after the other. */
  async #exchange<T>(attempt: Attempt, exchange: Exchange<T>): Promise<T> {
    let response: unknown;
    try {
      response = await this.#send(attempt, exchange);
    } catch (error) {
      throw exchange.failed(error, attempt);
    }
    return exchange.receive(response, attempt);
  }

  async #backOff({ pausesLane, delayMs }: Retry): Promise<void> {
    // A pause of the lane is waited out in the queue, together with everyone else there.
    if (pausesLane) return;
    const startedAt = this.clock.now();
    try {
      await sleep(this.clock, delayMs, this.signal);
    } finally {
      this.#record.waitedForRetry(this.clock.now() - startedAt);
    }
  }

  /** Waits for nothing where nothing holds the lane back. */
  #acquire(): Ticket | Promise<Ticket> {
    if (this.#settings.closed()) throw new AdmissionRefused('closed');
    this.#move();
    const { admission } = this.lane;
    const { place, owner, priority, tenant } = this.#settings;
    const ticket = admission.acquire({
      place: this.#place,
      info: place.request,
      refusals: this.#retries.refusals,
      owner,
      priority,
      tenant,
      signal: this.signal,
      deadlineAt: this.deadlineAt,
    });
    if (admission.queued > 0) this.emit({ type: 'queued', call: this.info, depth: admission.queued });
    if (!(ticket instanceof Promise)) return ticket;
    const startedAt = this.clock.now();
    return ticket.catch((error: unknown) => {
      this.#record.notAdmitted(this.clock.now() - startedAt, error);
      throw error;
    });
  }

  /** A call that has left flex waits, and is charged, where calls of the standard tier are. */
  #move(): void {
    const settings = this.#settings;
    if (!this.withoutFlex || settings.place.request.tier === undefined || !settings.withoutFlex) return;
    const { lane } = settings.place;
    settings.place = settings.withoutFlex();
    if (settings.place.lane === lane) return;
    this.#place = undefined;
    this.#record.moved(lane);
    this.#retries.moved();
  }

  #admitted(ticket: Ticket): Attempt {
    if (this.#settings.closed()) {
      ticket.settle({ outcome: 'cancelled' });
      ticket.release();
      throw new AdmissionRefused('closed');
    }
    this.#place = ticket.place;
    this.#record.admitted(ticket);
    return new Attempt(this, this.#record.attempts, ticket, this.#retries.hasFaulted);
  }

  #send(attempt: Attempt, exchange: Exchange<unknown>): Promise<unknown> {
    attempt.takeSlot();
    const { instrumentation } = this.#settings;
    if (!instrumentation) return exchange.send(attempt);
    return instrumentation.runAttempt(this.info, attempt.number, () => exchange.send(attempt));
  }

  /** What follows an attempt that brought no response. Throws where nothing does. */
  #next(attempt: Attempt, error: unknown): Retry | undefined {
    attempt.abandon();
    // The circuit opened between the queue and here: back to the queue, which waits for it.
    if (error instanceof CircuitOpen) return undefined;
    if (error instanceof AttemptFailed && attempt.decision?.retry) return attempt.decision;
    throw error;
  }

  /** Ends the call for whatever ended the loop. Returns what the application sees. */
  #failed(error: unknown): unknown {
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
    // The request never left: the error belongs to the application or its SDK.
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
