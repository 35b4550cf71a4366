import type { Ticket } from './admission.ts';
import type { Call } from './call.ts';
import type { StreamOutcome } from './events.ts';
import type { RetryAllowance, RetryDecision } from './lane.ts';
import { type Failure, isProviderFault, type Outcome, type Usage } from './outcome.ts';
import type { ResponseInfo } from './provider.ts';
import { identifier } from './server-text.ts';
import { attachDetails } from '../errors.ts';

/** How a response body ended. */
export interface BodyEnd {
  readonly outcome: StreamOutcome;
  readonly usage?: Usage | undefined;
  /** Reads what the body says of its response; asked only when somebody listens. */
  readonly response?: (() => ResponseInfo) | undefined;
  /** What made the body fail; only with `interrupted`. */
  readonly failure?: Failure | undefined;
  /** An error that an answer carries beside its content. */
  readonly beside?: Failure | undefined;
  /** The error that its reader gets, where it passed through our hands. */
  readonly error?: unknown;
}

/**
 * One HTTP exchange of a call, from its admission to the end of its body.
 * Reports each fact once, whoever tells it and however often.
 */
export class Attempt {
  readonly call: Call;
  readonly number: number;
  readonly ticket: Ticket;
  /** Settles when the body has ended; the bulkhead slot is held until then. */
  readonly ended: Promise<void>;
  /** True once the breaker has let it through: its slot then frees the ticket. */
  dispatched = false;
  decision: RetryDecision | undefined;
  failure: Failure | undefined;
  readonly startedAt: number;
  #headMs: number | undefined;
  #countedLate = false;
  #status: number | undefined;
  #requestId: string | undefined;
  #reported = false;
  #settled = false;
  #resolveEnded!: () => void;

  constructor(call: Call, number: number, ticket: Ticket) {
    this.call = call;
    this.number = number;
    this.ticket = ticket;
    this.startedAt = call.clock.now();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    call.emit({ type: 'attempt.start', call: call.info, attempt: number });
  }

  /** A response head has arrived, whatever its status. */
  head(status: number, headers: Headers): void {
    const { adapter } = this.call.lane;
    this.#status = status;
    this.#requestId = identifier(headers.get(adapter.requestIdHeader));
    this.ticket.onHead(adapter.readLimits(headers, this.call.clock.wall()), status);
  }

  /** The attempt failed; decides once what follows. */
  fail(failure: Failure, context: RetryAllowance): RetryDecision {
    if (this.decision) return this.decision;
    this.failure = failure;
    this.decision = this.call.decide(failure, context);
    this.#report(failure.outcome, failure);
    const unretried = context.barred === 'attempts';
    this.#settle({ outcome: failure.outcome, failure, ...(unretried ? { unretried } : {}) });
    if (this.decision.retry) this.call.retries(failure, this.decision);
    return this.decision;
  }

  /** It failed behind a response head that the circuit has counted as a success. */
  failBehindHead(failure: Failure, context: RetryAllowance): RetryDecision {
    this.#countLate(failure);
    const decision = this.fail(failure, context);
    this.release();
    return decision;
  }

  /** A response that will be handed to the application. The time of a stream's attempt is that of its head. */
  succeeded(stream: boolean): void {
    if (stream) this.#headMs = this.call.clock.now() - this.startedAt;
  }

  firstContent(): void {
    this.#report('ok');
    this.call.emit({
      type: 'stream.first_chunk',
      call: this.call.info,
      sinceStartMs: this.call.clock.now() - this.call.startedAt,
    });
  }

  /** The body has ended, one way or another: frees the slot and corrects the reservation. */
  bodyEnded(end: BodyEnd): void {
    if (end.failure) {
      attachDetails(end.error, this.call.details(end.failure));
      this.#countLate(end.failure);
    }
    const outcome: Outcome =
      end.outcome === 'completed' || end.outcome === 'unread'
        ? 'ok'
        : end.outcome === 'cancelled'
          ? 'cancelled'
          : (end.failure?.outcome ?? 'connection');
    this.#report(outcome, end.failure);
    if (end.beside) this.#tellBeside(end.beside);
    this.#settle({
      outcome,
      ...(end.failure ? { failure: end.failure } : {}),
      ...(end.usage && this.call.ownsAnswer ? { usage: end.usage } : {}),
    });
    this.#resolveEnded();
  }

  /** The body that the application got has ended, and the call with it, unless a further attempt has replaced it. */
  delivered(end: BodyEnd): void {
    this.bodyEnded(end);
    if (!this.decision?.retry) this.call.bodyEnded(end);
  }

  /** The attempt holds its slot no longer; for attempts that failed before their body. */
  release(): void {
    this.#resolveEnded();
  }

  /** The attempt is over without a response; what was not decided yet never left. */
  abandon(): void {
    this.#report('cancelled');
    this.#settle({ outcome: 'cancelled' });
    this.#resolveEnded();
  }

  #tellBeside({ outcome, code, advice }: Failure): void {
    this.call.emit({ type: 'answer.error', call: this.call.info, attempt: this.number, outcome, code, advice });
  }

  /** The circuit has counted a success when the head came. */
  #countLate(failure: Failure): void {
    if (this.#countedLate || !isProviderFault(failure)) return;
    this.#countedLate = true;
    this.call.lane.breaker.recordFailure(this.number > 1);
  }

  #report(outcome: Outcome, failure?: Failure): void {
    if (this.#reported) return;
    this.#reported = true;
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

  #settle(result: { outcome: Outcome; failure?: Failure; usage?: Usage; unretried?: boolean }): void {
    if (this.#settled) return;
    this.#settled = true;
    this.ticket.settle(result);
    if (result.usage) this.#compare(result.usage);
  }

  /** Tells how far the estimate was off. */
  #compare(usage: Usage): void {
    const { call, ticket } = this;
    const { estimate } = ticket;
    if (!estimate) return;
    const settled = (dimension: 'input_tokens' | 'output_tokens', estimated: number, actual: number): void =>
      call.emit({ type: 'settled', call: call.info, attempt: this.number, dimension, estimated, actual });
    settled('input_tokens', estimate.inputTokens, usage.inputTokens);
    settled('output_tokens', estimate.expectedOutputTokens, usage.outputTokens);
  }
}
