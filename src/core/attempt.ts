import type { Ticket, WhoWaits } from './admission.ts';
import { attemptOutcome, type BodyEnd } from './body-end.ts';
import type { Clock } from './clock.ts';
import type { CallInfo, GuardEvent } from './events.ts';
import type { Lane, Retry, RetryBar, RetryDecision } from './lane.ts';
import { type Failure, isProviderFault, type Outcome, type TimeLimit, type Usage } from './outcome.ts';
import type { ProviderAdapter } from './provider.ts';
import { identifier } from './server-text.ts';
import { attachDetails, type ErrorDetails } from '../errors.ts';

/** The call, as seen by its attempts and by the handlers of their answers. */
export interface RunningCall {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Aborted when the application abandons a body that further attempts would replace. */
  readonly left: AbortSignal | undefined;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly firstContentTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly lane: Lane;
  /** Label of the lane in which the call began. */
  readonly beganIn: string;
  readonly adapter: ProviderAdapter;
  readonly info: CallInfo;
  readonly emit: (event: GuardEvent) => void;
  readonly isHeard: boolean;
  readonly timesChunks: boolean;
  readonly withoutFlex: boolean;
  /**
   * Whether the answer is this call's own work, from an API whose answers are known. Files, batches and responses
   * fetched again show the usage of other calls, and unknown ones may be empty.
   */
  readonly ownsAnswer: boolean;
  /**
   * Decides what follows a failed attempt, given the lane's verdict on who waits. Called by the attempt, once.
   * `sinceHeadMs`: time already spent reading the error's body, which counts as waited.
   */
  decide(failure: Failure, barred: RetryBar, waiter: WhoWaits | undefined, sinceHeadMs: number): RetryDecision;
  retries(failure: Failure, decision: Retry): void;
  details(failure?: Failure): ErrorDetails;
  /** The error for a call that has run out of time. */
  timeError(limit: TimeLimit): unknown;
  /** The body of the application's response has ended. */
  bodyEnded(end: BodyEnd): void;
}

/**
 * State of an attempt. Each event is reported when its state is left, and so only once, whatever path leads there.
 */
type AttemptState =
  /** Sent, or about to be. `reported`: its stream has delivered content, at which the attempt's own event ends. */
  | { readonly at: 'open'; readonly reported: boolean }
  | {
      readonly at: 'failed';
      readonly failure: Failure;
      readonly decision: RetryDecision;
      readonly waiter: WhoWaits | undefined;
    }
  /** Its body has ended or was abandoned. */
  | { readonly at: 'ended' };

const OPEN: AttemptState = { at: 'open', reported: false };
const ANSWERING: AttemptState = { at: 'open', reported: true };
const ENDED: AttemptState = { at: 'ended' };

/** One HTTP exchange of a call, from its admission to the end of its body. */
export class Attempt {
  readonly call: RunningCall;
  readonly number: number;
  readonly ticket: Ticket;
  /** Whether the provider has failed this call before, which the circuit has then already counted. */
  readonly isFurtherFault: boolean;
  readonly startedAt: number;
  #state: AttemptState = OPEN;
  #headMs: number | undefined;
  /** When the response's headers arrived; the body of an error may take longer. */
  #headAt: number | undefined;
  #status: number | undefined;
  #requestId: string | undefined;
  /** Releases its slot. */
  #slots: Lane['slots'] | undefined;
  #onOver: (() => void) | undefined;
  #contentAt = 0;
  #responseModel: string | undefined;

  constructor(call: RunningCall, number: number, ticket: Ticket, isFurtherFault: boolean) {
    this.call = call;
    this.number = number;
    this.ticket = ticket;
    this.isFurtherFault = isFurtherFault;
    this.startedAt = ticket.sentAt;
    if (call.isHeard) call.emit({ type: 'attempt.start', call: call.info, attempt: number });
  }

  /** What follows its failure; undefined unless it has failed. */
  get decision(): RetryDecision | undefined {
    return this.#state.at === 'failed' ? this.#state.decision : undefined;
  }

  get failure(): Failure | undefined {
    return this.#state.at === 'failed' ? this.#state.failure : undefined;
  }

  /** Whether the provider was too busy for one more, which says nothing about its health. */
  get isCrowded(): boolean {
    const state = this.#state;
    return state.at === 'failed' && state.failure.outcome === 'overloaded' && state.waiter === 'lane';
  }

  /** Takes a slot, held until the body ends. */
  takeSlot(): void {
    const { slots } = this.call.lane;
    slots.take();
    this.#slots = slots;
  }

  /** Calls `listener` once the body has ended or was abandoned. */
  whenOver(listener: () => void): void {
    this.#onOver = listener;
  }

  /** The body of a response is about to be read. */
  arrived(): void {
    this.#headAt ??= this.call.clock.now();
  }

  /** The response's headers have arrived, whatever its status. */
  head(status: number, headers: Headers): void {
    const { adapter } = this.call;
    this.arrived();
    this.#status = status;
    if (this.call.isHeard) this.#requestId = identifier(headers.get(adapter.requestIdHeader));
    this.ticket.onHead(adapter.readLimits(headers, this.call.clock.wall()), status);
  }

  /** The attempt failed; on the first call, decides what follows. */
  fail(failure: Failure, barred: RetryBar): RetryDecision {
    const before = this.#state;
    if (before.at === 'failed') return before.decision;
    let waiter: WhoWaits | undefined;
    // The body of a delivered answer may have ended first; further failures change nothing.
    if (before.at === 'open') {
      if (!before.reported) this.#report(failure.outcome, failure);
      const unretried = barred === 'attempts';
      // Before the decision: the lane determines whether the call waits by itself.
      waiter = this.#settle({ outcome: failure.outcome, failure, unretried });
    }
    // The attempt's own event ended with the response's headers.
    const isResponse = failure.status !== undefined && this.#headAt !== undefined;
    const sinceHeadMs = isResponse ? this.call.clock.now() - this.#headAt! : 0;
    const decision = this.call.decide(failure, barred, waiter, sinceHeadMs);
    this.#state = { at: 'failed', failure, decision, waiter };
    if (decision.retry) this.call.retries(failure, decision);
    return decision;
  }

  /** It failed after headers that the circuit has already counted as a success. */
  failBehindHead(failure: Failure, barred: RetryBar): RetryDecision {
    if (this.#state.at === 'open') this.#countLate(failure);
    const decision = this.fail(failure, barred);
    this.release();
    return decision;
  }

  /** The response will be handed to the application. A stream's attempt is timed up to its headers. */
  succeeded(stream: boolean): void {
    if (stream) this.#headMs = this.call.clock.now() - this.startedAt;
  }

  /** `responseModel`: undefined if the stream has not named it yet. */
  firstContent(responseModel: string | undefined): void {
    if (this.#state === OPEN) {
      this.#state = ANSWERING;
      this.#report('ok');
    }
    const { call } = this;
    this.#contentAt = call.clock.now();
    this.#responseModel = responseModel;
    const sinceStartMs = this.#contentAt - call.startedAt;
    call.emit({ type: 'stream.first_chunk', call: call.info, sinceStartMs, responseModel });
  }

  furtherContent(): void {
    const { call } = this;
    const now = call.clock.now();
    const sinceLastMs = now - this.#contentAt;
    call.emit({ type: 'stream.chunk', call: call.info, sinceLastMs, responseModel: this.#responseModel });
    this.#contentAt = now;
  }

  /** The body has ended in any way: frees the slot and corrects the reservation. */
  bodyEnded(end: BodyEnd): void {
    const { failure, usage } = end;
    if (failure) attachDetails(end.error, this.call.details(failure));
    if (this.#state.at === 'open') {
      if (failure) this.#countLate(failure);
      const outcome = attemptOutcome(end);
      this.#close(outcome, failure);
      if (end.beside) this.#reportBeside(end.beside);
      this.#settle({ outcome, failure, usage: this.call.ownsAnswer ? usage : undefined });
    } else if (end.beside) this.#reportBeside(end.beside);
    if (usage && this.decision?.retry && this.call.ownsAnswer) this.#reportSpent(usage, end.response);
    this.#end();
  }

  /** The application's body has ended, and the call with it, unless a further attempt replaces the body. */
  delivered(end: BodyEnd): void {
    this.bodyEnded(end);
    if (!this.decision?.retry) this.call.bodyEnded(end);
  }

  /** Frees the slot of an attempt that failed before its body. */
  release(): void {
    this.#end();
  }

  /** The attempt is over without a response. If it has no outcome yet, it was never sent. */
  abandon(): void {
    if (this.#state.at === 'open') {
      this.#close('cancelled');
      this.#settle({ outcome: 'cancelled' });
    }
    this.#end();
  }

  /** Releases everything it holds; further calls do nothing. */
  #end(): void {
    const slots = this.#slots;
    const onOver = this.#onOver;
    this.#slots = undefined;
    this.#onOver = undefined;
    slots?.free();
    this.ticket.release();
    onOver?.();
  }

  #close(outcome: Outcome, failure?: Failure): void {
    const before = this.#state;
    this.#state = ENDED;
    if (before !== ANSWERING) this.#report(outcome, failure);
  }

  #reportBeside({ outcome, code, advice }: Failure): void {
    this.call.emit({ type: 'answer.error', call: this.call.info, attempt: this.number, outcome, code, advice });
  }

  #reportSpent(usage: Usage, response: BodyEnd['response']): void {
    const { call, number } = this;
    call.emit({ type: 'attempt.spent', call: call.info, attempt: number, usage, response: response?.() ?? {} });
  }

  /** Whether the circuit counted a success when the headers arrived. */
  #countLate(failure: Failure): void {
    if (isProviderFault(failure)) this.call.lane.breaker.recordFailure(this.isFurtherFault);
  }

  #report(outcome: Outcome, failure?: Failure): void {
    if (!this.call.isHeard) return;
    this.call.emit({
      type: 'attempt.end',
      call: this.call.info,
      attempt: this.number,
      outcome,
      retryable: failure?.retryable ?? false,
      durationMs: this.#headMs ?? this.call.clock.now() - this.startedAt,
      status: failure?.status ?? this.#status,
      code: failure?.code,
      requestId: this.#requestId,
    });
  }

  #settle(result: Parameters<Ticket['settle']>[0]): WhoWaits | undefined {
    const waiter = this.ticket.settle(result);
    if (result.usage) this.#compare(result.usage);
    return waiter;
  }

  /** Reports the estimation error. */
  #compare(usage: Usage): void {
    const { estimate } = this.ticket;
    if (!estimate || !this.call.isHeard) return;
    this.#compared('input_tokens', estimate.inputTokens, usage.inputTokens);
    this.#compared('output_tokens', estimate.expectedOutputTokens, usage.outputTokens);
  }

  #compared(dimension: 'input_tokens' | 'output_tokens', estimated: number, actual: number): void {
    this.call.emit({ type: 'settled', call: this.call.info, attempt: this.number, dimension, estimated, actual });
  }
}
