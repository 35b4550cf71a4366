import { CircuitState, type IBreaker } from 'cockatiel';
import type { Clock } from '../core/clock.ts';
import type { ResolvedBreaker } from '../options/breaker-options.ts';
import type { InFlight } from './in-flight.ts';
import { SlidingWindow } from './sliding-window.ts';

/**
 * Minimum number of calls that must fail in a row: a single failing call is not an outage, however often it is retried.
 */
const CALLS_IN_A_ROW = 3;

/**
 * Detects that too large a share of the recent attempts failed. Unlike cockatiel's SamplingBreaker, its window ages
 * while the lane is idle, and attempts that end after the circuit has left `closed` cannot disturb a probe.
 */
export class FailureRatio implements IBreaker {
  /** Part of cockatiel's interface; used only by its serialisation. */
  state: unknown = undefined;
  readonly #threshold: number;
  readonly #minimumAttempts: number;
  readonly #window: SlidingWindow;
  readonly #inFlight: InFlight;
  readonly #circuitClosed: () => boolean;
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** When the earliest attempt with a recent failure was sent. */
  #failingSince = 0;
  #succeededFrom = -Infinity;
  /** Failures of attempts sent after the newest successful one, and the times of the first and the last of them. */
  #inARow = 0;
  #callsInARow = 0;
  #rowFrom = 0;
  #rowTo = 0;
  #tripped = false;

  constructor(options: ResolvedBreaker, clock: Clock, inFlight: InFlight, circuitClosed: () => boolean) {
    this.#threshold = options.threshold;
    this.#minimumAttempts = options.minimumAttempts;
    this.#window = new SlidingWindow(options.windowMs, clock);
    this.#windowMs = options.windowMs;
    this.#clock = clock;
    this.#inFlight = inFlight;
    this.#circuitClosed = circuitClosed;
  }

  /** A successful probe closes the circuit; earlier results no longer say anything about the provider. */
  success(at: CircuitState): void {
    if (at !== CircuitState.HalfOpen) return;
    this.#window.clear();
    this.#succeededFrom = this.#clock.now();
    this.#inARow = 0;
  }

  /** An attempt of the closed circuit, sent at `sentAt`, succeeded. */
  succeeded(sentAt: number): void {
    if (!this.#circuitClosed()) return;
    this.#window.addFirst();
    this.#succeededFrom = Math.max(this.#succeededFrom, sentAt);
    // A success sent before the current run of failures, such as a long answer, does not end it.
    if (sentAt >= this.#rowFrom) this.#inARow = 0;
  }

  failure(at: CircuitState): boolean {
    if (at !== CircuitState.Closed || !this.#circuitClosed()) return false;
    if (this.#window.second() === 0) this.#failingSince = this.#inFlight.failedFrom;
    this.#window.addSecond();
    if (this.#addToRow()) this.#callsInARow++;
    if (this.#tripped) {
      this.#tripped = false;
      return true;
    }
    const failures = this.#window.second();
    // A burst before an outage must not outweigh it: a run of nothing but failures is enough.
    return this.#tooMany(failures, failures + this.#window.first(), this.#failingSince) || this.#isRowLongEnough();
  }

  /**
   * A call failed again, which is not further evidence while other calls succeed. Returns whether that opens the
   * circuit.
   */
  failureAgain(): boolean {
    return this.#addToRow() && this.#isRowLongEnough();
  }

  /** A burst's faults may arrive after all of its answers, so only attempts sent after those count. */
  #addToRow(): boolean {
    const sentAt = this.#inFlight.failedFrom;
    if (sentAt <= this.#succeededFrom) return false;
    if (this.#inARow === 0 || sentAt - this.#rowTo > this.#windowMs) {
      this.#inARow = 0;
      this.#callsInARow = 0;
      this.#rowFrom = sentAt;
    }
    this.#rowTo = sentAt;
    this.#inARow++;
    return true;
  }

  #isRowLongEnough(): boolean {
    return this.#callsInARow >= CALLS_IN_A_ROW && this.#tooMany(this.#inARow, this.#inARow, this.#rowFrom);
  }

  #tooMany(failures: number, attempts: number, since: number): boolean {
    if (attempts < this.#minimumAttempts || failures / attempts < this.#threshold) return false;
    const enough = Math.floor(failures / this.#threshold) - attempts + 1;
    return this.#inFlight.outlasting(since, enough) < enough;
  }

  /** The next failure opens the circuit regardless of the share. */
  trip(): void {
    this.#tripped = true;
  }

  /** Removes a success that turned out to be a failure; the failure itself is reported separately. */
  takeBackSuccess(): void {
    this.#window.addFirst(-1);
  }
}
