import { anySignal, sleep } from './abort.ts';
import { AdmissionRefused, type Ticket } from './admission.ts';
import { Attempt, type RunningCall } from './attempt.ts';
import type { CallRecord } from './call-record.ts';
import type { CallSettings, Exchange } from './call-settings.ts';
import { AttemptFailed, CircuitOpen, type Passage, type Retry } from './lane.ts';
import type { RetryCourse } from './retry-course.ts';

/** The call, as seen by its loop. */
export interface LoopedCall extends RunningCall {
  /** Ends the call with the loop's error. Returns what the application sees. */
  failed(error: unknown): unknown;
}

/** Takes a call's attempts through queue, circuit and slots until one is answered or no more are allowed. */
export class CallLoop {
  readonly #call: LoopedCall;
  readonly #settings: CallSettings;
  readonly #record: CallRecord;
  readonly #retries: RetryCourse;
  /** The call's position in the queue, kept from one attempt to the next. */
  #place: number | undefined;
  /** Aborts the wait for the next attempt. */
  #signal: AbortSignal | undefined;
  #left: AbortSignal | undefined;

  constructor(call: LoopedCall, settings: CallSettings, record: CallRecord, retries: RetryCourse) {
    this.#call = call;
    this.#settings = settings;
    this.#record = record;
    this.#retries = retries;
    this.#signal = settings.signal;
  }

  get left(): AbortSignal | undefined {
    return this.#left;
  }

  /** Continues after an attempt whose body failed while it was read, until `left` reports that its reader is gone. */
  resume<T>(exchange: Exchange<T>, retry: Retry, left: AbortSignal | undefined): Promise<T> {
    this.#left = left;
    this.#signal = anySignal(this.#settings.signal, left);
    return this.run(exchange, retry);
  }

  /** An attempt that nothing holds back awaits only the response: no step in between creates a promise. */
  async run<T>(exchange: Exchange<T>, first?: Retry): Promise<T> {
    let retry = first;
    try {
      for (;;) {
        if (retry) await this.#backOff(retry);
        const pending = this.#acquire();
        const attempt = this.#admitted(pending instanceof Promise ? await pending : pending);
        this.#retries.sends();
        let passage: Passage | undefined;
        try {
          passage = this.#call.lane.breaker.enter();
          let response: unknown;
          try {
            response = await this.#send(attempt, exchange);
          } catch (error) {
            throw exchange.failed(error, attempt);
          }
          const received = exchange.receive(response, attempt);
          const value = received instanceof Promise ? await received : received;
          const counted = passage.succeeded();
          if (counted) await counted;
          this.#retries.answered();
          this.#call.lane.late.served();
          return value;
        } catch (error) {
          const counted = attempt.isCrowded ? passage?.crowded(error) : passage?.failed(error);
          if (counted) await counted;
          retry = this.#next(attempt, error);
        }
      }
    } catch (error) {
      throw this.#call.failed(error);
    }
  }

  async #backOff({ pausesLane, delayMs, soonMs }: Retry): Promise<void> {
    // A pause of the lane is waited out in the queue.
    if (pausesLane) return;
    const startedAt = this.#settings.clock.now();
    try {
      const { clock } = this.#settings;
      if (soonMs === undefined) await sleep(clock, delayMs, this.#signal);
      else await this.#call.lane.late.wait(clock, soonMs, delayMs, this.#signal);
    } finally {
      this.#record.waitedForRetry(this.#settings.clock.now() - startedAt);
    }
  }

  /** Synchronous if nothing holds the lane back. */
  #acquire(): Ticket | Promise<Ticket> {
    if (this.#settings.closed()) throw new AdmissionRefused('closed');
    this.#move();
    const { admission } = this.#call.lane;
    const { place, owner, priority, tenant } = this.#settings;
    const ticket = admission.acquire({
      place: this.#place,
      info: place.request,
      refusals: this.#retries.refusals,
      owner,
      priority,
      tenant,
      signal: this.#signal,
      deadlineAt: this.#settings.deadlineAt,
    });
    if (admission.queued > 0) this.#settings.emit({ type: 'queued', call: this.#call.info, depth: admission.queued });
    if (!(ticket instanceof Promise)) return ticket;
    const startedAt = this.#settings.clock.now();
    return ticket.catch((error: unknown) => {
      this.#record.notAdmitted(this.#settings.clock.now() - startedAt, error);
      throw error;
    });
  }

  /** A call that has left flex moves to the lane of the standard tier. */
  #move(): void {
    const settings = this.#settings;
    if (!this.#retries.withoutFlex || settings.place.request.tier === undefined || !settings.withoutFlex) return;
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
    return new Attempt(this.#call, this.#record.attempts, ticket, this.#retries.hasFaulted);
  }

  #send(attempt: Attempt, exchange: Exchange<unknown>): Promise<unknown> {
    attempt.takeSlot();
    const { instrumentation } = this.#settings;
    if (!instrumentation) return exchange.send(attempt);
    return instrumentation.runAttempt(this.#call.info, attempt.number, () => exchange.send(attempt));
  }

  /** What follows an attempt without a response. Throws if nothing does. */
  #next(attempt: Attempt, error: unknown): Retry | undefined {
    attempt.abandon();
    // The circuit opened after the queue let the attempt through: return to the queue, which waits for it.
    if (error instanceof CircuitOpen) return undefined;
    if (error instanceof AttemptFailed && attempt.decision?.retry) return attempt.decision;
    throw error;
  }
}
