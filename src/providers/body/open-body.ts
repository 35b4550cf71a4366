import type { Attempt } from '../../core/attempt.ts';
import type { BodyEnd } from '../../core/body-end.ts';
import type { Clock } from '../../core/clock.ts';
import type { Failure } from '../../core/outcome.ts';
import type { ProviderAdapter } from '../../core/provider.ts';
import { TimeUp } from '../../core/time-limits.ts';
import type { BodyWatch, OpenBody } from './abandoned-bodies.ts';
import { ANY_TIME, type BodyLimit, BodyTimer, type BodyTimes } from './body-timer.ts';
import { classifyConnection } from '../errors/classify-connection.ts';
import { discardBody } from './node-body.ts';

/** The result of a failure before anything was delivered: another response, or the failure itself. */
export type Replacement = { readonly response: Response } | undefined;

/** What a body needs of the attempt that brought it. */
export interface BodyHooks {
  readonly adapter: ProviderAdapter;
  readonly watch: BodyWatch;
  readonly clock: Clock;
  readonly times: BodyTimes;
  /** Whether the request is of an API whose answers are known; others may be empty. */
  readonly answers: boolean;
  /**
   * Nothing was delivered yet. Resolves to the response of a further attempt, if there was one. `signal` is the one
   * with which the application can abandon the response; `left` aborts once it has, by any means.
   */
  replace(failure: Failure, signal: AbortSignal | undefined, left: AbortSignal): Promise<Replacement>;
  /** A time limit was reached: closes the connection and returns the reader's error. */
  timeUp(reason: TimeUp): unknown;
  /** The attempt timed out: closes the connection and returns the reader's error for when nothing replaces the body. */
  late?(): unknown;
  /** The error that an SDK throws for an error event; set if its reader would mistake an error for an empty stream. */
  streamError?(body: object): unknown;
  /** Called once. */
  onEnd(end: BodyEnd): void;
}

/** The hooks of an attempt's body that are the same whatever the request path. They do not hold the response. */
export abstract class AttemptBody implements BodyHooks {
  readonly attempt: Attempt;
  readonly watch: BodyWatch;
  readonly #abort: ((reason: TimeUp) => void) | undefined;

  /** `abort` closes the connection. */
  constructor(attempt: Attempt, watch: BodyWatch, abort: ((reason: TimeUp) => void) | undefined) {
    this.attempt = attempt;
    this.watch = watch;
    this.#abort = abort;
  }

  get adapter(): ProviderAdapter {
    return this.attempt.call.adapter;
  }

  get clock(): Clock {
    return this.attempt.call.clock;
  }

  get answers(): boolean {
    return this.attempt.call.ownsAnswer;
  }

  get times(): BodyTimes {
    const { startedAt, call } = this.attempt;
    if (Math.min(call.deadlineAt, call.firstContentTimeoutMs, call.stallTimeoutMs) === Infinity) return ANY_TIME;
    return {
      deadlineAt: call.deadlineAt,
      firstContentAt: startedAt + call.firstContentTimeoutMs,
      stallMs: call.stallTimeoutMs,
      wholeAt: Infinity,
    };
  }

  timeUp(reason: TimeUp): unknown {
    this.#abort?.(reason);
    return this.attempt.call.timeError(reason.limit);
  }

  abstract replace(failure: Failure, signal: AbortSignal | undefined, left: AbortSignal): Promise<Replacement>;

  onEnd(end: BodyEnd): void {
    this.attempt.delivered(end);
  }
}

/** Ends a body that did not arrive within its attempt's time. */
class Late extends Error {
  override readonly name = 'TimeoutError';
  /** The error for the reader. */
  shown: unknown;
}

const ONCE = { once: true };

type Facts = Pick<BodyEnd, 'usage' | 'response'>;

/**
 * The record of one body. Knows nothing of the response: what this object can reach stays alive as long as it does, and
 * the response must be free to be collected. A response that was read may be kept for long, and leads to no call.
 */
export class TrackedBody implements OpenBody {
  readonly adapter: ProviderAdapter;
  readonly watch: BodyWatch;
  readonly clock: Clock;
  readonly answers: boolean;
  readonly times: BodyTimes;
  /** Undefined without limits, and, if only the whole body is timed, during the turn in which it arrived. */
  timer: BodyTimer | undefined;
  /** Ignored until the turn after the body arrived. */
  touchedAt = 0;
  reading = false;
  watched: OpenBody['watched'];
  /** The response that replaced this one. */
  replacedBy: Response | undefined;
  /** Undefined once the body has ended well. */
  #hooks: BodyHooks | undefined;
  /**
   * Aborted when the application abandons the response. Held only during the turn in which the response arrived: openai
   * 7 attaches a stream's reader to it, and when that reader is dropped, both must be collectable.
   */
  #signal: AbortSignal | undefined;
  #weakSignal: WeakRef<AbortSignal> | undefined;
  readonly #cancelled: (() => BodyEnd) | undefined;
  #timeUp: TimeUp | Late | undefined;
  /** Ends the pending read. */
  #interrupt: ((reason: TimeUp | Late) => void) | undefined;
  #taken = false;
  #ended = false;
  /** Set while another attempt may replace it. */
  #leaving: AbortController | undefined;
  /** The reader's error, if the body ended between two reads. */
  #shown: unknown;

  /** `cancelled` decides how an abandoned body ends; a stream's first content and its silences are timed. */
  constructor(hooks: BodyHooks, signal: AbortSignal | undefined, stream?: { readonly cancelled: () => BodyEnd }) {
    this.#hooks = hooks;
    this.#signal = signal;
    this.adapter = hooks.adapter;
    this.watch = hooks.watch;
    this.clock = hooks.clock;
    this.answers = hooks.answers;
    this.#cancelled = stream?.cancelled;
    const { times } = hooks;
    this.times = stream || times === ANY_TIME ? times : { ...times, firstContentAt: Infinity, stallMs: Infinity };
    const { deadlineAt, firstContentAt, stallMs } = this.times;
    if (Math.min(deadlineAt, firstContentAt, stallMs) < Infinity) this.timer = this.#startTimer();
  }

  #startTimer(): BodyTimer {
    return new BodyTimer(this.clock, this.times, (limit) => this.#expire(limit));
  }

  get taken(): boolean {
    return this.#taken;
  }

  /** Starts reading. False for a second reader: fetch rejects that one by itself. */
  take(): boolean {
    const first = !this.#taken;
    this.#taken = true;
    return first || this.#timeUp !== undefined;
  }

  listen(): void {
    this.touchedAt = this.clock.now();
    if (!this.timer && this.times.wholeAt < Infinity) {
      this.timer = this.#startTimer();
      if (this.#interrupt) this.timer.waits();
    }
    const signal = this.#signal;
    this.#signal = undefined;
    if (!signal) return;
    this.#weakSignal = new WeakRef(signal);
    if (signal.aborted) this.cancel();
    else signal.addEventListener('abort', this, ONCE);
  }

  touch(): void {
    this.touchedAt = this.clock.now();
    this.reading = false;
  }

  /** Whether its reads can time out. */
  get timed(): boolean {
    return this.#timeUp !== undefined || this.timer !== undefined || this.times.wholeAt < Infinity;
  }

  /** Waits for a read without a time limit. */
  follow<T>(read: Promise<T>): Promise<T> {
    this.reading = true;
    return read;
  }

  /** Waits for a read, at most until the body's time limit. */
  within<T>(read: () => Promise<T>): Promise<T> {
    this.reading = true;
    const timed = this.timer !== undefined || this.times.wholeAt < Infinity;
    if (!timed || this.#ended) return this.#timeUp ? Promise.reject(this.#timeUp) : read();
    return new Promise<T>((resolve, reject) => {
      this.#interrupt = reject;
      this.timer?.waits();
      read().then(
        (value) => {
          this.#arrived();
          resolve(value);
        },
        (error: unknown) => {
          this.#arrived();
          reject(error);
        },
      );
    });
  }

  #arrived(): void {
    this.#interrupt = undefined;
    this.timer?.arrived();
  }

  end(end: BodyEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.timer?.stop();
    this.watch.remove(this);
    this.#weakSignal?.deref()?.removeEventListener('abort', this);
    const hooks = this.#hooks;
    if (end.outcome === 'completed') {
      this.#hooks = undefined;
      this.#signal = undefined;
    }
    hooks?.onEnd(end);
  }

  /** The reader cancelled the body. */
  cancel(): void {
    this.end(this.#cancelled ? this.#cancelled() : { outcome: 'cancelled' });
    const givenUp = this.#givenUp;
    this.#leaving?.abort(givenUp?.aborted ? givenUp.reason : undefined);
  }

  /** Classifies a failed read; undefined if the application has abandoned the body. */
  failureOf(error: unknown): Failure | undefined {
    if (error instanceof Late) return classifyConnection(error, false);
    return this.#givenUp?.aborted ? undefined : classifyConnection(error, false);
  }

  /**
   * Another attempt's response in place of an undelivered body; undefined if there is none. `facts` is what
   * the body has revealed.
   */
  async replace(failure: Failure | undefined, facts?: Facts): Promise<Response | undefined> {
    if (!failure || !this.#hooks || this.#ended) return undefined;
    const leaving = (this.#leaving = new AbortController());
    let next: Replacement;
    try {
      next = await this.#hooks.replace(failure, this.#givenUp, leaving.signal);
    } catch (error) {
      this.end({ outcome: 'interrupted', failure, ...facts });
      throw error;
    } finally {
      this.#leaving = undefined;
    }
    if (this.#ended) {
      // Its reader is gone.
      if (next) void discardBody(next.response).catch(() => undefined);
      throw this.#shown ?? leaving.signal.reason;
    }
    if (!next) return undefined;
    this.replacedBy = next.response;
    this.end({ outcome: 'interrupted', failure, ...facts });
    return next.response;
  }

  /** Reading failed; `facts` is what the body had revealed. Returns the reader's error. */
  fail(error: unknown, known?: Failure, facts?: Facts): unknown {
    const failure = known ?? this.failureOf(error);
    const shown = error instanceof TimeUp ? this.#hooks?.timeUp(error) : error instanceof Late ? error.shown : error;
    this.#shown = shown;
    if (failure) this.end({ outcome: 'interrupted', failure, error: shown, ...facts });
    else this.cancel();
    return shown;
  }

  streamError(body: object): unknown {
    return this.#hooks?.streamError?.(body);
  }

  /** Called when the signal aborts. An object as listener avoids a closure per call. */
  handleEvent(): void {
    // The connection of a late body is closed by the same signal.
    if (!(this.#timeUp instanceof Late)) this.cancel();
  }

  get #givenUp(): AbortSignal | undefined {
    return this.#signal ?? this.#weakSignal?.deref();
  }

  #expire(limit: BodyLimit): void {
    if (limit === 'attempt') {
      const late = (this.#timeUp = new Late());
      late.shown = this.#hooks?.late?.();
    } else this.#timeUp = new TimeUp(limit);
    const interrupt = this.#interrupt;
    if (interrupt) {
      this.#arrived();
      interrupt(this.#timeUp);
    }
    // No read is pending: the next one gets the error.
    else this.fail(this.#timeUp);
  }
}
